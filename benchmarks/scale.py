"""How time and memory of each step grow with the rows: ten thousand to five million of the shipped table's shape."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from measure import MEGABYTE, PROJECT, Cost, fresh_store, spend
from pyarrow import csv
from scipy.optimize import least_squares

TABLE = PROJECT / "data" / "portal_rodents.parquet"
SIZES = (10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000)
STEPS = ("load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "score")
SAMPLE_ROWS = 500_000
"""Of larger tables the trainers have a sample: their memory grows with the rows."""
OPTIONS = {
    "rare_classes": "drop",
    "n_estimators": "20",
    "max_features": "sqrt",
    "n_clusters": "8",
    "cluster_features": "distances",
    "cv": "2",
}
"""One candidate of each trainer; all else has MLproject's defaults."""
ROWS_AT_ONCE = 100_000
NOISE = 0.05
Spent = dict[str, Cost]


@click.command()
@click.option("--rows", default=SIZES[-1], show_default=True, type=click.IntRange(min=1), help="Of the largest table.")
@click.option(
    "--results", default="docs/scale.json", show_default=True, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option("--plot", default="docs/scale.png", show_default=True, type=click.Path(path_type=Path, dir_okay=False))
def scale(rows: int, results: Path, plot: Path) -> None:
    """Run every step on growing tables, each in a process of its own; sizes that RESULTS has are not run again."""
    found = read_results(results)
    for size in SIZES:
        if size > rows or size in found:
            continue
        click.echo(f"{size:,} rows", err=True)
        found[size] = measure(size)
        text = {str(each): {step: asdict(cost) for step, cost in found[each].items()} for each in sorted(found)}
        results.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    if not found:
        raise click.UsageError(f"Got --rows {rows}, expected at least {SIZES[0]}, which the smallest table has.")
    fits = {step: {size: found[size][step] for size in sorted(found)} for step in STEPS}
    print_table(fits)
    draw(fits).savefig(plot, dpi=120)


def read_results(path: Path) -> dict[int, Spent]:
    """Return what an earlier run has measured, by the number of rows."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    return {int(size): {step: Cost(**cost) for step, cost in steps.items()} for size, steps in found.items()}


def measure(rows: int) -> Spent:
    """Run the steps, one after the other, on a table of so many rows."""
    spent: Spent = {}
    with fresh_store() as environment:
        folder = Path(environment["TMPDIR"])
        data = folder / "table.csv"
        write_csv(data, rows)
        client = mlflow.MlflowClient(environment["MLFLOW_TRACKING_URI"])
        experiment = client.get_experiment_by_name(environment["MLFLOW_EXPERIMENT_NAME"]).experiment_id
        uris: dict[str, str] = {}

        def run(step: str, **given: str) -> None:
            run_id = client.create_run(experiment).info.run_id
            sample = {"sample_rows": str(SAMPLE_ROWS if rows > SAMPLE_ROWS else 0)}
            command = [sys.executable, "-m", f"steps.{step}", *options_of(step, OPTIONS | sample | given)]
            cost, _ = spend(command, environment | {"MLFLOW_RUN_ID": run_id})
            click.echo(f"  {step}: CPU {cost.cpu:.1f} s, wall {cost.wall:.1f} s, peak {cost.memory / MEGABYTE:.0f} MB")
            spent[step], uris[step] = cost, f"runs:/{run_id}"

        run("load", data=str(data))
        run("preprocess", table=f"{uris['load']}/table")
        split = f"{uris['preprocess']}/split"
        for trainer in ("train_rf", "train_rf_kmeans"):
            run(trainer, split=split)
        models = [f"{uris[trainer]}/model" for trainer in ("train_rf", "train_rf_kmeans")]
        run("evaluate", split=split, models=",".join(models))
        run("score", data=str(data), model=models[0], output=str(folder / "scored.parquet"))
    return spent


def options_of(step: str, given: Mapping[str, str]) -> Iterator[str]:
    """Yield the step's options as its command has them: what is given, or MLproject's default."""
    entries = yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    for name, about in entries[step]["parameters"].items():
        yield f"--{name}={given.get(name, about.get('default', ''))}"


def write_csv(path: Path, rows: int) -> None:
    """Write a bootstrap of the shipped table: rows drawn with replacement, their two measured columns 5 % off.

    Without that noise nearly all rows of a large table would be equal, and a forest's trees no deeper than the small
    one's.
    """
    table = pq.read_table(TABLE)
    random = np.random.default_rng(0)
    with csv.CSVWriter(path, table.schema) as writer:
        for start in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - start)
            part = table.take(pa.array(random.integers(0, table.num_rows, count)))
            changed = {"record_id": np.arange(start, start + count)}
            for name in ("hindfoot_length", "weight"):
                changed[name] = (part[name].to_numpy() * random.normal(1, NOISE, count)).round(2)
            for name, values in changed.items():
                place, field = part.column_names.index(name), table.schema.field(name)
                part = part.set_column(place, field, pa.array(values, field.type, from_pandas=True))
            writer.write_table(part)


def growth(costs: Mapping[int, float]) -> tuple[float, float, float] | None:
    """Fit cost = a + b (rows / 10⁶)^k to the logarithms, so that each size counts the same; return a, b and k.

    `a` is what a step takes without rows: its start, its imports. None of fewer than four sizes, or when the largest
    one does not take twice the least, which tells nothing of growth.
    """
    rows, cost = np.array(list(costs)) / 1e6, np.array(list(costs.values()))
    if len(rows) < 4 or cost.max() < 2 * cost.min():
        return None

    def off(parameters: np.ndarray) -> np.ndarray:
        a, b, k = parameters
        return np.log(a + b * rows**k) - np.log(cost)

    start = (cost.min() / 2, cost.max() / rows.max(), 1.0)
    return tuple(least_squares(off, start, bounds=([0, 1e-9, 0.1], [cost.min(), np.inf, 3]), x_scale=start).x.tolist())


def comparable(step: str, costs: Mapping[int, Any]) -> dict[int, Any]:
    """Return the sizes at which the step works on all rows: of a trainer those without a sample."""
    return {size: cost for size, cost in costs.items() if size <= SAMPLE_ROWS or not step.startswith("train")}


def print_table(fits: Mapping[str, Mapping[int, Cost]]) -> None:
    """Print what every step took at every size, and how its CPU seconds grow."""
    sizes = list(next(iter(fits.values())))
    for title, figure in (("CPU s", "cpu"), ("wall s", "wall"), ("peak MB", "memory")):
        click.echo(f"{title:>16}" + "".join(f"{size:>12,}" for size in sizes) + f"{'exponent':>10}")
        for step, costs in fits.items():
            values = {size: getattr(cost, figure) for size, cost in costs.items()}
            shown = "".join(f"{value / (MEGABYTE if figure == 'memory' else 1):12,.1f}" for value in values.values())
            fitted = growth(comparable(step, values))
            click.echo(f"{step:>16}{shown}{f'{fitted[2]:.2f}' if fitted else '–':>10}")


def draw(fits: Mapping[str, Mapping[int, Cost]]) -> Figure:
    """Return CPU seconds and peak memory over the rows, with the fitted curves."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, title, scale_by, of in zip(
        figure.subplots(1, 2), ("CPU seconds", "peak memory, MB"), (1, MEGABYTE), ("cpu", "memory"), strict=True
    ):
        for number, (step, costs) in enumerate(fits.items()):
            values = {size: getattr(cost, of) / scale_by for size, cost in costs.items()}
            fitted = growth(comparable(step, values))
            told = f"{step}, exponent {fitted[2]:.2f}" if fitted else step
            line = "o" if fitted else "o:"
            axes.plot(
                list(values), list(values.values()), line, color=f"C{number}", label=told, markersize=4, linewidth=1
            )
            if fitted:
                a, b, k = fitted
                dense = np.geomspace(min(values), max(comparable(step, values)), 100)
                axes.plot(dense, a + b * (dense / 1e6) ** k, color=f"C{number}", linewidth=1)
        axes.set(xscale="log", yscale="log", xlabel="rows", title=title)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter("{x:,g}")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    return figure


if __name__ == "__main__":
    scale()
