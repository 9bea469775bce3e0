"""Small tables, and pipelines fitted on them."""

import numpy as np
import pandas as pd

from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline, settings

TEXTS = ["a", "b", "c"] * 4
TEXTS_AND_MISSING = ["a", "b", None] * 4
DAYS = ["2024-02-29", "1999-12-31", None, "2024-03-03"] * 3
PARTS = [[2024, 2, 29, 3], [1999, 12, 31, 4], [2024, 3, 29, 4], [2024, 3, 3, 6]]
"""Year, month, day, weekday; a missing date's are the medians."""
NUMBERS = np.arange(12.0)
CODES = np.arange(12) % 3
MISSING = [None, np.nan, pd.NA]
BUILDERS = [forest_pipeline, kmeans_pipeline]


def fitted(build, rows, numeric=("x",), dates=(), categorical=("c",), max_categories=8, codes=CODES, **candidate):
    candidate = {"n_estimators": 5, **candidate}
    if build is kmeans_pipeline:
        candidate = {"n_clusters": 3, **candidate}
    unfitted = build(encoder(numeric, dates, categorical, max_categories), 0).set_params(**settings(candidate))
    return unfitted.fit(rows, codes)


def column(values, dtype=None):
    """A table of numbers `x` and the column `c`."""
    return pd.DataFrame({"x": NUMBERS[: len(values)], "c": pd.Series(values, dtype=dtype)})


def one_hot(pipeline, values, dtype=None):
    """What the encoder makes of the categorical column: for each row the position of its 1, or None."""
    encoded = pipeline["encode"].transform(column(values, dtype))[:, 1:]
    return [int(row.argmax()) if row.any() else None for row in encoded]
