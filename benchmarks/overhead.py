"""What Grove adds to its fits: against one plain script, and against a chain written by the book."""

from __future__ import annotations

import re
import sys

import click
from measure import PROJECT, Measured, in_turns, print_ratio

TRIVIAL = {"n_estimators": "5", "max_features": "sqrt", "min_samples_leaf": "3", "n_clusters": "2", "cv": "2"}
"""One candidate for each trainer, so that what is measured is the chain and not the forests."""

ONE_FILE_LIMIT = "limit: 1.6 of wall"
NAIVE_LIMIT = "limit: 0.75 of wall"
CPU_GOAL = 180.0
"""Seconds, for the default run."""


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each side.")
@click.option("--only", type=click.Choice(["default", "trivial"]), help="Measure one of the two parts.")
def overhead(repeats: int, only: str | None) -> None:
    """Print what the default run and a trivial one cost in relation to other ways to the same fits."""
    if only != "trivial":
        default_run(repeats)
    if only != "default":
        trivial_run(repeats)


def default_run(repeats: int) -> None:
    """Compare the default run with one plain script that fits the same."""
    measured = in_turns(
        {
            "mlflow run . -e main": mlflow_run("."),
            "one_file.py": [sys.executable, "-m", "benchmarks.one_file"],
        },
        repeats,
    )
    print_ratio("The default run against one plain script", measured, ONE_FILE_LIMIT)
    grove, plain = measured.values()
    click.echo(f"  The default run takes {grove.median.cpu:.0f} CPU seconds (goal: at most {CPU_GOAL:.0f})")
    check_scores(grove, plain)


def check_scores(grove: Measured, plain: Measured) -> None:
    """Raise click.ClickException unless both sides found the same; else they did not do the same work."""
    found = [re.findall(r"^(train_\w+)\s+([\d.]+ ± [\d.]+)\s+([\d.]+)$", side.output, re.M) for side in (grove, plain)]
    if not found[0] or found[0] != found[1]:
        raise click.ClickException(f"Got the scores {found[0]} and {found[1]}, expected the same from both.")


def trivial_run(repeats: int) -> None:
    """Compare Grove's six steps with six plain ones, on grids of one candidate."""
    data = f"data={PROJECT / 'data' / 'portal_rodents.parquet'}"
    trivial = [f"{name}={value}" for name, value in TRIVIAL.items()]
    measured = in_turns(
        {
            "Grove": mlflow_run(".", *trivial, "cluster_features=distances"),
            "naive": mlflow_run("benchmarks/naive", *trivial, data, "target=species_id"),
        },
        repeats,
    )
    print_ratio("Trivial grids: Grove's chain against a naive one", measured, NAIVE_LIMIT)


def mlflow_run(project: str, *parameters: str) -> list[str]:
    """Return the command that a user types."""
    words = [word for parameter in parameters for word in ("-P", parameter)]
    return ["mlflow", "run", project, "-e", "main", "--env-manager", "local", *words]


if __name__ == "__main__":
    overhead()
