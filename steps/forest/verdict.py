"""Which model wins, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from steps.forest.compare import Comparison, compare_folds


@dataclass(frozen=True)
class Verdict:
    """The winner's name, the sentence a person would write, and each challenger's comparison with the first model."""

    winner: str
    sentence: str
    comparisons: dict[str, Comparison]


def decide(
    fold_scores: Mapping[str, Sequence[float]], holdout_scores: Mapping[str, float | None], scoring: str
) -> Verdict:
    """Choose the winner on cross-validation.

    Each model's scores are those of its best candidate on the folds that chose it. A larger grid has more candidates
    to choose from, which favours it somewhat; the p-value does not know.

    Parameters
    ----------
    fold_scores
        For each model its scores in the same folds, greater being better; the first is the plain model, which wins
        unless a challenger's advantage over it is established.
    holdout_scores
        For each model its score on the holdout, None where it has none; reported, not decided on.
    scoring
        The score's name.
    """
    baseline, *challengers = fold_scores
    comparisons = {name: compare_folds(fold_scores[baseline], fold_scores[name]) for name in challengers}
    better = [name for name, found in comparisons.items() if found.established and found.difference > 0]
    winner = max(better, key=lambda name: comparisons[name].difference, default=baseline)
    shown = winner if better else max(challengers, key=lambda name: comparisons[name].difference)
    return Verdict(
        winner, _sentence(baseline, shown, comparisons[shown], fold_scores, holdout_scores, scoring), comparisons
    )


def _sentence(
    baseline: str,
    challenger: str,
    comparison: Comparison,
    fold_scores: Mapping[str, Sequence[float]],
    holdout_scores: Mapping[str, float | None],
    scoring: str,
) -> str:
    if not comparison.established:
        opening = f"{challenger} is not shown to differ from {baseline}, so the simpler {baseline} wins"
    elif comparison.difference > 0:
        opening = f"{challenger} is better than {baseline} and wins"
    else:
        opening = f"{challenger} is worse than {baseline}, which wins"
    holdout = [holdout_scores[name] for name in (challenger, baseline)]
    closing = (
        f"the holdout lacks a class, so it has no {scoring}"
        if None in holdout
        else "on the holdout {:.4f} against {:.4f}".format(*holdout)
    )
    return (
        f"{opening}: cross-validated {scoring} {np.mean(fold_scores[challenger]):.4f} against "
        f"{np.mean(fold_scores[baseline]):.4f}, difference {comparison.difference:+.4f}, 95 % interval "
        f"{comparison.low:+.4f} to {comparison.high:+.4f}, p = {comparison.p_value:.2g}; {closing}."
    )
