"""How scored rows differ from the training rows, on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steps.report.markdown import number
from steps.report.page import Cell, Heading, Part, Table, page
from steps.table.drift import LARGE, MODERATE

_MOST_ROWS = 200
_LOOKS = {"large": "warning"}
_ABOUT = (
    f"The population stability index (PSI) compares how often values fall into the bins of the training rows: tenths "
    f"of numbers and dates, each category, and what is missing. Without any change, 95 % of such samples stay below "
    f"the figure by chance. Above it, an index is customarily called moderate from {MODERATE} and large from {LARGE}: "
    f"a rule of thumb, no test."
)


def percent(share: float | None) -> str:
    """Return a share in percent; a dash where there is none."""
    return "–" if share is None else f"{share:.2%}"


def column_table(columns: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of all columns' drift, cells being any text."""
    head = ["column", "drift", "PSI", "by chance", "missing in training", "missing now", "unknown categories"]
    rows = [
        [
            column["name"],
            column["level"],
            number(column["psi"]),
            number(column["chance"]),
            percent(column["missing_before"]),
            percent(column["missing"]),
            percent(column["unknown"]),
        ]
        for column in columns
    ]
    return head, rows


def drift_card(content: Mapping[str, Any]) -> str:
    """Return the card of what score writes to drift.json."""
    head, rows = column_table(content["columns"])
    more = len(rows) - _MOST_ROWS
    shown = [[name, Cell(level, look=_LOOKS.get(level, "")), *others] for name, level, *others in rows[:_MOST_ROWS]]
    caption = f"{more:,} more columns are in drift.json" if more > 0 else ""
    parts: list[Part] = [*([content["notes"]] if content["notes"] else []), Table(head, shown, caption, numbers=True)]
    parts += [Heading("Classes"), _classes(content["classes"])]
    if content["metrics"]:
        labelled = f"on {content['labelled']:,} rows with a label"
        scores = [[name, number(value)] for name, value in content["metrics"].items()]
        parts += [Heading("Metrics"), Table(["metric", labelled], scores, numbers=True)]
        parts.append("Areas under curves and the calibration error need all rows at once and are left out.")
    parts += [Heading("What the figures mean"), _ABOUT]
    look = "warning" if any(row[1] == "large" for row in rows) else ""
    foot = (
        f"{content['rows']:,} rows of {content['source']}, scored with {content['model']}, are in {content['output']}."
    )
    return page("Drift", content["sentence"], parts, look=look, foot=foot)


def _classes(classes: Mapping[str, Any]) -> Table:
    shares = classes["shares"][:_MOST_ROWS]
    rows = [[share["name"], percent(share["before"]), percent(share["predicted"])] for share in shares]
    caption = f"PSI {number(classes['psi'])}, by chance up to {number(classes['chance'])}"
    return Table(["class", "of the training rows", "of the predictions"], rows, caption, numbers=True)
