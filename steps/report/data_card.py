"""What is known of the data, as tables and lists: on load's and preprocess's cards, and in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steps.report.page import Part, Picture, Table, page
from steps.table.schema import DROPPED, Schema

_MOST_COLUMNS = 100
_MOST_CLASSES = 100
_MOST_NOTES = 30


def load_card(
    source: str,
    schema: Schema,
    *,
    rows: int,
    counts: Mapping[str, int],
    missing: Mapping[str, float],
    notes: Sequence[str],
    fingerprint: str,
    balance: Picture,
) -> str:
    """Return the card of a table that was loaded.

    Parameters
    ----------
    source
        Where it came from.
    schema
        Its own.
    rows, counts, missing
        How many rows it has, how many of each class, and the share, 0 to 1, that is missing of each column.
    notes
        What was noticed on the way.
    fingerprint
        Of all its content.
    balance
        The picture of its classes.
    """
    parts: list[Part] = [column_table(schema, missing), *noticed(notes), balance]
    sentence = f"{rows:,} rows and {len(schema.columns):,} columns; {len(counts):,} classes of {schema.target}."
    return page(f"Loaded {source}", sentence, parts, foot=f"Fingerprint of all rows and columns: {fingerprint}")


def split_card(
    sides: Mapping[str, Mapping[str, int]],
    left_out: Mapping[str, int],
    notes: Sequence[str],
    sample: Mapping[str, int] | None = None,
) -> str:
    """Return the card of a split.

    Parameters
    ----------
    sides
        For the training rows and the holdout the number of rows of each class.
    left_out
        Why rows are on no side, to their number.
    notes
        What else was noticed.
    sample
        How many training rows were drawn (`rows`), and from how many (`of`); None where all are used.
    """
    rows = {side: sum(counts.values()) for side, counts in sides.items()}
    sentence = "; ".join(f"{count:,} {side} rows" for side, count in rows.items())
    told = f"{sentence}. {sampled(sample)}" if sample else f"{sentence}."
    parts: list[Part] = [*left_out_table(left_out, sum(rows.values())), class_table(sides), *noticed(notes)]
    return page("Split into training rows and holdout", told, parts)


def sampled(sample: Mapping[str, int]) -> str:
    """Return a sentence about a sample of `rows` training rows, drawn from `of`."""
    return f"The training rows are a sample of {sample['rows']:,} from {sample['of']:,}, by class."


def column_table(schema: Schema, missing: Mapping[str, float]) -> Table:
    """Return a table of the columns, those that are left out at the end: type, role, missing share, and why."""
    ranked = sorted(schema.columns, key=lambda column: column.role == DROPPED)
    rows = [
        [column.name, column.type, column.role, _share(missing.get(column.name)), column.reason]
        for column in ranked[:_MOST_COLUMNS]
    ]
    more = len(ranked) - len(rows)
    caption = f"{more:,} more columns are in the table's manifest" if more else ""
    return Table(["column", "type", "role", "missing", "why"], rows, caption)


def class_table(sides: Mapping[str, Mapping[str, int]]) -> Table:
    """Return a table of the rows of each class, the most frequent first, on each side of a split."""
    totals: dict[str, int] = {}
    for counts in sides.values():
        for label, count in counts.items():
            totals[label] = totals.get(label, 0) + count
    ranked = sorted(totals, key=lambda label: -totals[label])
    shown, others = ranked, []
    if len(ranked) > _MOST_CLASSES:
        shown, others = ranked[: _MOST_CLASSES - 1], ranked[_MOST_CLASSES - 1 :]
    every = sum(totals.values())

    def row(name: str, labels: Sequence[str]) -> list[str]:
        together = sum(totals[label] for label in labels)
        counted = (sum(counts.get(label, 0) for label in labels) for counts in sides.values())
        return [name, *(f"{count:,}" for count in counted), f"{together:,}", _share(together / every)]

    rows = [row(label, [label]) for label in shown]
    if others:
        rows.append(row(f"others ({len(others):,} classes)", others))
    return Table(["class", *sides, "rows", "share"], rows, numbers=True)


def left_out_table(left_out: Mapping[str, int], kept: int) -> list[Part]:
    """Return a table of how many rows are left out and why, and how many are kept; nothing where all are."""
    rows = [[reason, f"{count:,}"] for reason, count in left_out.items()]
    return [Table(["rows left out", "rows"], [*rows, ["kept", f"{kept:,}"]], numbers=True)] if rows else []


def noticed(notes: Sequence[str]) -> list[Part]:
    """Return what was noticed as a list; nothing of nothing."""
    if not notes:
        return []
    more = len(notes) - _MOST_NOTES
    return ["Noticed:", [*notes[:_MOST_NOTES], *([f"and {more:,} more"] if more > 0 else [])]]


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
