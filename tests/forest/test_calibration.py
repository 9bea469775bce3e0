import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from steps.forest.calibration import calibration, expected_calibration_error


def test_bins_by_hand():
    # Ten rows of 0.6 of which six are right, ten of 0.9 of which five are.
    sure = np.repeat([0.6, 0.9], 10)
    codes = np.array([0] * 6 + [1] * 4 + [0] * 5 + [1] * 5)
    found = calibration(codes, np.column_stack([sure, 1 - sure]))
    pd.testing.assert_frame_equal(
        found, pd.DataFrame({"confidence": [0.6, 0.9], "accuracy": [0.6, 0.5], "rows": [10, 10]})
    )
    assert expected_calibration_error(found) == pytest.approx(0.2)


def test_rows_that_are_all_equally_sure_are_one_bin():
    found = calibration(np.array([0, 1, 1, 1]), np.full((4, 2), 0.5))
    assert found.to_dict("list") == {"confidence": [0.5], "accuracy": [0.25], "rows": [4]}


@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(1, 200), n_classes=st.integers(2, 5))
def test_every_row_is_in_a_bin_and_bins_are_scikit_learns(seed, n_rows, n_classes):
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, n_rows)
    probabilities = random.dirichlet(np.ones(n_classes), n_rows)
    found = calibration(codes, probabilities)
    assert found["rows"].sum() == n_rows
    assert 0 <= expected_calibration_error(found) <= 1
    right = probabilities.argmax(axis=1) == codes
    assert np.average(found["accuracy"], weights=found["rows"]) == pytest.approx(right.mean())
    if n_rows >= 20:
        accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=10, strategy="quantile")
        assert found["accuracy"].to_numpy() == pytest.approx(accuracy, abs=0.5)
        assert found["confidence"].to_numpy() == pytest.approx(confidence, abs=0.1)
