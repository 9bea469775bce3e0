"""How much memory the load step takes for a large CSV, in relation to the table itself."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
from measure import Measured, environment, spend
from pyarrow import csv

ROWS_AT_ONCE = 50_000
LIMIT = 3.0
MEGABYTE = 1e6


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(min=1), help="Of the table.")
def load(repeats: int, rows: int) -> None:
    """Write a CSV of 20 columns, load it as steps/load.py does, and print the peak of its memory."""
    with tempfile.TemporaryDirectory(prefix="grove-benchmark-") as name:
        path = Path(name) / "large.csv"
        write_csv(path, rows)
        command = [sys.executable, "-m", "benchmarks.load_once", str(path)]
        runs = [spend(command, environment() | {"TMPDIR": name}) for _ in range(repeats)]
        size = path.stat().st_size
    cost = Measured([cost for cost, _ in runs], "").median
    found = [json.loads(output.splitlines()[-1]) for _, output in runs]
    table, before, peak = (statistics.median(each[name] for each in found) for name in ("table", "before", "peak"))
    click.echo(f"Loading {rows:,} rows x 20 columns, {size / MEGABYTE:,.0f} MB of CSV; medians of {repeats}")
    click.echo(f"  CPU {cost.cpu:.1f} s, wall {cost.wall:.1f} s, imports included")
    click.echo(f"  {'the table in memory':34}  {table / MEGABYTE:6,.0f} MB")
    for what, memory in (("peak above what the imports took", peak - before), ("peak, imports included", peak)):
        click.echo(f"  {what:34}  {memory / MEGABYTE:6,.0f} MB  ratio {memory / table:5.2f}  (limit {LIMIT:g})")


def write_csv(path: Path, rows: int) -> None:
    """Write ten columns of floats, five of integers and five of text, some values of each missing."""
    random = np.random.default_rng(0)
    words = pa.array([f"category {number}" for number in range(40)])
    kinds = {"float": (pa.float64(), 10), "integer": (pa.int64(), 5), "text": (pa.string(), 5)}
    schema = pa.schema([(f"{kind}_{n}", type_) for kind, (type_, count) in kinds.items() for n in range(count)])
    with csv.CSVWriter(path, schema) as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - start)
            writer.write_table(pa.table([_column(field, count, words, random) for field in schema], schema=schema))


def _column(field: pa.Field, rows: int, words: pa.StringArray, random: np.random.Generator) -> pa.Array:
    # The last column is the target, which has no missing values.
    missing = random.random(rows) < (0.0 if field.name == "text_4" else 0.02)
    if field.type == pa.float64():
        return pa.array(random.normal(size=rows).round(6), mask=missing)
    if field.type == pa.int64():
        return pa.array(random.integers(0, 100_000, rows), mask=missing)
    return words.take(pa.array(random.integers(0, len(words), rows), mask=missing))


if __name__ == "__main__":
    load()
