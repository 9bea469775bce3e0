"""Split a loaded table into training rows and a holdout.

Reads `table/`, as load wrote it.
Writes `split/`: train.parquet and test.parquet, features and target only; profile.json, how often the values of the
training rows occur; and a manifest with what was left out and why, and what was noticed; a card. The side of a row
depends on its content and the seed alone: equal rows stay together, and a row stays on its side when the table grows.
Its content is all that the user did not drop. With `sample_rows` the training rows are a sample, in which each class
keeps its share; the holdout stays whole.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import mlflow

from steps.lineage.artifacts import fetch, publish
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import record_key
from steps.lineage.options import options
from steps.report import markdown
from steps.report.data_card import split_card
from steps.table.columns import check_target, select_columns
from steps.table.division import Asked, Division, divide
from steps.table.options import TABLE_OPTIONS
from steps.table.schema import Schema
from steps.table.stored import open_verified

ROW_OPTIONS = ("test_size", "min_class_rows", "rare_classes", "duplicates", "sample_rows", "seed")


@click.command("preprocess", cls=EntryPoint)
@options("table", "target", *ROW_OPTIONS, types=TABLE_OPTIONS)
def preprocess(
    table: str,
    target: str,
    test_size: float,
    min_class_rows: int,
    rare_classes: str,
    duplicates: str,
    sample_rows: int,
    seed: int,
) -> None:
    """Leave out what can't be learned from, and split the rest."""
    source = fetch(table, "table")
    schema = Schema.from_dict(source.manifest["schema"])
    check_target(schema, target)
    used = select_columns(schema, [*schema.features, schema.target])
    asked = Asked(test_size, min_class_rows, rare_classes, duplicates, sample_rows, seed)
    with tempfile.TemporaryDirectory() as folder:
        with open_verified(source.folder / "table.parquet") as rows:
            divided = divide(rows, schema, Path(folder), asked)
        for name, context in (("train", "training"), ("test", "holdout")):
            log_dataset(table, used, divided.fingerprints[name], name=name, context=context)
        publish(
            Path(folder),
            "split",
            step="preprocess",
            inputs=(source,),
            schema=used.to_dict(),
            data_fingerprint=source.manifest["fingerprint"],
            fingerprints=divided.fingerprints,
            left_out=divided.left_out,
            duplicates=divided.duplicates,
            notes=divided.notes,
            seed=seed,
            **({"sample": divided.sample} if divided.sample else {}),
        )
    _log(divided)
    record_key("preprocess", {"table": source.fingerprint})


def _log(divided: Division) -> None:
    train, test = (sum(divided.classes[side].values()) for side in ("train", "test"))
    dropped = sum(divided.left_out.values())
    mlflow.log_metrics(
        {"train_rows": train, "test_rows": test, "dropped_rows": dropped, "duplicate_rows": divided.duplicates}
    )
    summary = f"{train:,} training rows, {test:,} in the holdout"
    if divided.sample:
        summary = f"{train:,} training rows, a sample of {divided.sample['of']:,}, and {test:,} in the holdout"
    notes = [f"Left out {count:,} rows: {reason}." for reason, count in divided.left_out.items()] + divided.notes
    for note in notes:
        click.echo(f"preprocess: {note}", err=True)
    click.echo(f"preprocess: {summary}")
    describe(f"{summary}." + (f"\n\nNoticed:\n\n{markdown.shortened(markdown.bullets(notes), 7000)}" if notes else ""))
    sides = {"training": divided.classes["train"], "holdout": divided.classes["test"]}
    mlflow.log_text(split_card(sides, divided.left_out, divided.notes, divided.sample), "card.html")


if __name__ == "__main__":
    preprocess()
