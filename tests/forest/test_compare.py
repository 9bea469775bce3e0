import math

import baycomp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from steps.forest.compare import compare_folds

SCORES = st.floats(-10, 10).map(lambda score: round(score, 3))
PAIRS = st.lists(st.tuples(SCORES, SCORES), min_size=2, max_size=10)
ROPES = st.floats(0.001, 2)


def compare(baseline, challenger, rope=0.01, n_rows=1000):
    return compare_folds(baseline, challenger, rope=rope, n_rows=n_rows)


def test_a_hand_computed_example():
    # Differences 1, 2, 3, 4: mean 2.5, variance 5/3, error sqrt((1/4 + 1/3) * 5/3) = sqrt(35/36), 3 degrees of freedom.
    found = compare([0, 0, 0, 0], [1, 2, 3, 4])
    error = math.sqrt(35 / 36)
    assert found.difference == 2.5
    # Student's distribution with 3 degrees of freedom has a closed form.
    t = 2.5 / error / math.sqrt(3)
    assert found.p_value == pytest.approx(1 - 2 / math.pi * (math.atan(t) + t / (1 + t**2)))
    assert (found.low, found.high) == pytest.approx((2.5 - 3.1824463 * error, 2.5 + 3.1824463 * error))


def student4(t):
    """Student's distribution function with 4 degrees of freedom, which has a closed form."""
    return 0.5 + 3 / 8 * t / math.sqrt(1 + t**2 / 4) * (1 - t**2 / (1 + t**2 / 4) / 12)


def test_an_advantage_in_every_fold():
    found = compare([0.80, 0.81, 0.79, 0.80, 0.82], [0.85, 0.86, 0.85, 0.84, 0.87])
    error = math.sqrt(0.45 * 0.00005)
    assert found.to_dict() == {
        "difference": pytest.approx(0.05),
        "low": pytest.approx(0.05 - 2.7764451 * error),
        "high": pytest.approx(0.05 + 2.7764451 * error),
        "p_value": pytest.approx(2 * student4(-0.05 / error)),
        "better": pytest.approx(student4(0.04 / error)),
        "equivalent": pytest.approx(student4(-0.04 / error) - student4(-0.06 / error)),
        "worse": pytest.approx(student4(-0.06 / error)),
    }


@given(PAIRS, ROPES)
def test_equals_baycomps_correlated_t_test(pairs, rope):
    baseline, challenger = np.array(pairs).T
    if np.ptp(challenger - baseline) < 1e-9:
        return
    found = compare(baseline, challenger, rope)
    expected = baycomp.two_on_single(baseline, challenger, rope)
    assert (found.worse, found.equivalent, found.better) == pytest.approx(expected, abs=1e-9)


@given(PAIRS)
def test_equals_scipys_t_test_with_the_corrected_error(pairs):
    baseline, challenger = np.array(pairs).T
    found = compare(baseline, challenger)
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
    there, back = compare(baseline, challenger), compare(challenger, baseline)
    assert (back.difference, back.low, back.high) == (-there.difference, -there.high, -there.low)
    assert back.p_value == there.p_value
    assert (back.worse, back.equivalent, back.better) == pytest.approx(
        (there.better, there.equivalent, there.worse), abs=1e-12
    )


@given(PAIRS, ROPES)
def test_what_holds_for_any_scores(pairs, rope):
    found = compare(*zip(*pairs, strict=True), rope)
    assert 0 <= found.p_value <= 1
    assert found.low <= found.difference <= found.high
    assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
    assert min(found.better, found.equivalent, found.worse) >= 0
    assert found.better + found.equivalent + found.worse == pytest.approx(1)


