"""What loading a CSV of any size takes: its memory, and how its CPU time grows with the rows."""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

import click
from measure import MEGABYTE, environment, spend
from scale import write_csv

TARGET = "species_id"
LIMIT_MEGABYTES, LIMIT_EXPONENT = 1000, 1.05


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Of each size.")
@click.option("--rows", default=5_000_000, show_default=True, type=click.IntRange(min=5), help="Of the larger table.")
def load(repeats: int, rows: int) -> None:
    """Load a CSV in the shipped table's shape and one with a fifth of its rows, as steps/load.py does."""
    sizes = [rows // 5, rows]
    found: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory(prefix="grove-benchmark-") as folder:
        files = {size: Path(folder) / f"{size}.csv" for size in sizes}
        for size, file in files.items():
            write_csv(file, size)
        for _ in range(repeats):
            for size, file in files.items():
                command = [sys.executable, "-m", "benchmarks.load_once", str(file), TARGET]
                _, output = spend(command, environment() | {"TMPDIR": folder})
                found[size].append(json.loads(output.splitlines()[-1]))
        megabytes = {size: file.stat().st_size / MEGABYTE for size, file in files.items()}
    click.echo(f"Loading a CSV in the shipped table's shape; medians of {repeats}")
    click.echo(f"  {'rows':>10}{'CSV, MB':>9}{'CPU s':>8}{'peak MB':>9}{'of that imports':>17}")
    cpu = {}
    for size, runs in found.items():
        cpu[size], peak, before = (statistics.median(run[name] for run in runs) for name in ("cpu", "peak", "before"))
        click.echo(
            f"  {size:10,}{megabytes[size]:9,.0f}{cpu[size]:8.2f}{peak / MEGABYTE:9,.0f}{before / MEGABYTE:17,.0f}"
        )
    exponent = math.log(cpu[sizes[1]] / cpu[sizes[0]]) / math.log(sizes[1] / sizes[0])
    click.echo(f"  CPU grows with the rows to the power of {exponent:.2f} (limit {LIMIT_EXPONENT:g})")
    click.echo(f"  peak of the larger one {peak / MEGABYTE:,.0f} MB (limit {LIMIT_MEGABYTES:,})")


if __name__ == "__main__":
    load()
