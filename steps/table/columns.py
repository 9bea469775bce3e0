"""Columns as a user names them in an option."""

from __future__ import annotations

from collections.abc import Sequence

from steps.table.schema import Schema


def column_list(text: str, names: Sequence[str]) -> list[str]:
    """Return the columns in a comma list; one with `?` at its end only if `names` has it.

    A comma that belongs to a name is understood when the whole text is a name.
    """
    if text in names:
        return [text]
    found = []
    for part in text.split(","):
        name = part.strip()
        if name.endswith("?") and name not in names:
            name = name.removesuffix("?")
            if name not in names:
                continue
        if name:
            found.append(name)
    return found


def columns_of(option: str, text: str, names: Sequence[str]) -> list[str]:
    """Return the columns in a comma list as `column_list` does, each once.

    Raises
    ------
    ValueError
        When one is not among the names.
    """
    found = list(dict.fromkeys(column_list(text, names)))
    if unknown := [name for name in found if name not in names]:
        known = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise ValueError(f"Got {option}={text!r}, where {unknown[0]!r} is no feature; expected some of {known}.")
    return found


def check_target(schema: Schema, target: str) -> None:
    """Raise ValueError when `target` is neither empty nor the schema's own."""
    if target not in ("", schema.target):
        raise ValueError(
            f"Got target={target!r}, expected {schema.target!r}, which the table was loaded with: "
            f"leave target out, or load the table again."
        )


def select_columns(schema: Schema, names: Sequence[str]) -> Schema:
    """Return the schema of the named columns alone, in the table's order."""
    return Schema(tuple(column for column in schema.columns if column.name in names))
