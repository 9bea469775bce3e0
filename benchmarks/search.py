"""What Grove's search costs, against scikit-learn's GridSearchCV with the same pipeline, candidates and folds."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click
import numpy as np
from far_server import far_server
from measure import Cost, Measured, fresh_store, in_turns, print_ratio, spend

REFERENCE = {"n_estimators": "100,200,400", "max_features": "sqrt,0.5", "min_samples_leaf": "1,3"}
KMEANS = {"n_clusters": "8,16", "cluster_features": "distances,label"}
GRIDS = {"train_rf": REFERENCE, "train_rf_kmeans": REFERENCE | KMEANS}
LIMITS = "limits: 0.62 of CPU and wall, 1 of the peak"
TREES = 400 / 700
"""Of the reference grid: the trees that must be grown, in relation to all."""
SMALL_ROWS = 2_000
AUTOLOG_LIMIT = "limit: 0.3 of wall"
HUNDRED = {
    "n_estimators": "20",
    "max_features": "1,2,3,4,5",
    "max_depth": "4,8,12,16,none",
    "min_samples_leaf": "1,2,3,5",
}
"""Nothing to share but the encoding, so that what is measured is the logging."""
LOGGING_LIMIT = "limit: 1.05 of wall"
DASK_LIMIT = "limit: 1.15 of wall"
LATENCY = 0.02
"""Seconds there and back."""
FEW_ROWS, MANY_ROWS = 5_000, 30_000
TWELVE = {"n_estimators": "20,40", "max_features": "sqrt,0.5", "min_samples_leaf": "1,3,5"}
NINETY_SIX = TWELVE | {"n_estimators": "20,40,60,80", "max_depth": "8,12,16,none"}
TOLERANCE = 1e-12


def once(side: str, trainer: str = "train_rf", **more: Any) -> list[str]:
    """Return the command of one search."""
    text = json.dumps({"side": side, "trainer": trainer, **more})
    return [sys.executable, "-m", "benchmarks.search_once", text]


def n_candidates(grids: Mapping[str, str]) -> int:
    """Return how many candidates the grids have."""
    return math.prod(len(values.split(",")) for values in grids.values())


def reference(repeats: int) -> None:
    """Compare the reference grid of both trainers, on all rows of the shipped table."""
    for trainer, grids in GRIDS.items():
        measured = in_turns(
            {"Grove": once("grove", trainer, grids=grids), "GridSearchCV": once("scikit", trainer, grids=grids)},
            repeats,
        )
        print_ratio(f"{trainer}, the reference grid", measured, LIMITS)
        click.echo(f"  {TREES:.3f} of the trees must be grown")
        check_scores(measured)


def autologger(repeats: int) -> None:
    """Compare candidates as runs with those of MLflow's autologger, on a small table."""
    for trainer, grids in GRIDS.items():
        small = {"grids": grids, "rows": SMALL_ROWS}
        commands = {
            "Grove, in Tracking": once("tracked", trainer, **small),
            "GridSearchCV, autologged": once("autologged", trainer, **small),
        }
        measured = in_turns(commands, repeats)
        title = f"{trainer}, {SMALL_ROWS:,} rows, {n_candidates(grids)} candidates in Tracking"
        print_ratio(title, measured, AUTOLOG_LIMIT)
        check_scores(measured)


def logging(repeats: int) -> None:
    """Compare a run of 100 candidates with the same one whose candidates are runs: embedded, and on a far server."""
    print_ratio("100 candidates: the embedded store", logged(repeats), LOGGING_LIMIT)
    # One worker and half the trees take as long, and leave a core to the server, as if it were elsewhere.
    few = {"grids": HUNDRED | {"n_estimators": "10"}, "n_jobs": 1}
    with far_server(LATENCY) as uri:
        server = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": "Default"}
        measured = logged(repeats, server, **few)
    print_ratio(f"100 candidates: a server {1000 * LATENCY:.0f} ms away", measured, LOGGING_LIMIT)


def logged(repeats: int, variables: Mapping[str, str] | None = None, **more: Any) -> dict[str, Measured]:
    """Measure a run with candidates as runs, and without."""
    asked = {"grids": HUNDRED} | more
    measured = in_turns({side: once(side, **asked) for side in ("tracked", "untold")}, repeats, variables)
    check_scores(measured)
    return measured


