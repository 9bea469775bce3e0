"""Raw rows as numbers, by stock functions and scikit-learn classes that load anywhere.

A served model meets values in other types than it was trained on: a gap among integers, NA beside None, a date as text.
The first transformers of each branch bring them into one form.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

LARGEST = float(np.finfo(np.float32).max)
DATE_PARTS = ("year", "month", "day", "day_of_week")


def encoder(
    numeric: Sequence[str], dates: Sequence[str], categorical: Sequence[str], max_categories: int
) -> ColumnTransformer:
    """Return what turns raw rows into numbers: numbers, parts of dates, one column for each category.

    Missing numbers, and parts of missing dates, are the training rows' median. A missing category is a category of its
    own; the rarest beyond `max_categories`, and those never seen in training, share one column.
    """
    # The one-hot encoder tells None from NaN and refuses pd.NA; in a category of pandas they are one. pandas makes
    # categories of many columns only from an array; objects compare with those of any type seen in training.
    categories = Pipeline(
        [
            ("values", FunctionTransformer(np.asarray, kw_args={"dtype": "O"})),
            ("one_missing", FunctionTransformer(pd.DataFrame, kw_args={"dtype": "category"})),
            ("objects", FunctionTransformer(pd.DataFrame, kw_args={"dtype": "O"})),
            (
                "one_hot",
                OneHotEncoder(max_categories=max_categories, handle_unknown="infrequent_if_exist", sparse_output=False),
            ),
        ]
    )
    return ColumnTransformer(
        [
            ("numeric", _numbers(len(numeric)), list(numeric)),
            *((f"date_{position}", _date_parts(), name) for position, name in enumerate(dates)),
            ("categorical", categories, list(categorical)),
        ]
    )


def _median() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _numbers(columns: int) -> Pipeline:
    """Return what turns numbers of any type into floats, infinite ones being missing.

    None, NaN and pandas' NA are missing, whatever else is in the column. Only a flat array of pandas takes all of them.
    """
    nan = {"nan": np.nan, "posinf": np.nan, "neginf": np.nan}
    return Pipeline(
        [
            ("flat", FunctionTransformer(np.ravel)),
            ("nullable", FunctionTransformer(pd.array, kw_args={"dtype": "Float64"})),
            ("floats", FunctionTransformer(np.asarray, kw_args={"dtype": "float64"})),
            ("finite", FunctionTransformer(np.nan_to_num, kw_args=nan)),
            # A forest computes in float32 and refuses what is beyond.
            ("bounded", FunctionTransformer(np.clip, kw_args={"a_min": -LARGEST, "a_max": LARGEST})),
            ("rows", FunctionTransformer(np.reshape, kw_args={"shape": (-1, columns)})),
            ("missing", _median()),
        ]
    )


def _date_parts() -> Pipeline:
    """Return what turns one column of dates into year, month, day and day of the week (0 is Monday).

    A date may be a date, a moment or ISO 8601 text; moments with a time zone are read in UTC.
    """
    parts = [
        (
            part,
            Pipeline(
                [("of", FunctionTransformer(operator.attrgetter(part))), ("column", FunctionTransformer(pd.DataFrame))]
            ),
        )
        for part in DATE_PARTS
    ]
    return Pipeline(
        [
            ("parse", FunctionTransformer(pd.to_datetime, kw_args={"format": "ISO8601", "utc": True})),
            ("dates", FunctionTransformer(pd.DatetimeIndex)),
            ("parts", FeatureUnion(parts)),
            ("missing", _median()),
        ]
    )


def known_categories(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """Return the categories that each categorical column had in training, as texts, of a pipeline that begins so."""
    encode = pipeline.steps[0][1]
    (columns,) = (columns for name, _, columns in encode.transformers_ if name == "categorical")
    if not columns:
        return {}
    one_hot = encode.named_transformers_["categorical"].named_steps["one_hot"]
    return {
        column: frozenset(str(category) for category in categories if not pd.isna(category))
        for column, categories in zip(columns, one_hot.categories_, strict=True)
    }
