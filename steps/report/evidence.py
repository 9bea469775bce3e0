"""What speaks for and against a verdict: what clustering adds, what it costs, and where the models are weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steps.report.card import interval
from steps.report.markdown import number
from steps.report.page import Cell, Part, Table

_MOST_SLICES = 20

Costs = Mapping[str, Mapping[str, float | None]]
"""For each model `fit_seconds`, `predict_seconds` of 1,000 rows, and `model_bytes`; None where it is not known."""


def ablation(variants: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Return a table of the best candidate of each kind of cluster features, compared with the first one."""
    rows: list[list[str | Cell]] = []
    for variant in variants:
        found = variant["comparison"]
        compared: list[str | Cell] = ["–"] * 4
        if found:
            compared = [Cell(number(found["difference"]), interval((found["low"], found["high"])))]
            compared += [number(found[outcome]) for outcome in ("better", "equivalent", "worse")]
        name = Cell(variant["model"], f"with {variant['features']}" if variant["features"] else "")
        rows.append([name, f"{variant['candidates']:,}", number(variant["score"]), *compared])
    head = ["model", "candidates", "score", "difference", "P(better)", "P(equivalent)", "P(worse)"]
    return [
        "The best candidate of each kind of cluster features, in the folds, against the first row.",
        Table(head, rows, numbers=True),
    ]


def costs(models: Costs) -> list[Part]:
    """Return a table of what each model takes."""
    megabytes = [None if cost["model_bytes"] is None else cost["model_bytes"] / 1e6 for cost in models.values()]
    rows = [
        ["seconds to fit the training rows of a fold", *(_rounded(cost["fit_seconds"]) for cost in models.values())],
        ["seconds to predict 1,000 rows", *(_rounded(cost["predict_seconds"]) for cost in models.values())],
        ["size of the model, MB", *map(_rounded, megabytes)],
    ]
    return [Table(["cost", *models], rows, numbers=True)]


def slices(found: Sequence[Mapping[str, Any]], scoring: str) -> list[Part]:
    """Return a table of the parts of the holdout, those first where the winner is worst."""
    if not found:
        return ["No part of the holdout has rows enough for a score of its own."]
    shown = [
        [f"{part['column']} = {part['value']}", f"{part['rows']:,}", *map(number, part["scores"].values())]
        for part in found[:_MOST_SLICES]
    ]
    more = len(found) - len(shown)
    caption = f"The {len(shown)} worst; slices.csv has {more:,} more" if more else ""
    return [
        f"Parts of the holdout, the winner's worst first: the rows of each class, whose score is its recall, and those "
        f"with each value of a column in slices, whose score is {scoring}.",
        Table(["rows with", "rows", *found[0]["scores"]], shown, caption, numbers=True),
    ]


def _rounded(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
