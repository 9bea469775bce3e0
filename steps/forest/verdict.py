"""Which model wins, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from steps.forest.compare import Comparison, compare_folds

_SPOKEN = {"train_rf": "forest", "train_rf_kmeans": "k-means"}


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison.

    Attributes
    ----------
    winner
        The step's name of the model that is chosen.
    outcome
        `<model> better`, `practically equivalent` or `not decided`.
    sentence
        What a person would write.
    comparisons
        Each challenger's comparison with the first model, by the step's name.
    """

    winner: str
    outcome: str
    sentence: str
    comparisons: dict[str, Comparison]


def decide(
    fold_scores: Mapping[str, Sequence[float]],
    holdout_scores: Mapping[str, float | None],
    scoring: str,
    *,
    rope: float,
    min_probability: float,
    n_rows: int,
) -> Verdict:
    """Choose the winner on cross-validation.

    Each model's scores are those of its best candidate on the folds that chose it. A larger grid has more candidates
    to choose from, which favours it somewhat; the probabilities do not know.

    Parameters
    ----------
    fold_scores
        For each model its scores in the same folds, greater being better; the first is the plain model, which wins
        unless a challenger is better.
    holdout_scores
        For each model its score on the holdout, None where it has none; reported, not decided on.
    scoring
        The score's name.
    rope, n_rows
        See `compare_folds`.
    min_probability
        That of the one outcome (better, equivalent, worse) which is to be said; if none has it, it is not decided.
    """
    baseline, *challengers = fold_scores
    comparisons = {
        name: compare_folds(fold_scores[baseline], fold_scores[name], rope=rope, n_rows=n_rows) for name in challengers
    }
    better = [name for name in challengers if comparisons[name].better >= min_probability]
    winner = max(better, key=lambda name: comparisons[name].difference, default=baseline)
    shown = winner if better else max(challengers, key=lambda name: comparisons[name].difference)
    outcome, opening = _outcome(baseline, shown, comparisons[shown], min_probability)
    means = [float(np.mean(fold_scores[name])) for name in (shown, baseline)]
    closing = _closing([holdout_scores[name] for name in (shown, baseline)], scoring)
    return Verdict(
        winner, outcome, f"{opening}: {_evidence(shown, comparisons[shown], means, scoring)}; {closing}.", comparisons
    )


def _spoken(step: str) -> str:
    return _SPOKEN.get(step, step)


def _outcome(baseline: str, challenger: str, found: Comparison, min_probability: float) -> tuple[str, str]:
    plain, other = _spoken(baseline), _spoken(challenger)
    if found.better >= min_probability:
        return f"{other} better", f"{other} helps here"
    if found.worse >= min_probability:
        return f"{plain} better", f"{other} does harm here, the {plain} alone is better"
    if found.equivalent >= min_probability:
        return "practically equivalent", f"{other} does not help here, so the simpler {plain} wins"
    return "not decided", f"Whether {other} helps here is not decided, so the simpler {plain} wins"


def _evidence(challenger: str, found: Comparison, means: Sequence[float], scoring: str) -> str:
    return (
        f"cross-validated {scoring} {means[0]:.4f} against {means[1]:.4f}, difference {found.difference:+.4f}, "
        f"95 % interval {found.low:+.4f} to {found.high:+.4f}, "
        f"P({_spoken(challenger)} better) {_probability(found.better)}, "
        f"P(equivalent) {_probability(found.equivalent)}"
    )


def _probability(value: float) -> str:
    if value > 0.999:
        return "> 0.999"
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _closing(holdout: Sequence[float | None], scoring: str) -> str:
    if None in holdout:
        return f"the holdout lacks a class, so it has no {scoring}"
    return "on the holdout {:.4f} against {:.4f}".format(*holdout)
