"""Load any labelled table into one typed form.

Reads `data`: a CSV, TSV, JSON lines, Parquet or Feather file, plain or compressed, or a folder of Parquet files.
Writes `table/`: table.parquet, all rows and columns in Grove's types, and a manifest with each column's role, what
was noticed on the way, and the fingerprint of the whole; a card.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import mlflow
import pyarrow as pa

from steps.lineage.artifacts import download, publish, resolve
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import file_fingerprint, record_key
from steps.lineage.options import options
from steps.lineage.tracking import without_credentials
from steps.report import figures, markdown
from steps.report.data_card import load_card
from steps.report.page import picture
from steps.table.clean import clean
from steps.table.columns import column_list
from steps.table.fingerprint import fingerprint
from steps.table.manifest import write_table
from steps.table.options import TABLE_OPTIONS
from steps.table.profile import class_counts
from steps.table.read import read_table
from steps.table.schema import Schema, infer_schema

READING_OPTIONS = ("data", "format", "delimiter", "encoding")
CHARACTERS = 3500
"""Of columns and of notes in the description, of which MLflow keeps 8,000; the manifest has all of them."""


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
    content = file_fingerprint(path) if path.exists() else ""  # what is missing read_table says best
    try:
        raw = read_table(path, format=format, delimiter=delimiter, encoding=encoding)
    except (ValueError, OSError) as error:
        # What was downloaded lies in a temporary folder that nobody knows.
        raise ValueError(str(error).replace(str(path), source)) from error
    if file_fingerprint(path) != content:
        raise ValueError(f"Got {source} changed while it was read, expected it to stay as it is: run load again.")
    table, notes = clean(raw, keep=target)
    del raw
    names = [name for name in table.column_names if name != target]  # what is target counts in no other option
    schema, more_notes = infer_schema(
        table,
        target=target,
        drop=column_list(drop, names),
        categorical=column_list(categorical, names),
        numeric=column_list(numeric, names),
        max_categories=max_categories,
    )
    notes += more_notes
    digest = fingerprint(table)
    counts = class_counts(table, target)
    log_dataset(source, schema, digest, name=Path(source).name, context="source")
    with tempfile.TemporaryDirectory() as folder:
        write_table(table, Path(folder) / "table.parquet")
        publish(
            Path(folder),
            "table",
            step="load",
            apart={"source": source},
            schema=schema.to_dict(),
            fingerprint=digest,
            notes=notes,
        )
    _log(table, schema, counts, notes, digest, source)
    record_key("load", {"data": content})


def _log(table: pa.Table, schema: Schema, counts: dict[str, int], notes: list[str], digest: str, source: str) -> None:
    missing = {name: table[name].null_count / table.num_rows for name in table.column_names}
    mlflow.log_metrics({"rows": table.num_rows, "columns": table.num_columns, "classes": len(counts)})
    mlflow.log_dict({"classes": counts, "missing": missing}, "profile.json")
    balance = figures.class_balance(counts)
    mlflow.log_figure(balance, "class_balance.png")
    mlflow.set_tag("grove.data.fingerprint", digest)
    card = load_card(
        source,
        schema,
        rows=table.num_rows,
        counts=counts,
        missing=missing,
        notes=notes,
        fingerprint=digest,
        balance=picture(balance, "How many rows each class has"),
    )
    mlflow.log_text(card, "card.html")
    for note in notes:
        click.echo(f"load: {note}", err=True)
    click.echo(f"load: {table.num_rows:,} rows, {table.num_columns} columns, {len(counts)} classes of {schema.target}")
    rows = [
        [
            markdown.escape(column.name),
            column.type,
            column.role,
            f"{missing[column.name]:.1%}",
            markdown.escape(column.reason),
        ]
        for column in schema.columns
    ]
    describe(
        f"Loaded **{table.num_rows:,} rows** and {table.num_columns} columns from {markdown.escape(source)}; "
        f"{len(counts)} classes of {markdown.escape(schema.target)}. Fingerprint `{digest[:16]}…`\n\n"
        + (f"Noticed:\n\n{markdown.shortened(markdown.bullets(notes), CHARACTERS)}\n\n" if notes else "")
        + markdown.shortened(markdown.table(["column", "type", "role", "missing", "why"], rows), CHARACTERS)
    )


if __name__ == "__main__":
    load()
