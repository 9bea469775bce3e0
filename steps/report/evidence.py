"""What speaks for and against a verdict: what clustering adds, what it costs, and where the models are weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steps.forest.slices import LEAST_ROWS
from steps.report.card import interval, probability
from steps.report.markdown import number
from steps.report.page import Cell, Part, Table

_MOST_SLICES = 20
_MEASURED = (
    "The seconds to fit were measured when the candidate was fitted, which may have been on another day or machine; "
    "those to predict were measured now, the models in turns."
)

Costs = Mapping[str, Mapping[str, float | None]]
"""For each model `fit_seconds`, `predict_seconds` of 1,000 rows, and `model_bytes`; None where it is not known."""


Seconds = Mapping[str, float | None]
"""`fit_seconds` and `score_seconds` of a candidate, means over the folds; None where it is not known."""


def ablation(variants: Sequence[Mapping[str, Any]], seconds: Sequence[Seconds]) -> list[Part]:
    """Return a table of the best candidate of each kind of cluster features, compared with the first one.

    A kind that halving left before it came to all rows says so, and is not compared.

    Parameters
    ----------
    variants, seconds
        As evaluate writes them to verdict.json, and what each of them takes.
    """
    rows: list[list[str | Cell]] = []
    for variant, taken in zip(variants, seconds, strict=True):
        found = variant["comparison"]
        compared: list[str | Cell] = ["–"] * 4
        if found:
            compared = [Cell(number(found["difference"]), interval((found["low"], found["high"])))]
            compared += [probability(found[outcome]) for outcome in ("better", "equivalent", "worse")]
        name = Cell(variant["model"], f"with {variant['features']}" if variant["features"] else "")
        left = f"left by halving on {variant['rows']:,} rows" if variant["rows"] else ""
        scored = taken["score_seconds"]
        cost = Cell(_rounded(taken["fit_seconds"]), "" if scored is None else f"{_rounded(scored)} to score")
        rows.append([name, f"{variant['candidates']:,}", Cell(number(variant["score"]), left), *compared, cost])
    head = ["model", "candidates", "score", "difference", "P(better)", "P(equivalent)", "P(worse)", "seconds"]
    said = (
        "The best candidate of each kind of cluster features, in the folds, against the first row. The seconds are "
        "those to fit the training rows of a fold; below stand those to score its other rows."
    )
    if any(variant["rows"] for variant in variants):
        said += (
            " One that halving left has the score and the seconds of its last round, on fewer rows, which can't be "
            "compared."
        )
    return [said, Table(head, rows, numbers=True)]


def costs(models: Costs, sentence: str) -> list[Part]:
    """Return the sentence, and a table of what each model takes."""
    megabytes = [None if cost["model_bytes"] is None else cost["model_bytes"] / 1e6 for cost in models.values()]
    rows = [
        ["seconds to fit the training rows of a fold", *(_rounded(cost["fit_seconds"]) for cost in models.values())],
        ["seconds to predict 1,000 rows", *(_rounded(cost["predict_seconds"]) for cost in models.values())],
        ["size of the model, MB", *map(_rounded, megabytes)],
    ]
    return [sentence, Table(["cost", *models], rows, _MEASURED, numbers=True)]


def classes(found: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Return a table of the classes, those first where the winner is worst."""
    models = list(found[0]["scores"])
    shown = [
        [
            part["value"],
            f"{part['rows']:,}",
            *(Cell(number(part["scores"][name]), interval(part["intervals"][name])) for name in models),
        ]
        for part in found[:_MOST_SLICES]
    ]
    return [
        "The share of each class's holdout rows that a model finds, its recall; below it the 95 % interval.",
        Table(["class", "rows", *models], shown, _first(shown, found, "verdict.json"), numbers=True),
    ]


def slices(found: Sequence[Mapping[str, Any]], small: Sequence[Mapping[str, Any]], scoring: str) -> list[Part]:
    """Return a table of the holdout's parts by the values of columns, those first where the winner is worst."""
    parts: list[Part] = []
    if found:
        shown = [
            [_place(part), f"{part['rows']:,}", *map(number, part["scores"].values())] for part in found[:_MOST_SLICES]
        ]
        head = ["holdout rows with", "rows", *found[0]["scores"]]
        parts += [f"Their {scoring}:", Table(head, shown, _first(shown, found, "slices.csv"), numbers=True)]
    if small:
        rows = sum(part["rows"] for part in small)
        parts.append(
            f"Not judged, as they have fewer than {LEAST_ROWS} rows: {len(small):,} values of "
            f"{', '.join(dict.fromkeys(part['column'] for part in small))}, with {rows:,} rows in all."
        )
    return parts


def _place(part: Mapping[str, Any]) -> str:
    return f"{part['column']} missing" if part["value"] is None else f"{part['column']} = {part['value']}"


def _first(shown: Sequence[Any], found: Sequence[Any], file: str) -> str:
    more = len(found) - len(shown)
    return f"The {len(shown)} worst; {file} has {more:,} more" if more else ""


def _rounded(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"
