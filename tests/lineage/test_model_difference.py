"""Two models are compared by what they predict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from steps.lineage.model_difference import predictions
from steps.table.difference import table_differences

ROWS = pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) % 7})


def fitted(seed: int, labels: np.ndarray) -> RandomForestClassifier:
    return RandomForestClassifier(n_estimators=5, random_state=seed).fit(ROWS, labels)


@pytest.mark.parametrize("labels", [np.arange(40) % 3, (np.arange(40) % 3).astype(str), np.arange(40) % 3 == 0])
def test_equal_models_predict_the_same_and_others_do_not(labels: np.ndarray) -> None:
    first, same, other = (predictions(fitted(seed, labels), ROWS) for seed in (0, 0, 1))
    assert first.num_rows == 40
    assert first.column_names[0] == "class"
    assert list(table_differences(first, same)) == []
    assert [found for found in table_differences(first, other) if found.diverges]


def test_other_classes_are_another_model() -> None:
    labels = np.arange(40) % 3
    first, other = (predictions(fitted(0, each), ROWS) for each in (labels, labels + 1))
    (found,) = table_differences(first, other)
    assert found.diverges
