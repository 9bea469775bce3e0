"""Load any labelled table into one typed form.

Reads `data`: a CSV, TSV, JSON lines, Parquet or Feather file, plain or compressed, or a folder of Parquet files.
Writes `table/`: table.parquet, all rows and columns in Grove's types, and a manifest with each column's role, what
was noticed on the way, and the fingerprint of the whole; a card.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import click
import mlflow
import pyarrow as pa

from steps.lineage.artifacts import download, publish, resolve
from steps.lineage.credentials import without_credentials
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import file_fingerprint, record_key
from steps.lineage.options import options
from steps.report import figures, markdown
from steps.report.data_card import load_card
from steps.report.page import picture
from steps.table.batches import BatchReader
from steps.table.clean import Cleaner
from steps.table.columns import column_list
from steps.table.fingerprint import fingerprint
from steps.table.options import TABLE_OPTIONS
from steps.table.profile import class_counts
from steps.table.read import open_table
from steps.table.roles import given_roles
from steps.table.schema import Schema, infer_schema
from steps.table.stored import ROW_GROUP, open_verified, table_writer

CELLS = 1 << 22
"""A batch of a wide table has fewer rows."""
READING_OPTIONS = ("data", "format", "delimiter", "encoding")
CHARACTERS = 3500
"""Of columns and of notes in the description, of which MLflow keeps 8,000; the manifest has all of them."""


@dataclass(frozen=True)
class Loaded:
    """What is said of a table.

    Attributes
    ----------
    schema, fingerprint
        Of the table.
    notes
        What was noticed on the way.
    rows
        Their number.
    classes
        Each label as text to its rows, the most frequent first.
    missing
        Each column's share of missing values.
    """

    schema: Schema
    notes: list[str]
    fingerprint: str
    rows: int
    classes: dict[str, int]
    missing: dict[str, float]


@click.command("load", cls=EntryPoint)
@options(*READING_OPTIONS, "target", "drop", "categorical", "numeric", "max_categories", types=TABLE_OPTIONS)
def load(
    data: str,
    target: str,
    drop: str,
    categorical: str,
    numeric: str,
    format: str,
    delimiter: str,
    encoding: str,
    max_categories: int,
) -> None:
    """Read the table, infer what each column is for, and log it."""
    source = without_credentials(resolve(data))
    path = download(data, "data")
    content = file_fingerprint(path) if path.exists() else ""  # what is missing open_table says best
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "table.parquet"
        try:
            with open_table(path, format=format, delimiter=delimiter, encoding=encoding) as reader:
                asked = asked_roles(reader.schema.names, target, drop=drop, categorical=categorical, numeric=numeric)
                notes = write_clean(reader, file, target)
        except (ValueError, OSError) as error:
            # What was downloaded lies in a temporary folder that nobody knows.
            raise ValueError(str(error).replace(str(path), source)) from error
        if file_fingerprint(path) != content:
            raise ValueError(f"Got {source} changed while it was read, expected it to stay as it is: run load again.")
        loaded = look_at(file, notes, target=target, **asked, max_categories=max_categories)
        log_dataset(source, loaded.schema, loaded.fingerprint, name=Path(source).name, context="source")
        publish(
            Path(temporary),
            "table",
            step="load",
            apart={"source": source},
            schema=loaded.schema.to_dict(),
            fingerprint=loaded.fingerprint,
            notes=loaded.notes,
        )
    _log(loaded, source)
    record_key("load", {"data": content})


def asked_roles(names: list[str], target: str, **options: str) -> dict[str, list[str]]:
    """Return the columns that each option names.

    Raises
    ------
    ValueError
        If one of them, or the target, is no column: before the long part begins.
    """
    others = [name for name in names if name != target]  # what is target counts in no other option
    asked = {option: column_list(text, others) for option, text in options.items()}
    given_roles(names, target, asked)
    return asked


def write_clean(reader: BatchReader, path: Path, target: str) -> list[str]:
    """Write the rows of a table to Parquet in Grove's types; return what was noticed on the way.

    All rows are read twice, as what a column is depends on all its values. A row group of them is in memory.
    """
    cleaner = Cleaner(reader.schema, keep=target)
    for batch in _batches(reader):
        cleaner.look(batch)
    cleaned = map(cleaner.clean, _batches(reader))
    first = next(cleaned)
    with table_writer(path, first.schema) as write:
        for batch in chain([first], cleaned):
            write(pa.table(batch))
    return cleaner.notes


def _batches(reader: BatchReader) -> Iterator[pa.RecordBatch]:
    rows = max(1, min(ROW_GROUP, CELLS // len(reader.schema)))
    for table in reader.batches(rows):
        yield from table.to_batches()


def look_at(file: Path, notes: list[str], *, target: str, **options: Any) -> Loaded:
    """Return what is to be said of a table that `write_clean` wrote; the options are those of `infer_schema`."""
    with open_verified(file) as table:
        schema, more_notes = infer_schema(table, target=target, **options)
        return Loaded(
            schema,
            notes + more_notes,
            fingerprint(table),
            table.num_rows,
            class_counts(table, target),
            {name: table.null_count(at) / table.num_rows for at, name in enumerate(table.schema.names)},
        )


def _log(table: Loaded, source: str) -> None:
    schema, notes = table.schema, table.notes
    mlflow.log_metrics({"rows": table.rows, "columns": len(schema.columns), "classes": len(table.classes)})
    mlflow.log_dict({"classes": table.classes, "missing": table.missing}, "profile.json")
    balance = figures.class_balance(table.classes)
    mlflow.log_figure(balance, "class_balance.png")
    mlflow.set_tag("grove.data.fingerprint", table.fingerprint)
    card = load_card(
        source,
        schema,
        rows=table.rows,
        counts=table.classes,
        missing=table.missing,
        notes=notes,
        fingerprint=table.fingerprint,
        balance=picture(balance, "How many rows each class has"),
    )
    mlflow.log_text(card, "card.html")
    for note in notes:
        click.echo(f"load: {note}", err=True)
    size = f"{table.rows:,} rows", f"{len(schema.columns)} columns", f"{len(table.classes)} classes of"
    click.echo(f"load: {', '.join(size)} {schema.target}")
    rows = [
        [
            markdown.escape(column.name),
            column.type,
            column.role,
            f"{table.missing[column.name]:.1%}",
            markdown.escape(column.reason),
        ]
        for column in schema.columns
    ]
    describe(
        f"Loaded **{size[0]}** and {size[1]} from {markdown.escape(source)}; "
        f"{size[2]} {markdown.escape(schema.target)}. Fingerprint `{table.fingerprint[:16]}…`\n\n"
        + (f"Noticed:\n\n{markdown.shortened(markdown.bullets(notes), CHARACTERS)}\n\n" if notes else "")
        + markdown.shortened(markdown.table(["column", "type", "role", "missing", "why"], rows), CHARACTERS)
    )


if __name__ == "__main__":
    load()
