"""What scoring a table costs beyond the model's own predictions, and how much memory it takes for one of any size."""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measure import MEGABYTE, PROJECT, fresh_store, spend

LIMIT_MEGABYTES, LIMIT_RATIO = 1200, 0.8
TABLE = PROJECT / "data" / "portal_rodents.parquet"
MODEL = "models:/grove@champion"
GRIDS = {"max_features": "sqrt", "n_clusters": "8", "cluster_features": "distances", "cv": "2"}
"""One candidate each, so that a model is soon there: a forest of as many trees as by default."""


@dataclass(frozen=True)
class Spent:
    """Of one run: rows a second, CPU seconds for them without what an empty table takes, and bytes at the peak."""

    speed: float
    cpu: float
    memory: float


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each side.")
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(min=1), help="Of each repeat.")
@click.option("--large", default=10_000_000, show_default=True, type=click.IntRange(min=0), help="Rows of a last run.")
def score(repeats: int, rows: int, large: int) -> None:
    """Train a model, score a table in turns with bare loops of predict_proba, and a large one for its memory."""
    with fresh_store() as environment:
        folder = Path(environment["TMPDIR"])
        click.echo("  a model", err=True)
        grids = [word for name, value in GRIDS.items() for word in ("-P", f"{name}={value}")]
        spend(["mlflow", "run", ".", "-e", "main", "--env-manager", "local", *grids], environment)
        table, empty, output = (folder / f"{name}.parquet" for name in ("new", "empty", "scored"))
        write_table(table, rows)
        pq.write_table(pq.read_table(TABLE).slice(0, 0), empty)
        sides = {
            "score": lambda: score_once(table, empty, output, environment),
            "bare loop": lambda: loop(table, 1, environment),
            "bare loop in threads": lambda: loop(table, 0, environment),
        }
        spent: dict[str, list[Spent]] = {name: [] for name in sides}
        for repeat in range(repeats):
            for name, run in sides.items():
                spent[name].append(run())
                shown = f"{spent[name][-1].speed:,.0f} rows/s, CPU {spent[name][-1].cpu:.1f} s"
                click.echo(f"  {repeat + 1}/{repeats} {name}: {shown}", err=True)
        print_sides(rows, {name: median_of(found) for name, found in spent.items()}, repeats)
        if large:
            write_table(table, large)
            found = sides["score"]()
            click.echo(
                f"Scoring {large:,} rows, {table.stat().st_size / MEGABYTE:,.0f} MB of Parquet: "
                f"{found.speed:,.0f} rows/s, CPU {found.cpu:.0f} s, peak {found.memory / MEGABYTE:,.0f} MB "
                f"(limit {LIMIT_MEGABYTES:,})"
            )


def score_once(table: Path, empty: Path, output: Path, environment: Mapping[str, str]) -> Spent:
    """Score the table, and one without rows to know what starting and logging take."""
    costs = []
    for data in (empty, table):
        cost, said = spend(scoring(data, output), environment)
        output.unlink()
        costs.append(cost)
    speed = float(re.search(r"([\d,]+) rows/s", said)[1].replace(",", ""))
    return Spent(speed, costs[1].cpu - costs[0].cpu, costs[1].memory)


def loop(table: Path, threads: int, environment: Mapping[str, str]) -> Spent:
    """Let the bare loop predict the table's rows; in 0 threads as score has."""
    cost, said = spend([sys.executable, "-m", "benchmarks.score_once", MODEL, str(table), str(threads)], environment)
    found = json.loads(said.splitlines()[-1])
    return Spent(found["rows_per_second"], found["cpu"], cost.memory)


def scoring(table: Path, output: Path) -> list[str]:
    """Return the command that scores the table."""
    given = {
        "data": table,
        "model": MODEL,
        "output": output,
        "format": "auto",
        "delimiter": "auto",
        "encoding": "utf-8",
    }
    return [sys.executable, "-m", "steps.score", *(f"--{name}={value}" for name, value in given.items())]


def write_table(path: Path, rows: int) -> None:
    """Write the shipped table again and again, each time with other weights, some of them missing, and other days."""
    table, random = pq.read_table(TABLE), np.random.default_rng(0)
    with pq.ParquetWriter(path, table.schema) as writer:
        for start in range(0, rows, table.num_rows):
            part = table.slice(0, min(table.num_rows, rows - start))
            weights = part["weight"].to_numpy() * random.uniform(0.8, 1.2, part.num_rows)
            changed = {
                "record_id": pa.array(np.arange(start, start + part.num_rows)),
                "day": pa.array(random.integers(1, 29, part.num_rows)),
                "weight": pa.array(weights.round(1), from_pandas=True),
            }
            for name, values in changed.items():
                part = part.set_column(part.column_names.index(name), table.schema.field(name), values)
            writer.write_table(part)


def median_of(found: list[Spent]) -> Spent:
    """Return the medians, each by itself."""
    return Spent(*map(statistics.median, zip(*map(astuple, found), strict=True)))


def print_sides(rows: int, sides: Mapping[str, Spent], repeats: int) -> None:
    """Print the medians of all sides, and the throughput of score in relation to the loops'."""
    click.echo(f"Scoring {rows:,} rows; medians of {repeats}")
    click.echo(f"  {'':22}{'rows/s':>10}{'CPU s':>8}{'peak MB':>9}")
    for name, found in sides.items():
        click.echo(f"  {name:22}{found.speed:10,.0f}{found.cpu:8.1f}{found.memory / MEGABYTE:9,.0f}")
    own = sides["score"]
    for name in ("bare loop", "bare loop in threads"):
        wall, cpu = own.speed / sides[name].speed, sides[name].cpu / own.cpu
        click.echo(f"  score to the {name}: {wall:.3f} of the rows/s, {cpu:.3f} by CPU (limit {LIMIT_RATIO:g})")


if __name__ == "__main__":
    score()