def growth(repeats: int) -> None:
    """Compare how the cost grows with rows and with candidates."""
    steps = {
        f"{FEW_ROWS:,} to {MANY_ROWS:,} rows": (
            {"grids": TWELVE, "rows": FEW_ROWS},
            {"grids": TWELVE, "rows": MANY_ROWS},
        ),
        "12 to 96 candidates": ({"grids": TWELVE, "rows": FEW_ROWS}, {"grids": NINETY_SIX, "rows": FEW_ROWS}),
    }
    for title, sizes in steps.items():
        commands = {
            f"{side} {number}": once(side, **size) for side in ("grove", "scikit") for number, size in enumerate(sizes)
        }
        measured = in_turns(commands, repeats)
        for number in range(len(sizes)):
            check_scores({name: measured[name] for name in (f"grove {number}", f"scikit {number}")})
        costs = {name: found.median for name, found in measured.items()}
        for side in ("grove", "scikit"):
            small, large = costs[f"{side} 0"], costs[f"{side} 1"]
            click.echo(f"{title}: {side} CPU x {large.cpu / small.cpu:.2f}, wall x {large.wall / small.wall:.2f}")


def grown(repeats: int) -> None:
    """Compare a search whose grid has grown by one value with one of the new candidates alone, and of all."""
    old = {**REFERENCE, "n_estimators": "100"}
    new = {**old, "min_samples_leaf": "5"}
    every = {**old, "min_samples_leaf": "1,3,5"}
    spent: dict[str, list[Cost]] = {"grown": [], "new alone": [], "all": []}
    said: dict[str, str] = {}

    def run(name: str, command: list[str], variables: Mapping[str, str]) -> None:
        cost, said[name] = spend(command, variables)
        spent[name].append(cost)

    for _ in range(repeats):
        with fresh_store() as environment:
            spend(once("tracked", grids=old), environment)
            run("grown", once("tracked", grids=every, take=True), environment)
        for name, grids in (("new alone", new), ("all", every)):
            with fresh_store() as environment:
                run(name, once("tracked", grids=grids), environment)
    measured = {name: Measured(costs, said[name]) for name, costs in spent.items()}
    check_scores({name: measured[name] for name in ("grown", "all")})
    medians = {name: found.median.cpu for name, found in measured.items()}
    click.echo(f"A grid of 4 candidates grown by 2; CPU seconds, medians of {repeats}")
    for name, cost in medians.items():
        click.echo(f"  {name:9}  {cost:7.1f}  {cost / medians['all']:7.2f}")


def dask(repeats: int) -> None:
    """Compare two single-thread workers of a Dask cluster with two processes of this machine."""
    from distributed import LocalCluster  # in requirements-dask.txt, which the other parts do without

    asked = {"grids": REFERENCE, "rows": FEW_ROWS}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        commands = {
            "Dask": once("grove", compute=cluster.scheduler_address, **asked),
            "loky": once("grove", **asked),
        }
        measured = in_turns(commands, repeats)
    print_ratio("Two workers, of which those of Dask are not in its CPU seconds and memory", measured, DASK_LIMIT)
    check_scores(measured)


def check_scores(measured: Mapping[str, Measured]) -> None:
    """Raise click.ClickException unless both sides found the same scores; else they did not do the same work."""
    one, other = (np.array(json.loads(side.output.splitlines()[-1])) for side in measured.values())
    if one.shape != other.shape or not np.allclose(one, other, rtol=0, atol=TOLERANCE):
        raise click.ClickException(f"Got other scores from {' and '.join(measured)}, expected the same from both.")


PARTS: dict[str, Callable[[int], None]] = {
    part.__name__: part for part in (reference, autologger, logging, growth, grown, dask)
}


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each side.")
@click.option("--only", type=click.Choice(list(PARTS)), help="Measure one part.")
def search(repeats: int, only: str | None) -> None:
    """Print what the search costs in relation to scikit-learn's."""
    for name, part in PARTS.items():
        if only in (None, name):
            part(repeats)


if __name__ == "__main__":
    search()
