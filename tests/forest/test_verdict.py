import pytest

from steps.forest.verdict import decide

PLAIN = [0.80, 0.81, 0.79, 0.80, 0.82]
BETTER = [0.85, 0.86, 0.85, 0.84, 0.87]
BEST = [0.90, 0.91, 0.89, 0.90, 0.93]
WORSE = [0.75, 0.76, 0.73, 0.76, 0.77]
SIMILAR = [0.81, 0.80, 0.79, 0.82, 0.81]
HOLDOUT = {"rf": 0.7, "kmeans": 0.65, "other": 0.6}


def verdict(**scores):
    return decide(scores, {name: HOLDOUT[name] for name in scores}, "accuracy")


@pytest.mark.parametrize(
    ("challenger", "winner", "sentence"),
    [
        (
            BETTER,
            "kmeans",
            "kmeans is better than rf and wins: cross-validated accuracy 0.8540 against 0.8040, difference +0.0500, "
            "95 % interval +0.0368 to +0.0632, p = 0.00046; on the holdout 0.6500 against 0.7000.",
        ),
        (
            WORSE,
            "rf",
            "kmeans is worse than rf, which wins: cross-validated accuracy 0.7540 against 0.8040, difference -0.0500, "
            "95 % interval -0.0632 to -0.0368, p = 0.00046; on the holdout 0.6500 against 0.7000.",
        ),
        (
            SIMILAR,
            "rf",
            "kmeans is not shown to differ from rf, so the simpler rf wins: cross-validated accuracy 0.8060 against "
            "0.8040, difference +0.0020, 95 % interval -0.0223 to +0.0263, p = 0.83; on the holdout 0.6500 against "
            "0.7000.",
        ),
        (
            PLAIN,
            "rf",
            "kmeans is not shown to differ from rf, so the simpler rf wins: cross-validated accuracy 0.8040 against "
            "0.8040, difference +0.0000, 95 % interval +0.0000 to +0.0000, p = 1; on the holdout 0.6500 against "
            "0.7000.",
        ),
    ],
)
def test_winner_and_sentence(challenger, winner, sentence):
    found = verdict(rf=PLAIN, kmeans=challenger)
    assert (found.winner, found.sentence) == (winner, sentence)


def test_a_holdout_without_a_score_is_said():
    found = decide({"rf": PLAIN, "kmeans": BETTER}, {"rf": None, "kmeans": None}, "roc_auc_ovr")
    assert found.sentence.endswith("p = 0.00046; the holdout lacks a class, so it has no roc_auc_ovr.")


def test_the_holdout_decides_nothing():
    first, second = (
        decide({"rf": PLAIN, "kmeans": BETTER}, holdout, "accuracy")
        for holdout in ({"rf": 1.0, "kmeans": 0.0}, {"rf": 0.0, "kmeans": 1.0})
    )
    assert first.winner == second.winner == "kmeans"
    assert first.comparisons == second.comparisons


@pytest.mark.parametrize(
    ("kmeans", "other", "winner", "opening"),
    [
        (BETTER, BEST, "other", "other is better than rf and wins: "),
        (BEST, BETTER, "kmeans", "kmeans is better than rf and wins: "),
        (WORSE, BETTER, "other", "other is better than rf and wins: "),
        (WORSE, SIMILAR, "rf", "other is not shown to differ from rf, so the simpler rf wins: "),
        (SIMILAR, PLAIN, "rf", "kmeans is not shown to differ from rf, so the simpler rf wins: "),
        (WORSE, WORSE, "rf", "kmeans is worse than rf, which wins: "),
    ],
)
def test_of_three_models_the_best_that_is_established_wins(kmeans, other, winner, opening):
    found = verdict(rf=PLAIN, kmeans=kmeans, other=other)
    assert found.winner == winner
    assert found.sentence.startswith(opening)
    assert list(found.comparisons) == ["kmeans", "other"]


def test_an_unsure_lead_does_not_hide_an_established_one():
    lucky = [0.70, 1.00, 0.80, 0.95, 0.99]
    found = verdict(rf=PLAIN, kmeans=lucky, other=BETTER)
    assert found.comparisons["kmeans"].difference > found.comparisons["other"].difference
    assert found.winner == "other"


def test_greater_is_better_for_losses_too():
    found = decide({"rf": [-0.9, -0.8, -0.9], "kmeans": [-0.1, -0.1, -0.1]}, {"rf": -1, "kmeans": -2}, "neg_log_loss")
    assert found.winner == "kmeans"
    assert "neg_log_loss -0.1000 against -0.8667, difference +0.7667" in found.sentence
