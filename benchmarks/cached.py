"""What main costs when every step is taken from the cache: in relation to the import of MLflow alone."""

from __future__ import annotations

import statistics
import sys

import click
import yaml
from measure import PROJECT, Cost, fresh_store, spend

FACTOR, SECONDS = 1.5, 2.0
"""The limit: so many times the import of MLflow, and so many seconds."""


@click.command()
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(min=1), help="Runs of each side.")
def cached(repeats: int) -> None:
    """Run main once for real, then again and again in turns with the import of MLflow."""
    commands = {
        "import mlflow": [sys.executable, "-c", "import mlflow"],
        "main, all cached": [sys.executable, "-m", "steps.main", *defaults()],
        "mlflow run . -e main, all cached": ["mlflow", "run", ".", "-e", "main", "--env-manager", "local"],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    with fresh_store() as environment:
        click.echo("  the default run, to fill the cache", err=True)
        spend(commands["mlflow run . -e main, all cached"], environment)
        for repeat in range(repeats):
            for name, command in commands.items():
                cost, output = spend(command, environment)
                costs[name].append(cost)
                click.echo(f"  {repeat + 1}/{repeats} {name}: CPU {cost.cpu:.1f} s, wall {cost.wall:.1f} s", err=True)
                if name != "import mlflow" and output.count(": cached, from ") != 6:
                    raise click.ClickException(f"Got steps that ran, expected all six to be cached:\n{output}")
    wall = {name: statistics.median(cost.wall for cost in found) for name, found in costs.items()}
    click.echo(f"Medians of {repeats}, wall seconds")
    for name, seconds in wall.items():
        click.echo(f"  {name:34}{seconds:6.1f}")
    bare, main, _ = wall.values()
    click.echo(
        f"  main, all cached, takes {main / bare:.2f} times the import "
        f"(limit here: {FACTOR} times and {SECONDS:.0f} s, which is {FACTOR + SECONDS / bare:.2f} times)"
    )


def defaults() -> list[str]:
    """Return main's options with MLproject's defaults, as MLflow gives them to it."""
    text = (PROJECT / "MLproject").read_text(encoding="utf-8")
    parameters = yaml.safe_load(text)["entry_points"]["main"]["parameters"]
    return [f"--{name}={about['default']}" for name, about in parameters.items()]


if __name__ == "__main__":
    cached()
