import pytest

from steps.forest.verdict import decide

PLAIN = [0.80, 0.81, 0.79, 0.80, 0.82]
BETTER = [0.85, 0.86, 0.85, 0.84, 0.87]
BEST = [0.90, 0.91, 0.89, 0.90, 0.93]
WORSE = [0.75, 0.76, 0.73, 0.76, 0.77]
SIMILAR = [0.81, 0.80, 0.79, 0.82, 0.81]
HOLDOUT = {"train_rf": 0.7, "train_rf_kmeans": 0.65, "rf": 0.7, "kmeans": 0.65, "other": 0.6}


NEARLY = [0.801, 0.809, 0.79, 0.801, 0.82]


def verdict(min_probability=0.95, **scores):
    holdout = {name: HOLDOUT[name] for name in scores}
    return decide(scores, holdout, "accuracy", rope=0.01, min_probability=min_probability, n_rows=1000)


@pytest.mark.parametrize(
    ("challenger", "winner", "outcome", "sentence"),
    [
        (
            BETTER,
            "train_rf_kmeans",
            "k-means better",
            "k-means helps here: cross-validated accuracy 0.8540 against 0.8040, difference +0.0500, 95 % interval "
            "+0.0368 to +0.0632, P(k-means better) > 0.999, P(equivalent) < 0.001; on the holdout 0.6500 against "
            "0.7000.",
        ),
        (
            WORSE,
            "train_rf",
            "forest better",
            "k-means does harm here, the forest alone is better: cross-validated accuracy 0.7540 against 0.8040, "
            "difference -0.0500, 95 % interval -0.0632 to -0.0368, P(k-means better) < 0.001, P(equivalent) < 0.001; "
            "on the holdout 0.6500 against 0.7000.",
        ),
        (
            NEARLY,
            "train_rf",
            "practically equivalent",
            "k-means does not help here, so the simpler forest wins: cross-validated accuracy 0.8042 against 0.8040, "
            "difference +0.0002, 95 % interval -0.0014 to +0.0018, P(k-means better) < 0.001, P(equivalent) > 0.999; "
            "on the holdout 0.6500 against 0.7000.",
        ),
        (
            SIMILAR,
            "train_rf",
            "not decided",
            "Whether k-means helps here is not decided, so the simpler forest wins: cross-validated accuracy 0.8060 "
            "against 0.8040, difference +0.0020, 95 % interval -0.0223 to +0.0263, P(k-means better) = 0.206, "
            "P(equivalent) = 0.673; on the holdout 0.6500 against 0.7000.",
        ),
    ],
)
def test_winner_outcome_and_sentence(challenger, winner, outcome, sentence):
    found = verdict(train_rf=PLAIN, train_rf_kmeans=challenger)
    assert (found.winner, found.outcome, found.sentence) == (winner, outcome, sentence)


def test_how_probable_it_must_be_is_the_users_to_say():
    probability = verdict(train_rf=PLAIN, train_rf_kmeans=BETTER).comparisons["train_rf_kmeans"].better
    for asked, outcome in ((probability, "k-means better"), (probability + 1e-6, "not decided")):
        assert verdict(asked, train_rf=PLAIN, train_rf_kmeans=BETTER).outcome == outcome


def test_a_holdout_without_a_score_is_said():
    found = decide(
        {"rf": PLAIN, "kmeans": BETTER},
        {"rf": None, "kmeans": None},
        "roc_auc_ovr",
        rope=0.01,
        min_probability=0.95,
        n_rows=1000,
    )
    assert found.sentence.endswith("P(equivalent) < 0.001; the holdout lacks a class, so it has no roc_auc_ovr.")


def test_the_holdout_decides_nothing():
    first, second = (
        decide({"rf": PLAIN, "kmeans": BETTER}, holdout, "accuracy", rope=0.01, min_probability=0.95, n_rows=1000)
        for holdout in ({"rf": 1.0, "kmeans": 0.0}, {"rf": 0.0, "kmeans": 1.0})
    )
    assert first.winner == second.winner == "kmeans"
    assert first.comparisons == second.comparisons


@pytest.mark.parametrize(
    ("kmeans", "other", "winner", "outcome"),
    [
        (BETTER, BEST, "other", "other better"),
        (BEST, BETTER, "kmeans", "kmeans better"),
        (WORSE, BETTER, "other", "other better"),
        (WORSE, SIMILAR, "rf", "not decided"),
        (NEARLY, PLAIN, "rf", "practically equivalent"),
        (WORSE, WORSE, "rf", "rf better"),
    ],
)
def test_of_three_models_the_best_that_is_better_wins(kmeans, other, winner, outcome):
    found = verdict(rf=PLAIN, kmeans=kmeans, other=other)
    assert (found.winner, found.outcome) == (winner, outcome)
    assert list(found.comparisons) == ["kmeans", "other"]


def test_an_unsure_lead_does_not_hide_a_sure_one():
    lucky = [0.70, 1.00, 0.80, 0.95, 0.99]
    found = verdict(rf=PLAIN, kmeans=lucky, other=BETTER)
    assert found.comparisons["kmeans"].difference > found.comparisons["other"].difference
    assert found.winner == "other"


def test_greater_is_better_for_losses_too():
    scores = {"rf": [-0.9, -0.8, -0.9], "kmeans": [-0.1, -0.1, -0.1]}
    found = decide(scores, {"rf": -1, "kmeans": -2}, "neg_log_loss", rope=0.01, min_probability=0.95, n_rows=1000)
    assert found.winner == "kmeans"
    assert "neg_log_loss -0.1000 against -0.8667, difference +0.7667" in found.sentence
