"""Split a loaded table into training rows and a holdout.

Reads `table/`, as load wrote it.
Writes `split/`: train.parquet and test.parquet, features and target only; profile.json, how often the values of the
training rows occur; and a manifest with what was left out and why, and what was noticed; a card. The side of a row
depends on its content and the seed alone: equal rows stay together, and a row stays on its side when the table grows.
Its content is all that the user did not drop.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.lineage.artifacts import fetch, publish
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import record_key
from steps.lineage.options import options
from steps.report import markdown
from steps.report.data_card import split_card
from steps.table.columns import check_target, select_columns
from steps.table.fingerprint import fingerprint
from steps.table.manifest import read_verified, write_table
from steps.table.options import TABLE_OPTIONS
from steps.table.profile import PROFILE, class_counts, profile
from steps.table.schema import NAMED_IN_DROP, Schema
from steps.table.split import holdout_mask, row_hashes


@click.command("preprocess", cls=EntryPoint)
@options("table", "target", "test_size", "min_class_rows", "rare_classes", "duplicates", "seed", types=TABLE_OPTIONS)
def preprocess(
    table: str,
    target: str,
    test_size: float,
    min_class_rows: int,
    rare_classes: str,
    duplicates: str,
    seed: int,
) -> None:
    """Leave out what can't be learned from, and split the rest."""
    source = fetch(table, "table")
    schema = Schema.from_dict(source.manifest["schema"])
    check_target(schema, target)
    used = select_columns(schema, [*schema.features, schema.target])
    left_out: dict[str, int] = {}
    notes: list[str] = []
    rows = without_missing_target(read_verified(source.folder / "table.parquet"), schema.target, left_out)
    rows = without_rare_classes(rows, schema.target, min_class_rows, rare_classes == "drop", left_out)
    in_test = holdout_mask(row_hashes(rows, hashed_columns(schema), as_read=True), seed=seed, test_size=test_size)
    parting = [c.name for c in schema.dropped if c.reason != NAMED_IN_DROP and len(pc.unique(rows[c.name])) > 1]
    rows = rows.select([column.name for column in used.columns])
    seen = row_hashes(rows, rows.column_names, as_read=False)
    _, first, counts = np.unique(seen, return_index=True, return_counts=True)
    duplicated = int((counts - 1).sum())
    if duplicated and duplicates == "keep":
        notes.append(f"{duplicated:,} rows equal an earlier one, and are kept: duplicates=drop leaves them out.")
    elif duplicated:
        left_out["equal to an earlier row"] = duplicated
        keep = np.sort(first)
        rows, seen, in_test = rows.take(pa.array(keep)), seen[keep], in_test[keep]
    parts = {"train": rows.filter(pa.array(~in_test)), "test": rows.filter(pa.array(in_test))}
    notes += check_parts(parts, schema.target) + parted_twins(seen, in_test, parting)
    digests = {name: fingerprint(part) for name, part in parts.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            write_table(part, Path(folder) / f"{name}.parquet")
            context = {"train": "training", "test": "holdout"}[name]
            log_dataset(table, used, digests[name], name=name, context=context)
        text = json.dumps(profile(parts["train"], used), indent=1, ensure_ascii=False, allow_nan=False)
        (Path(folder) / PROFILE).write_text(text, encoding="utf-8")
        publish(
            Path(folder),
            "split",
            step="preprocess",
            inputs=(source,),
            schema=used.to_dict(),
            data_fingerprint=source.manifest["fingerprint"],
            fingerprints=digests,
            left_out=left_out,
            duplicates=duplicated,
            notes=notes,
            seed=seed,
        )
    _log(parts, left_out, duplicated, notes)
    sides = {
        side: class_counts(parts[name], used.target) for side, name in (("training", "train"), ("holdout", "test"))
    }
    mlflow.log_text(split_card(sides, left_out, notes), "card.html")
    record_key("preprocess", {"table": source.fingerprint})


def without_missing_target(rows: pa.Table, target: str, left_out: dict[str, int]) -> pa.Table:
    """Return the rows that have a target; their number is noted in `left_out`."""
    missing = rows[target].null_count
    if missing:
        left_out["no target"] = missing
    return rows.filter(pc.is_valid(rows[target])) if missing else rows


def without_rare_classes(
    rows: pa.Table, target: str, min_class_rows: int, drop: bool, left_out: dict[str, int]
) -> pa.Table:
    """Return the rows of the classes that have at least `min_class_rows`; refuse rarer ones unless `drop`."""
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(rows[target]).to_pylist()}
    rare = {label: count for label, count in counts.items() if count < min_class_rows}
    if not rare:
        return rows
    named = ", ".join(f"{label!r} ({count})" for label, count in sorted(rare.items(), key=lambda pair: pair[1])[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    if not drop:
        raise ValueError(
            f"Got {len(rare)} of {len(counts)} classes with fewer rows than min_class_rows={min_class_rows}: "
            f"{named}{more}; leave them out with rare_classes=drop, or lower min_class_rows."
        )
    if len(counts) - len(rare) < 2:
        raise ValueError(
            f"Got {len(counts) - len(rare)} classes with at least min_class_rows={min_class_rows} rows, expected two "
            f"or more: lower min_class_rows. Rarer are {named}{more}."
        )
    left_out[f"class with fewer than {min_class_rows} rows: {named}{more}"] = sum(rare.values())
    kept = pa.array([label for label in counts if label not in rare], rows.schema.field(target).type)
    return rows.filter(pc.is_in(rows[target], kept))


def hashed_columns(schema: Schema) -> list[str]:
    """Return the columns that decide on which side of the split a row falls: all but those that the user drops.

    What Grove itself leaves out is among them, as a constant or an identifier may turn into a feature when the table
    grows, and no row may change sides by that.
    """
    return [column.name for column in schema.columns if column.reason != NAMED_IN_DROP]


def parted_twins(seen: np.ndarray, in_test: np.ndarray, parting: list[str]) -> list[str]:
    """Return a sentence if rows that differ in left-out columns only lie on both sides.

    Parameters
    ----------
    seen : (n_rows,) uint64
        The hash of each row's features and target.
    in_test : (n_rows,) bool
        True in the holdout.
    parting
        The columns that Grove left out and that differ from row to row.
    """
    twins = int(np.isin(seen[in_test], seen[~in_test]).sum())
    if not twins:
        return []
    named = ", ".join(map(repr, parting))
    return [
        f"{twins:,} holdout rows equal a training row but for {named}, so the holdout is not all new to the models: "
        f"add {','.join(parting)} to drop, and such rows stay on one side."
    ]


def check_parts(parts: dict[str, pa.Table], target: str) -> list[str]:
    """Return a sentence if the holdout lacks classes; raise ValueError when a side of the split can't serve."""
    train, test = (set(pc.unique(parts[name][target]).to_pylist()) for name in ("train", "test"))
    for name, classes, needed in (("train", train, 2), ("test", test, 1)):
        if len(classes) < needed:
            raise ValueError(
                f"Got {parts[name].num_rows} {name} rows with {len(classes)} classes after the split, expected at "
                f"least {needed}: the table has too few different rows for this test_size and seed; change one of them."
            )
    if untrained := test - train:
        raise ValueError(
            f"Got class {min(untrained, key=str)!r} in the holdout only, expected training rows of every class: it has "
            f"too few different rows; change seed or test_size, or leave it out with rare_classes=drop and a higher "
            f"min_class_rows."
        )
    untested = sorted(map(str, train - test))
    if not untested:
        return []
    shown = ", ".join(map(repr, untested[:5])) + (f" and {len(untested) - 5} more" if len(untested) > 5 else "")
    return [f"The holdout has no rows of {len(untested)} of {len(train)} classes: {shown}."]


def _log(parts: dict[str, pa.Table], left_out: dict[str, int], duplicated: int, notes: list[str]) -> None:
    train, test = parts["train"].num_rows, parts["test"].num_rows
    mlflow.log_metrics(
        {"train_rows": train, "test_rows": test, "dropped_rows": sum(left_out.values()), "duplicate_rows": duplicated}
    )
    summary = f"{train:,} training rows, {test:,} in the holdout"
    notes = [f"Left out {count:,} rows: {reason}." for reason, count in left_out.items()] + notes
    for note in notes:
        click.echo(f"preprocess: {note}", err=True)
    click.echo(f"preprocess: {summary}")
    describe(f"{summary}." + (f"\n\nNoticed:\n\n{markdown.shortened(markdown.bullets(notes), 7000)}" if notes else ""))


if __name__ == "__main__":
    preprocess()
