import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import balanced_accuracy_score
from statsmodels.stats.contingency_tables import mcnemar

from steps.forest import holdout
from steps.forest.holdout import bootstrap, disagreement


def predictions(seed, n_rows=300, n_classes=3, better=0.2):
    """Codes, and probabilities of two models: the second one's are better."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, n_classes, n_rows)
    truth = np.eye(n_classes)[codes]
    plain, other = (
        share * truth + (1 - share) * random.dirichlet(np.ones(n_classes), n_rows) for share in (0.2, 0.2 + better)
    )
    return codes, {"train_rf": plain, "train_rf_kmeans": other}


def test_equals_scipys_paired_bootstrap_but_for_chance():
    codes, probabilities = predictions(0)
    found = bootstrap(["balanced_accuracy"], codes, probabilities, seed=0)["balanced_accuracy"]
    plain, other = (each.argmax(axis=1) for each in probabilities.values())

    def difference(codes, plain, other):
        return balanced_accuracy_score(codes, other) - balanced_accuracy_score(codes, plain)

    expected = stats.bootstrap(
        (codes, plain, other),
        difference,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = expected.high - expected.low
    assert found.differences["train_rf_kmeans"] == pytest.approx(tuple(expected), abs=0.1 * width)


def test_the_interval_of_a_share_is_the_binomial_one():
    codes = np.array([0] * 50 + [1] * 50)
    probabilities = np.eye(2)[np.array([0] * 45 + [1] * 55)]  # 95 of 100 are right
    found = bootstrap(["accuracy"], codes, {"train_rf": probabilities}, seed=0)["accuracy"]
    assert found.scores["train_rf"] == pytest.approx(stats.binom.ppf([0.025, 0.975], 100, 0.95) / 100, abs=0.011)
    assert found.differences == {}


@given(st.integers(0, 2**32 - 1))
def test_a_model_does_not_differ_from_itself(seed):
    codes, probabilities = predictions(seed, n_rows=20)
    same = dict.fromkeys(("train_rf", "train_rf_kmeans"), probabilities["train_rf"])
    found = bootstrap(["f1_macro"], codes, same, seed=seed)["f1_macro"]
    assert found.differences["train_rf_kmeans"] == (0, 0)
    assert found.scores["train_rf"] == found.scores["train_rf_kmeans"]


def test_the_seed_decides_and_not_how_many_are_drawn_at_once(monkeypatch):
    codes, probabilities = predictions(0)
    first = bootstrap(["accuracy"], codes, probabilities, seed=7)["accuracy"]
    assert bootstrap(["accuracy"], codes, probabilities, seed=8)["accuracy"] != first
    monkeypatch.setattr(holdout, "_MOST_WEIGHTS", 1000)
    assert bootstrap(["accuracy"], codes, probabilities, seed=7)["accuracy"] == first


def test_a_score_that_is_not_defined_has_no_interval():
    codes = np.zeros(30, dtype=np.int64)
    probabilities = np.full((30, 2), 0.5)
    found = bootstrap(["roc_auc"], codes, {"train_rf": probabilities, "other": probabilities}, seed=0)["roc_auc"]
    assert found.scores == {"train_rf": None, "other": None}
    assert found.differences == {"other": None}


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    # The scores of two models on all that there is, against intervals from samples of it.
    codes, probabilities = predictions(0, n_rows=200_000)
    right = {name: predicted.argmax(axis=1) == codes for name, predicted in probabilities.items()}
    truth = right["train_rf_kmeans"].mean() - right["train_rf"].mean()
    random = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        rows = random.integers(0, len(codes), 200)
        sample = {name: predicted[rows] for name, predicted in probabilities.items()}
        low, high = bootstrap(["accuracy"], codes[rows], sample, seed)["accuracy"].differences["train_rf_kmeans"]
        held += low <= truth <= high
    assert 0.90 * 200 <= held <= 0.99 * 200


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_disagreement_equals_statsmodels_exact_test(rows):
    codes, baseline, challenger = np.array(rows).T
    found = disagreement(codes, baseline, challenger)
    right, right_too = baseline == codes, challenger == codes
    table = [[np.sum(a & b) for b in (right_too, ~right_too)] for a in (right, ~right)]
    assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)
    assert (found.only_baseline, found.only_challenger) == (table[0][1], table[1][0])


def test_all_scores_see_the_same_draws_asked_together_or_alone():
    codes, probabilities = predictions(3, n_rows=50)
    scorings = ["accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr"]
    together = bootstrap(scorings, codes, probabilities, seed=1)
    assert together == {name: bootstrap([name], codes, probabilities, seed=1)[name] for name in scorings}
