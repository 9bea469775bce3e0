"""What `verdict.json` says."""

from __future__ import annotations

from typing import Any

from steps.evaluation import holdout
from steps.evaluation.contestants import Contestant
from steps.evaluation.parts import Parts
from steps.forest.ablation import Variant
from steps.forest.calibration import calibration
from steps.forest.slices import worst_first
from steps.forest.verdict import Verdict
from steps.lineage.artifacts import Artifact
from steps.report.data_card import sampled
from steps.table.schema import Schema


def content_of(
    data: Artifact,
    contestants: list[Contestant],
    verdict: Verdict,
    *,
    metrics: dict[str, dict[str, float | None]],
    parts: Parts,
    variants: list[Variant],
) -> dict[str, Any]:
    """Return the verdict with all that speaks for it; equal inputs give equal content.

    Parameters
    ----------
    data
        The split.
    contestants
        The models, the plain one first.
    verdict
        What came of their comparison.
    metrics
        For each model those of the holdout.
    parts
        Of the holdout.
    variants
        The ablation.
    """
    drawn = holdout.bootstraps(contestants)
    sample = data.manifest.get("sample")
    return {
        "winner": verdict.winner,
        "outcome": verdict.outcome,
        "sentence": f"{verdict.sentence} {sampled(sample)}" if sample else verdict.sentence,
        "scoring": contestants[0].found["scoring"],
        "target": Schema.from_dict(data.manifest["schema"]).target,
        "comparisons": {
            c.name: {
                **verdict.comparisons[c.name].to_dict(),
                "holdout": holdout.comparison(drawn, contestants[0], c),
            }
            for c in contestants[1:]
        },
        "models": {
            c.name: {
                "best": c.found["best"],
                "candidates": c.found["candidates"],
                "cv_mean": c.found["mean_score"],
                "cv_std": c.found["std_score"],
                "fold_scores": c.found["fold_scores"],
                "holdout": metrics[c.name],
                "holdout_intervals": holdout.intervals(drawn, c.name),
                "calibration": calibration(c.codes, c.probabilities).to_dict("list"),
            }
            for c in contestants
        },
        "ablation": [variant.to_dict() for variant in variants],
        "classes": [part.to_dict() for part in worst_first(parts.classes, verdict.winner)],
        "slices": [part.to_dict() for part in worst_first(parts.slices, verdict.winner)],
        "small_slices": [part.to_dict() for part in parts.small],
        "data_fingerprint": data.manifest["data_fingerprint"],
        "sample": sample,
        "rows": {name: about["rows"] for name, about in data.manifest["files"].items() if "rows" in about},
    }
