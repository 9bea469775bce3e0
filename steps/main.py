"""The driver: run the whole chain, from a table to a registered model.

Reads every parameter of the steps.
Writes nothing itself: it starts each step with mlflow.run, as a nested run, and hands it the artifact URIs of the steps
before it. Its own run's description is the summary.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click
import mlflow
import yaml

from steps.forest.options import SEARCH_OPTIONS
from steps.lineage.artifacts import download, resolve
from steps.lineage.chain import Chain, artifact
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.options import options
from steps.lineage.registry import REGISTRY_OPTIONS
from steps.lineage.source import PROJECT
from steps.lineage.tracking import is_server, without_credentials
from steps.report import markdown
from steps.report.card import score_table
from steps.table.options import TABLE_OPTIONS

TRAINERS = ("train_rf", "train_rf_kmeans")
"""The plain one first: a later one must be better to win."""

PARAMETERS = {
    name: list(entry["parameters"])
    for name, entry in yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"].items()
}


@click.command("main", cls=EntryPoint)
@options(*PARAMETERS["main"], types=TABLE_OPTIONS | SEARCH_OPTIONS | REGISTRY_OPTIONS, as_typed=True)
def main(**values: str) -> None:
    """Load, preprocess, train side by side, evaluate, register."""
    values["data"] = resolve(values["data"])
    with Chain(PARAMETERS, values) as chain:
        try:
            load = chain.run("load")
            split = artifact(chain.run("preprocess", table=artifact(load, "table")), "split")
            trained = train(chain, split, values["n_jobs"])
            models = ",".join(artifact(run_id, "model") for run_id in trained.values())
            evaluated = chain.run("evaluate", split=split, models=models)
            registered = chain.run("register", verdict=artifact(evaluated, "verdict"))
        except RuntimeError as error:
            raise click.ClickException(str(error)) from error
        summarize(chain, evaluated, registered)


def train(chain: Chain, split: str, n_jobs: str) -> dict[str, str]:
    """Run the trainers: side by side when all cores are theirs, else in turn, so that `n_jobs` is not exceeded."""
    if n_jobs == "-1":
        return chain.run_together({trainer: {"split": split} for trainer in TRAINERS})
    return {trainer: chain.run(trainer, split=split) for trainer in TRAINERS}


def summarize(chain: Chain, evaluated: str, registered: str) -> None:
    """Print the comparison and what to type next; make them the run's description."""
    path = download(artifact(evaluated, "verdict/verdict.json"), "verdict")
    verdict = json.loads(Path(path).read_text(encoding="utf-8"))
    tags = mlflow.get_run(registered).data.tags
    name, version = tags["grove.model_name"], tags["grove.model_version"]
    scoring = verdict["scoring"]
    head, cells = score_table(verdict)
    widths = [max(len(row[column]) for row in [head, *cells]) for column in range(3)]
    click.echo()
    for row in [head, *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    champion = f"models:/{name}@champion"
    click.echo(f"\n{verdict['sentence']}\n\nRegistered {verdict['winner']} as {name}, version {version}: {champion}")
    for purpose, command in next_commands(champion).items():
        click.echo(f"{purpose}\n  {command}")
    links = [
        [markdown.link(run.info.run_name, run.info.experiment_id, run.info.run_id), run.info.status.lower()]
        for run in chain.children()
    ]
    describe(
        f"**{markdown.escape(verdict['sentence'])}**\n\n{markdown.text_table(head, cells)}\n\n"
        f"Registered {markdown.escape(verdict['winner'])} as {markdown.escape(name)} version {version}, "
        f"alias champion.\n\n{markdown.table(['step', 'status'], links)}"
    )
    for model, found in verdict["models"].items():
        scores = {f"cv_{scoring}": found["cv_mean"], f"holdout_{scoring}": found["holdout"][scoring]}
        mlflow.log_metrics({f"{model}_{metric}": value for metric, value in scores.items() if value is not None})
    mlflow.set_tags({"grove.winner": verdict["winner"], "grove.model_name": name, "grove.model_version": version})


def next_commands(model_uri: str) -> dict[str, str]:
    """Return what to type to look at the results, and to serve the model."""
    tracking = mlflow.get_tracking_uri()
    python = shlex.quote(sys.executable)
    shown = shlex.quote(without_credentials(tracking))
    serve = f"{python} -m mlflow models serve -m {shlex.quote(model_uri)} --env-manager local --port 5001"
    look = f"mlflow ui --backend-store-uri {shown}"
    if is_server(tracking):
        run = mlflow.active_run().info
        look = f"{without_credentials(tracking).rstrip('/')}/#/experiments/{run.experiment_id}/runs/{run.run_id}"
    return {"Look at it:": look, "Serve it:": f"MLFLOW_TRACKING_URI={shown} {serve}"}


if __name__ == "__main__":
    main()