@given(st.lists(SCORES, min_size=2, max_size=10))
def test_equal_scores_do_not_differ(scores):
    found = compare(scores, scores)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("n_rows", "rope", "equivalent"),
    [(298, 0.01, 1 - 0.99**298), (20, 0.01, 1 - 0.99**20), (20, 0.0, 0.0), (20, 1.0, 1.0)],
)
def test_equal_scores_are_equivalent_as_far_as_so_many_rows_can_tell(n_rows, rope, equivalent):
    found = compare([0.5, 0.75], [0.5, 0.75], rope, n_rows)
    assert found.equivalent == pytest.approx(equivalent)
    assert found.better == found.worse == pytest.approx((1 - equivalent) / 2)


@pytest.mark.parametrize("baseline", [0.8, 0.9, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_same_difference_at_the_edge_of_the_rope_is_on_neither_side(baseline, sign):
    # 0.91 - 0.9 is above 0.01, as floats, and 0.81 - 0.8 is not.
    found = compare([baseline] * 5, [round(baseline + sign * 0.01, 2)] * 5)
    assert max(found.better, found.equivalent, found.worse) == pytest.approx(0.5)
    just_above = compare([baseline] * 5, [baseline + sign * 0.0101] * 5)
    assert just_above.equivalent == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("sign", "low", "high"), [(1, 0.0, 0.25), (-1, -0.25, 0.0)])
def test_the_same_difference_in_two_folds_says_little(sign, low, high):
    found = compare([0.5, 0.25], [0.5 + sign * 0.25, 0.25 + sign * 0.25])
    assert (found.difference, found.low, found.high, found.p_value) == (sign * 0.25, low, high, 0.5)
    assert (found.better if sign > 0 else found.worse) == 0.75
    assert found.equivalent == 0.25


def test_the_same_difference_in_six_folds_is_established_by_the_sign_test():
    found = compare([0.5] * 6, [0.25] * 6)
    assert (found.low, found.high, found.p_value, found.worse) == (-0.25, -0.25, 2 * 0.5**6, 1 - 0.5**6)


def test_rounding_is_no_difference():
    assert compare([0.5] * 9, [0.5 + 1e-16] * 9).p_value == 1


@pytest.mark.parametrize(("baseline", "challenger"), [([0.5], [0.6]), ([], []), ([0.1, 0.2], [0.1, 0.2, 0.3])])
def test_folds_that_cannot_be_compared(baseline, challenger):
    expected = f"Got scores of {len(baseline)} and {len(challenger)} folds, expected the same number, at least 2."
    with pytest.raises(ValueError, match=f"^{expected}$"):
        compare(baseline, challenger)


def test_a_fold_without_a_score_cannot_be_compared():
    with pytest.raises(ValueError, match=r"^Got a fold without a score, expected one in each"):
        compare([0.5, math.nan], [0.5, 0.5])


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


def test_where_there_is_no_difference_few_are_significant():
    # Two features that tell as much of the class: no model is better, whatever the folds of one table say.
    random = np.random.default_rng(0)
    corrected = 0
    for _ in range(300):
        is_positive = random.random(100) < 0.5
        folds = np.array_split(random.permutation(100), 5)
        first, second = (fold_accuracies(random.normal(is_positive), is_positive, folds) for _ in range(2))
        corrected += compare(first, second).p_value < 0.05
    assert corrected <= 0.07 * 300


def test_correlated_folds_are_significant_at_the_nominal_rate_not_above_as_by_the_plain_test():
    # Nadeau and Bengio's model: the differences of k folds correlate by the share of validation rows, 1/k.
    random = np.random.default_rng(0)
    k = 5
    common, own = random.normal(size=(300, 1)), random.normal(size=(300, k))
    differences = math.sqrt(1 / k) * common + math.sqrt(1 - 1 / k) * own
    corrected = sum(compare(np.zeros(k), row).p_value < 0.05 for row in differences)
    plain = sum(stats.ttest_1samp(row, 0).pvalue < 0.05 for row in differences)
    assert 0.02 * 300 <= corrected <= 0.07 * 300
    assert plain > 0.1 * 300
