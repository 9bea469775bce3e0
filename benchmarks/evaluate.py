"""What the evaluate step costs beyond its own calls of mlflow.models.evaluate, in relation to the default cold run."""

from __future__ import annotations

import json
import statistics
import sys

import click
import mlflow
from measure import fresh_store, spend
from overhead import mlflow_run

LIMIT = 0.15


@click.command()
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of main.")
def evaluate(repeats: int) -> None:
    """Run main with an empty store, then its evaluate step once more with a clock beside MLflow's evaluator."""
    shares, seconds = [], []
    for repeat in range(repeats):
        with fresh_store() as environment:
            cold, _ = spend(mlflow_run("."), environment)
            once, output = spend([sys.executable, "-m", "benchmarks.evaluate_once", *inputs(environment)], environment)
        inside = json.loads(output.splitlines()[-1])["mlflow_evaluate"]
        shares.append((once.wall - inside) / cold.wall)
        seconds.append((cold.wall, once.wall, inside))
        click.echo(f"  {repeat + 1}/{repeats} main {cold.wall:.1f} s, evaluate {once.wall:.1f} s", err=True)
    click.echo(f"evaluate in the default cold run; medians of {repeats}, wall seconds")
    whats = ("main", "evaluate, its process and imports included", "of that, mlflow.models.evaluate")
    for what, found in zip(whats, zip(*seconds, strict=True), strict=True):
        click.echo(f"  {what:44}{statistics.median(found):6.1f}")
    click.echo(f"  what evaluate adds, of main's time: {statistics.median(shares):.3f}  (limit: {LIMIT:g})")


def inputs(environment: dict[str, str]) -> list[str]:
    """Return the options of main's evaluate step for the runs in the store."""
    client = mlflow.MlflowClient(environment["MLFLOW_TRACKING_URI"])
    (experiment,) = client.search_experiments(filter_string=f"name = '{environment['MLFLOW_EXPERIMENT_NAME']}'")
    (run,) = client.search_runs([experiment.experiment_id], "tags.mlflow.project.entryPoint = 'evaluate'")
    # MLflow logs them as a shell would need them.
    return [f"--{name}={value.strip(chr(39))}" for name, value in run.data.params.items()]


if __name__ == "__main__":
    evaluate()
