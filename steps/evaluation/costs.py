"""What the models cost, which differs from run to run and so is no part of the verdict."""

from __future__ import annotations

from typing import Any

from steps.evaluation.contestants import Contestant
from steps.forest.ablation import Variant


def variant_seconds(contestants: list[Contestant], variants: list[Variant]) -> list[dict[str, float | None]]:
    """Return for each variant of the ablation `fit_seconds` and `score_seconds`, means over the folds.

    They are those that the candidate would take by itself, on the rows that it was scored on; None where the model's
    trainer did not say.
    """
    of_model = {contestant.name: contestant for contestant in contestants}
    return [of_model[variant.model].seconds(variant.row) for variant in variants]


def cost_sentence(contestants: list[Contestant], comparisons: dict[str, dict[str, Any]]) -> str:
    """Return what each challenger costs in relation to the plain model, and what it gives for that.

    The seconds to fit were measured when each model was fitted, which may have been on different days or machines.
    """
    plain, *challengers = contestants
    sentences = []
    for challenger in challengers:
        ratios = [
            f"{challenger.cost[figure] / plain.cost[figure]:.2f} times {spoken}"
            for figure, spoken in (
                ("fit_seconds", "the time to fit (as measured when fitted)"),
                ("predict_seconds", "the time to predict"),
                ("model_bytes", "the size"),
            )
            if challenger.cost[figure] and plain.cost[figure]
        ]
        difference = comparisons[challenger.name]["difference"]
        sentences.append(
            f"{challenger.name} costs {', '.join(ratios)} of {plain.name}, "
            f"for a score that differs by {difference:+.4f}."
        )
    return " ".join(sentences)
