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


def test_rows_that_are_all_but_sure_do_not_hide_the_others():
    sure = np.array([0.65] * 9 + [1.0] * 91)
    codes = np.zeros(100, dtype=int)
    found = calibration(codes, np.column_stack([sure, 1 - sure]))
    assert found["rows"].tolist() == [9, 91]
    assert expected_calibration_error(found) == pytest.approx(0.09 * 0.35)


@given(seed=st.integers(0, 2**32 - 1), tens=st.integers(1, 20), n_classes=st.integers(2, 5))
def test_without_equals_the_bins_are_scikit_learns(seed, tens, n_classes):
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, 10 * tens)
    probabilities = random.dirichlet(np.ones(n_classes), 10 * tens)
    found = calibration(codes, probabilities)
    assert found["rows"].tolist() == [tens] * 10
    right = probabilities.argmax(axis=1) == codes
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=10, strategy="quantile")
    assert found["accuracy"].to_numpy() == pytest.approx(accuracy)
    assert found["confidence"].to_numpy() == pytest.approx(confidence)


@given(st.lists(st.sampled_from([0.5, 0.6, 0.8, 1.0]), min_size=1, max_size=50))
def test_every_row_is_in_one_bin_and_equals_share_it(sure):
    found = calibration(np.zeros(len(sure), dtype=int), np.column_stack([sure, 1 - np.array(sure)]))
    assert found["rows"].sum() == len(sure)
    assert len(found) <= len(set(sure))
    assert np.average(found["confidence"], weights=found["rows"]) == pytest.approx(np.mean(sure))
