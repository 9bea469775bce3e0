"""Dividing a table in memory, through a file, as preprocess does."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pyarrow as pa

from steps.table.division import Asked, Division, divide
from steps.table.schema import Schema
from steps.table.stored import open_verified, write_table

ASKED = Asked(test_size=0.3, min_class_rows=1, rare_classes="refuse", duplicates="keep", sample_rows=0, seed=0)


def divided(table: pa.Table, schema: Schema, folder: Path, asked: Asked, group: int = 1 << 16) -> Division:
    folder.mkdir(exist_ok=True)
    with mock.patch("steps.table.stored.ROW_GROUP", group):
        write_table(table, folder / "table.parquet")
    with open_verified(folder / "table.parquet") as stored:
        return divide(stored, schema, folder, asked)
