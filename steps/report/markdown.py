"""Markdown for the descriptions that the MLflow UI shows."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Sequence

from steps.table.visible import visible


def escape(text: object) -> str:
    """Return the text so that Markdown shows it as it is, in one line; HTML in it is shown too, not run."""
    line = html.escape(_one_line(text), quote=False)
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", line)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def text_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table of cells that are any text."""
    return table([escape(cell) for cell in head], [[escape(cell) for cell in row] for row in rows])


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as plain text for a terminal, its columns aligned; one line a row."""
    lines = [[_one_line(cell) for cell in line] for line in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def _one_line(text: object) -> str:
    return visible(" ".join(str(text).split()))


def bullets(items: Iterable[str]) -> str:
    """Return a Markdown list; nothing for no items."""
    return "\n".join(f"- {escape(item)}" for item in items)


def shortened(text: str, characters: int) -> str:
    """Return the first lines of a list or table that have so many characters at most, and how many more there are."""
    lines = text.split("\n")
    lengths = itertools.accumulate(len(line) + 1 for line in lines)
    kept = sum(length <= characters for length in lengths)
    if kept == len(lines):
        return text
    return "\n".join([*lines[:kept], "", f"… and {len(lines) - kept} more."])


def number(value: float | None) -> str:
    """Return a score to four digits after the point; a dash where there is none."""
    return "–" if value is None else f"{value:z.4f}"


def link(text: str, experiment_id: str, run_id: str, artifact: str = "") -> str:
    """Return a link to a run's page in the MLflow UI, or to that of one of its artifacts."""
    shown = f"/artifacts/{artifact}" if artifact else ""
    return f"[{escape(text)}](#/experiments/{experiment_id}/runs/{run_id}{shown})"
