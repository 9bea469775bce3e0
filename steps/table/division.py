"""Dividing a table into training rows and a holdout: what is left out, what is noticed, and the files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from steps.table.columns import select_columns
from steps.table.fingerprint import fingerprint
from steps.table.listing import first_of
from steps.table.profile import PROFILE, most_frequent_first, profile, value_counts
from steps.table.sample import class_quotas, draw, least_sample
from steps.table.schema import Schema
from steps.table.sides import NO_CLASS, Rows, read_rows, write_sides
from steps.table.stored import StoredTable, chunks_of, open_verified

NOT_DRAWN = "not in the sample"
"""How the reason begins why a training row is left out that could be learned from."""


@dataclass(frozen=True)
class Asked:
    """The options that decide which row is on which side, as preprocess has them."""

    test_size: float
    min_class_rows: int
    rare_classes: str
    duplicates: str
    sample_rows: int
    seed: int


@dataclass(frozen=True)
class Division:
    """What became of the rows of a table.

    Attributes
    ----------
    classes
        For `train` and `test` each class as text to its number of rows, the most frequent first.
    fingerprints
        Of the two files.
    left_out
        Why rows are on no side, to their number.
    duplicates
        How many rows equal an earlier one.
    notes
        One sentence for everything that a user may want to know.
    sample
        How many training rows were drawn (`rows`), and from how many (`of`); None where all are used.
    """

    classes: dict[str, dict[str, int]]
    fingerprints: dict[str, str]
    left_out: dict[str, int]
    duplicates: int
    notes: list[str]
    sample: dict[str, int] | None


def divide(table: StoredTable, schema: Schema, folder: Path, asked: Asked) -> Division:
    """Write train.parquet, test.parquet and profile.json into a folder.

    Parameters
    ----------
    table : StoredTable
        Read three times: its classes, all that decides about a row, what is written. In memory are one row group, then
        one column of the training rows, and less than a hundred bytes for each row.
    schema : Schema
        Its own.
    folder : pathlib.Path
        An existing one.
    asked : Asked

    Raises
    ------
    ValueError
        When classes have too few rows, a side can't serve, or the sample is too small for all classes.
    """
    left_out: dict[str, int] = {}
    classes = learned_classes(table, schema.target, asked, left_out)
    rows = read_rows(table, schema, classes, seed=asked.seed, test_size=asked.test_size)
    chosen, duplicates, notes = without_duplicates(rows, asked, left_out)
    train, test = chosen & ~rows.in_test, chosen & rows.in_test
    notes += check_sides(rows.class_counts(train), rows.class_counts(test))
    trainable = int(train.sum())
    train, more_notes = drawn(rows, train, asked, left_out)
    kept = int(train.sum())
    notes += more_notes + parted_twins(rows.content[train], rows.content[test], rows.differing)
    used = select_columns(schema, [*schema.features, schema.target])
    files = {"train": folder / "train.parquet", "test": folder / "test.parquet"}
    write_sides(table, [c.name for c in used.columns], {files["train"]: train, files["test"]: test})
    fingerprints = {}
    for side, file in files.items():
        with open_verified(file) as written:
            fingerprints[side] = fingerprint(written)
            if side == "train":
                _write_profile(written, used, folder / PROFILE)
    return Division(
        {side: most_frequent_first(rows.class_counts(mask)) for side, mask in (("train", train), ("test", test))},
        fingerprints,
        left_out,
        duplicates,
        notes,
        {"rows": kept, "of": trainable} if kept < trainable else None,
    )


def learned_classes(table: StoredTable, target: str, asked: Asked, left_out: dict[str, int]) -> list[Any]:
    """Return the labels that at least `min_class_rows` rows have; refuse rarer ones unless they are to be dropped."""
    counts = value_counts(chunks_of(table, table.schema.get_field_index(target)))
    if missing := counts.pop(None, 0):
        left_out["no target"] = missing
    least = asked.min_class_rows
    rare = {label: count for label, count in counts.items() if count < least}
    if not rare:
        return list(counts)
    rarest_first = sorted(rare.items(), key=lambda pair: pair[1])
    named = first_of([f"{label!r} ({count})" for label, count in rarest_first])
    if asked.rare_classes != "drop":
        raise ValueError(
            f"Got {len(rare)} of {len(counts)} classes with fewer rows than min_class_rows={least}: "
            f"{named}; leave them out with rare_classes=drop, or lower min_class_rows."
        )
    if len(counts) - len(rare) < 2:
        raise ValueError(
            f"Got {len(counts) - len(rare)} classes with at least min_class_rows={least} rows, expected two "
            f"or more: lower min_class_rows. Rarer are {named}."
        )
    left_out[f"class with fewer than {least} rows: {named}"] = sum(rare.values())
    return [label for label in counts if label not in rare]


def without_duplicates(rows: Rows, asked: Asked, left_out: dict[str, int]) -> tuple[np.ndarray, int, list[str]]:
    """Return a mask of the rows that are used, how many equal an earlier one, and a sentence if these are kept."""
    chosen = rows.codes != NO_CLASS
    again = np.zeros(len(chosen), bool)
    again[chosen] = pd.Series(rows.content[chosen]).duplicated()
    duplicates = int(again.sum())
    if duplicates and asked.duplicates == "drop":
        left_out["equal to an earlier row"] = duplicates
        return chosen & ~again, duplicates, []
    kept = "may be drawn like any other" if asked.sample_rows else "are kept"
    note = f"{duplicates:,} rows equal an earlier one, and {kept}: duplicates=drop leaves them out."
    return chosen, duplicates, [note] if duplicates else []


def check_sides(train: Mapping[Any, int], test: Mapping[Any, int]) -> list[str]:
    """Return a sentence if the holdout lacks classes; raise ValueError when a side of the split can't serve.

    Parameters
    ----------
    train, test
        The labels of each side, to their numbers of rows.
    """
    for name, counts, needed in (("train", train, 2), ("test", test, 1)):
        if len(counts) < needed:
            raise ValueError(
                f"Got {sum(counts.values())} {name} rows with {len(counts)} classes after the split, expected at "
                f"least {needed}: the table has too few different rows for this test_size and seed; change one of them."
            )
    if untrained := test.keys() - train.keys():
        raise ValueError(
            f"Got class {min(untrained, key=str)!r} in the holdout only, expected training rows of every class: it has "
            f"too few different rows; change seed or test_size, or leave it out with rare_classes=drop and a higher "
            f"min_class_rows."
        )
    untested = sorted(map(str, train.keys() - test.keys()))
    if not untested:
        return []
    shown = first_of(list(map(repr, untested)))
    return [f"The holdout has no rows of {len(untested)} of {len(train)} classes: {shown}."]


def drawn(rows: Rows, train: np.ndarray, asked: Asked, left_out: dict[str, int]) -> tuple[np.ndarray, list[str]]:
    """Return the training rows that are in the sample, as a mask, and a sentence if there are fewer than asked for.

    Rows of equal content come one after the other in the order, so that the sample's last ones may be some of them:
    which, makes no difference.
    """
    available = int(train.sum())
    if not asked.sample_rows:
        return train, []
    if asked.sample_rows >= available:
        return train, [f"All {available:,} training rows are used, as sample_rows={asked.sample_rows} are not fewer."]
    codes = rows.codes[train]
    counts = np.bincount(codes, minlength=len(rows.classes))
    least = least_sample(counts, asked.min_class_rows)
    if asked.sample_rows < least:
        raise ValueError(
            f"Got sample_rows={asked.sample_rows}, expected at least {least}, or 0 for all rows: each of "
            f"{np.count_nonzero(counts)} classes keeps min_class_rows={asked.min_class_rows} rows, or all it has."
        )
    quotas = class_quotas(counts, asked.sample_rows, least=asked.min_class_rows)
    left_out[f"{NOT_DRAWN} of {asked.sample_rows:,} training rows"] = available - asked.sample_rows
    chosen = np.zeros(len(train), bool)
    chosen[train] = draw(codes, quotas, [rows.order[train], rows.content[train]])
    return chosen, []


def parted_twins(train: np.ndarray, test: np.ndarray, differing: Sequence[str]) -> list[str]:
    """Return a sentence if rows that differ in left-out columns only lie on both sides.

    Parameters
    ----------
    train, test : (n_train_rows,) and (n_test_rows,) uint64
        The hash of each row's features and target.
    differing
        The columns that Grove left out and that differ from row to row.
    """
    twins = int(pd.Series(test).isin(train).sum())
    if not twins:
        return []
    named = ", ".join(map(repr, differing))
    return [
        f"{twins:,} holdout rows equal a training row but for {named}, so the holdout is not all new to the models: "
        f"add {','.join(differing)} to drop, and such rows stay on one side."
    ]


def _write_profile(train: StoredTable, used: Schema, path: Path) -> None:
    text = json.dumps(profile(train, used), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")
