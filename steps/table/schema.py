"""The schema of a cleaned table: each column's type and the role it plays."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from steps.table.roles import Values, given_roles, refuse_dates, refuse_target, refuse_text, why_left_out
from steps.table.stored import StoredTable, chunks_of, null_count_of

INTEGER, NUMBER, BOOLEAN, DAY, TEXT = "integer", "number", "boolean", "date", "text"
TYPES = {pa.int64(): INTEGER, pa.float64(): NUMBER, pa.bool_(): BOOLEAN, pa.date32(): DAY, pa.string(): TEXT}
PLURAL = {INTEGER: "integers", NUMBER: "numbers", BOOLEAN: "booleans", DAY: "dates", TEXT: "text"}

TARGET, NUMERIC, DATE, CATEGORICAL, DROPPED = "target", "numeric", "date", "categorical", "dropped"
OPTIONS = {DROPPED: "drop", NUMERIC: "numeric", CATEGORICAL: "categorical"}
"""The option that gives a column each role."""
NAMED_IN_DROP = "named in drop"
"""Why a column is left out that the user does not want; for all others Grove has its own reasons."""


@dataclass(frozen=True)
class Column:
    """A column: its type, its role, and why it has that role."""

    name: str
    type: str
    role: str
    reason: str


@dataclass(frozen=True)
class Schema:
    """All columns of a table, in the table's order."""

    columns: tuple[Column, ...]

    @property
    def target(self) -> str:
        """The name of the column to predict."""
        return self._names(TARGET)[0]

    @property
    def numeric(self) -> list[str]:
        """The names of the numeric features."""
        return self._names(NUMERIC)

    @property
    def dates(self) -> list[str]:
        """The names of the features that are dates: each becomes the numbers year, month, day and weekday."""
        return self._names(DATE)

    @property
    def categorical(self) -> list[str]:
        """The names of the categorical features."""
        return self._names(CATEGORICAL)

    @property
    def dropped(self) -> list[Column]:
        """The columns that are no features."""
        return [column for column in self.columns if column.role == DROPPED]

    @property
    def features(self) -> list[str]:
        """The names of all features, in the table's order."""
        return self._names(NUMERIC, DATE, CATEGORICAL)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and dictionaries, fit for JSON."""
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Schema":
        """Build a schema from what `to_dict` returned."""
        return cls(tuple(Column(**column) for column in data["columns"]))

    def _names(self, *roles: str) -> list[str]:
        return [column.name for column in self.columns if column.role in roles]


def infer_schema(
    table: pa.Table | StoredTable,
    *,
    target: str,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    max_categories: int,
) -> tuple[Schema, list[str]]:
    """Give every column of a cleaned table its role.

    Numbers are numeric features, text and booleans categorical ones, dates are dates. Left out are columns that are
    constant, all missing, or identifiers (`roles.why_left_out` has the rules).

    Parameters
    ----------
    table : pyarrow.Table or StoredTable
        As `clean` returns it. Of a file one column is in memory at a time, of one row group.
    target : str
        The column to predict.
    drop, categorical, numeric : sequence of str
        Columns to leave out, and columns whose role is given, whatever they look like.
    max_categories : int
        A categorical feature with more distinct values gets a note: its rarest become one group.

    Returns
    -------
    schema : Schema
    notes : list of str
        One sentence for every column left out, and every one with many categories.

    Raises
    ------
    ValueError
        If a name is unknown or named twice, the target cannot be classified, text is to be numeric, dates are to
        be categorical, or no feature is left.
    """
    asked = {DROPPED: drop, CATEGORICAL: categorical, NUMERIC: numeric}
    given = given_roles(table.schema.names, target, {OPTIONS[role]: names for role, names in asked.items()})
    refuse_target(_values(table, table.schema.get_field_index(target)))
    columns, notes = [], []
    for position, field in enumerate(table.schema):
        values, name, kind = _values(table, position), field.name, TYPES[field.type]
        if name == target:
            columns.append(Column(name, kind, TARGET, "named as target"))
            continue
        option = given.get(name)
        role, reason = _role(values, kind, option)
        columns.append(Column(name, kind, role, reason))
        if role == DROPPED:
            notes.append(f"Column {name!r} is left out: {reason}.")
        elif role == CATEGORICAL and (count := values.distinct) > max_categories:
            notes.append(
                f"Column {name!r} has {count} distinct values: they become max_categories={max_categories} groups, "
                "one of them all but the most frequent."
            )
    if all(column.role in (TARGET, DROPPED) for column in columns):
        left_out = "; ".join(f"{c.name!r} {c.reason}" for c in columns if c.role == DROPPED) or "there is none"
        raise ValueError(f"Got no feature beside the target {target!r}, expected at least one: {left_out}.")
    return Schema(tuple(columns)), notes


def _role(values: Values, kind: str, option: str | None) -> tuple[str, str]:
    if option == OPTIONS[DROPPED]:
        return DROPPED, NAMED_IN_DROP
    if not values.present:
        return DROPPED, "all its values are missing"
    if option == OPTIONS[CATEGORICAL]:
        refuse_dates(values)
        return CATEGORICAL, "named in categorical"
    if option == OPTIONS[NUMERIC]:
        refuse_text(values)
        return (DATE if kind == DAY else NUMERIC), "named in numeric"
    reason = why_left_out(values)
    if reason:
        return DROPPED, reason
    if kind == DAY:
        return DATE, "its values are dates: they become year, month, day and weekday"
    return (NUMERIC if kind in (INTEGER, NUMBER) else CATEGORICAL), f"its values are {PLURAL[kind]}"


def _values(table: pa.Table | StoredTable, position: int) -> Values:
    field = table.schema.field(position)
    missing = null_count_of(table, position)
    return Values(field.name, field.type, table.num_rows, missing, partial(chunks_of, table, position))
