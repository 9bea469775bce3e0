import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from steps.forest.compare import compare_folds

SCORES = st.floats(-10, 10).map(lambda score: round(score, 3))
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=10)


def test_a_hand_computed_example():
    # Differences 1, 2, 3, 4: mean 2.5, variance 5/3, error sqrt((1/4 + 1/3) * 5/3) = sqrt(35/36), 3 degrees of freedom.
    found = compare_folds([0, 0, 0, 0], [1, 2, 3, 4])
    error = math.sqrt(35 / 36)
    assert found.difference == 2.5
    # Student's distribution with 3 degrees of freedom has a closed form.
    t = 2.5 / error / math.sqrt(3)
    assert found.p_value == pytest.approx(1 - 2 / math.pi * (math.atan(t) + t / (1 + t**2)))
    assert (found.low, found.high) == pytest.approx((2.5 - 3.1824463 * error, 2.5 + 3.1824463 * error))
    assert not found.established


def test_an_advantage_in_every_fold_is_established():
    found = compare_folds([0.80, 0.81, 0.79, 0.80, 0.82], [0.85, 0.86, 0.85, 0.84, 0.87])
    assert found.to_dict() == {
        "difference": pytest.approx(0.05),
        "low": pytest.approx(0.05 - 2.7764451 * math.sqrt(0.45 * 0.00005)),
        "high": pytest.approx(0.05 + 2.7764451 * math.sqrt(0.45 * 0.00005)),
        "p_value": pytest.approx(0.000458, abs=1e-6),
        "established": True,
    }


@given(PAIRS)
def test_equals_scipys_t_test_with_the_corrected_error(pairs):
    baseline, challenger = np.array(pairs).T
    found = compare_folds(baseline, challenger)
    differences, k = challenger - baseline, len(pairs)
    if np.ptp(differences) < 1e-9:
        return
    # The plain test's statistic divides by sqrt(variance / k); the corrected one by sqrt((1/k + 1/(k-1)) * variance).
    statistic = stats.ttest_rel(challenger, baseline).statistic * math.sqrt((1 / k) / (1 / k + 1 / (k - 1)))
    interval = stats.t.interval(0.95, k - 1, differences.mean(), stats.sem(differences) * math.sqrt(1 + k / (k - 1)))
    assert found.p_value == pytest.approx(2 * stats.t.cdf(-abs(statistic), k - 1), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(interval, abs=1e-9)


@given(PAIRS)
def test_swapping_the_models_turns_the_sign_only(pairs):
    baseline, challenger = zip(*pairs, strict=True)
    there, back = compare_folds(baseline, challenger), compare_folds(challenger, baseline)
    assert (back.difference, back.low, back.high) == (-there.difference, -there.high, -there.low)
    assert back.p_value == there.p_value


@given(PAIRS)
def test_established_if_zero_is_outside_the_interval(pairs):
    found = compare_folds(*zip(*pairs, strict=True))
    assert 0 <= found.p_value <= 1
    assert found.low <= found.difference <= found.high
    assert found.established == (found.low > 0 or found.high < 0)


@given(st.lists(SCORES, min_size=2, max_size=10))
def test_equal_scores_do_not_differ(scores):
    found = compare_folds(scores, scores)
    assert (found.difference, found.low, found.high, found.p_value, found.established) == (0, 0, 0, 1, False)


def test_the_same_difference_in_two_folds_says_little():
    assert compare_folds([0.5, 0.25], [0.75, 0.5]).to_dict() == {
        "difference": 0.25,
        "low": 0.0,
        "high": 0.25,
        "p_value": 0.5,
        "established": False,
    }


def test_the_same_difference_in_six_folds_is_established_by_the_sign_test():
    found = compare_folds([0.5] * 6, [0.25] * 6)
    assert (found.low, found.high, found.p_value, found.established) == (-0.25, -0.25, 2 * 0.5**6, True)


def test_rounding_is_no_difference():
    assert not compare_folds([0.5] * 9, [0.5 + 1e-16] * 9).established


@pytest.mark.parametrize(("baseline", "challenger"), [([0.5], [0.6]), ([], []), ([0.1, 0.2], [0.1, 0.2, 0.3])])
def test_folds_that_cannot_be_compared(baseline, challenger):
    expected = f"Got scores of {len(baseline)} and {len(challenger)} folds, expected the same number, at least 2."
    with pytest.raises(ValueError, match=f"^{expected}$"):
        compare_folds(baseline, challenger)


def fold_accuracies(feature, is_positive, folds):
    """A classifier that cuts midway between the two classes' means."""
    scores = []
    for validation in folds:
        train = np.ones(len(feature), dtype=bool)
        train[validation] = False
        low, high = feature[train & ~is_positive].mean(), feature[train & is_positive].mean()
        predicted = (feature[validation] > (low + high) / 2) == (high > low)
        scores.append(np.mean(predicted == is_positive[validation]))
    return scores


def test_where_there_is_no_difference_few_are_established():
    # Two features that tell as much of the class: no model is better, whatever the folds of one table say.
    random = np.random.default_rng(0)
    corrected = 0
    for _ in range(300):
        is_positive = random.random(100) < 0.5
        folds = np.array_split(random.permutation(100), 5)
        first, second = (fold_accuracies(random.normal(is_positive), is_positive, folds) for _ in range(2))
        corrected += compare_folds(first, second).established
    assert corrected <= 0.07 * 300


def test_correlated_folds_are_established_at_the_nominal_rate_not_above_as_by_the_plain_test():
    # Nadeau and Bengio's model: the differences of k folds correlate by the share of validation rows, 1/k.
    random = np.random.default_rng(0)
    k = 5
    common, own = random.normal(size=(300, 1)), random.normal(size=(300, k))
    differences = math.sqrt(1 / k) * common + math.sqrt(1 - 1 / k) * own
    corrected = sum(compare_folds(np.zeros(k), row).established for row in differences)
    plain = sum(stats.ttest_1samp(row, 0).pvalue < 0.05 for row in differences)
    assert 0.02 * 300 <= corrected <= 0.07 * 300
    assert plain > 0.1 * 300
