"""What came of repeating a run, on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.report.page import Cell, Heading, Part, Table, page
from steps.table.difference import TOLERANCE

_LOOKS = {"identical": ("calm", "✓"), "equal within tolerance": ("calm", "≈"), "diverged": ("warning", "✗")}
"""How each verdict looks: its class, and a sign for who sees no colours."""


def step_rows(content: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the steps, cells being any text."""
    rows = [[step["step"], step["outcome"], step["compared"], _difference(step)] for step in content["steps"]]
    return ["step", "verdict", "compared", "first difference"], rows


def _difference(step: Mapping[str, Any]) -> str:
    # Of a step that diverged the first difference need not be the largest one.
    if step["largest"] and step["outcome"] != "diverged":
        return f"largest {step['largest']:.2g}: {step['difference']}"
    return step["difference"] or "–"


def reproduction_card(content: Mapping[str, Any]) -> str:
    """Return the card of a comparison, as reproduce writes it to reproduction.json."""
    verdict = content["verdict"]
    look, sign = _LOOKS[verdict]
    parts: list[Part] = [_steps(content)]
    for title, items in (
        ("What may explain it", content["explanations"]),
        ("What differs in the environment", content["environment"]),
    ):
        if items:
            parts += [Heading(title), items]
    parts.append(
        f"Below each step: the recorded run and the repeated one. The repetition started {content['data']}. Identical "
        f"means to the last bit; equal within tolerance, that no two numbers lie further apart than {TOLERANCE:g} of "
        f"the larger one, or of 1 if both are smaller, and all else is the same."
    )
    told = content["sentence"].removeprefix(f"{verdict}: ")
    return page(f"{sign} {verdict.capitalize()}", told, parts, look=look, foot=_origin(content))


def _steps(content: Mapping[str, Any]) -> Table:
    head, rows = step_rows(content)
    shown = []
    for (name, outcome, *others), step in zip(rows, content["steps"], strict=True):
        look, sign = _LOOKS[outcome]
        runs = f"{step['recorded_run'][:8]} → {step['repeated_run'][:8]}"
        shown.append([Cell(name, runs), Cell(f"{sign} {outcome}", look=look), *others])
    return Table(head, shown)


def _origin(content: Mapping[str, Any]) -> str:
    recorded = content["recorded"]
    commit = f"commit {recorded['commit']}" if recorded["commit"] else "no commit"
    changes = " with changes" if recorded["dirty"] else ""
    url = f" of {recorded['url']}" if recorded["url"] else ""
    return (
        f"Recorded: {recorded['name']}, run {recorded['run_id']}, {recorded['started']}, {commit}{changes}{url}. "
        f"Repeated: run {content['repeated']['run_id']}."
    )
