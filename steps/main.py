"""The driver: run the whole chain, from a table to a registered model.

Reads every parameter of the steps.
Writes nothing itself: it starts each step with mlflow.run, as a nested run, and hands it the artifact URIs of the steps
before it. A step that a finished run has done already, with the same key, is not started: that run is taken. One that
another main is running is waited for, of which a tag of its own run tells. Its own run's description is the summary.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click
import mlflow
import yaml
from mlflow.entities import Run

from steps.forest.compute import LOCAL
from steps.forest.options import SEARCH_OPTIONS, VERDICT_OPTIONS
from steps.lineage.artifacts import OWN, download, resolve
from steps.lineage.cache import CACHE_OPTIONS, Cache
from steps.lineage.chain import Chain, StepRun
from steps.lineage.credentials import without_credentials
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.in_progress import InProgress
from steps.lineage.keys import file_fingerprint
from steps.lineage.leftovers import mark_leftovers
from steps.lineage.options import options
from steps.lineage.pipeline import Parameters, Pipeline, to_the_minute
from steps.lineage.provenance import hand_on, refuse_dirty
from steps.lineage.source import PROJECT, refuse_edited
from steps.lineage.temporary import remove_leftovers
from steps.lineage.tracking import is_server
from steps.registry.history import CHAMPION
from steps.registry.options import GATE_OPTIONS
from steps.registry.thresholds import check_metrics, parse_thresholds
from steps.registry.versions import ALIAS_TAG, NAME_TAG, REFUSAL_TAG, VERSION_TAG, check_champion
from steps.report import markdown
from steps.report.card import score_table
from steps.table.columns import columns_of
from steps.table.manifest import MANIFEST
from steps.table.options import TABLE_OPTIONS
from steps.table.schema import Schema
from steps.training.turns import TURN_VARIABLE

TRAINERS = ("train_rf", "train_rf_kmeans")
"""The plain one first: a later one must be better to win."""

PARAMETERS = {
    name: list(entry["parameters"])
    for name, entry in yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"].items()
}
TYPES = TABLE_OPTIONS | SEARCH_OPTIONS | VERDICT_OPTIONS | GATE_OPTIONS | CACHE_OPTIONS
_MOST_CHARACTERS = 5000
"""Of the table of steps, as a description has 8,000 at most."""
OWN_OPTIONS = ("describe", "wait", "cache_audit", "strict")
"""What no step has."""


@click.command("main", cls=EntryPoint)
@options(*(name for name in PARAMETERS["main"] if name not in OWN_OPTIONS), types=TYPES, as_typed=True)
@options(*OWN_OPTIONS, types=TYPES)
@click.pass_context
def main(context: click.Context, /, wait: int, cache_audit: float, strict: bool, **values: str) -> None:
    """Load, preprocess, train side by side, evaluate, register."""
    cache, endpoint = values["cache"], values.pop("describe")
    if cache_audit and cache != "use":
        raise ValueError(
            f"Got cache_audit={cache_audit:g} with cache={cache}, expected cache=use: what is taken is audited."
        )
    check_metrics(parse_thresholds(values["thresholds"]), values["scoring"])
    if values["compute"] != LOCAL:
        check_cluster(values["compute"])
    if endpoint:
        warn_of_gateway(values["gateway"], endpoint)
    if strict:
        refuse_dirty(context.obj["source"])
    experiment_id = mlflow.active_run().info.experiment_id
    mark_leftovers(experiment_id, mlflow.active_run().info.run_id)
    remove_leftovers(Path(tempfile.gettempdir()))
    hand_on(source=context.obj["source"], environment=context.obj["environment"])
    if not values["data"].startswith(OWN):
        values["data"] = resolve(values["data"])

    def check_registered(register: Run) -> None:
        manifest = mlflow.artifacts.load_dict(f"{pipeline.steps['evaluate'].output}/{MANIFEST}")
        check_champion(register, manifest["apart"]["models"])

    finished = Cache(experiment_id, cache_audit, check_registered) if cache == "use" else None
    with Chain(before=refuse_edited, apart=cache == "off") as chain:
        in_progress = None if finished is None else InProgress(60 * wait, chain.pause)
        pipeline = Pipeline(chain, finished, Parameters(PARAMETERS, values, TYPES), in_progress)
        try:
            evaluated, registered = run(pipeline, values)
        except RuntimeError as error:
            describe(step_table(pipeline.steps))
            raise click.ClickException(str(error)) from error
        summary = summarize(pipeline, evaluated, registered)
        if endpoint:
            write_card(pipeline, registered, endpoint)
            describe(f"{summary}\n\n{step_table(pipeline.steps)}")


def check_cluster(compute: str) -> None:
    """Raise ValueError or ConnectionError if there is no such cluster, which else the trainers would tell, later."""
    from steps.forest.cluster import Cluster  # scikit-learn with it, which main can do without

    Cluster(compute, 1).close()


def warn_of_gateway(gateway: str, endpoint: str) -> None:
    """Say it if no LLM can be asked for the card as it seems, which else describe would tell, after the training."""
    from steps.gateway.client import NoAnswerError, gateway_with  # much to load, which main can do without

    try:
        gateway_with(endpoint, gateway)
    except NoAnswerError as error:
        click.echo(f"main: the card will be written without an LLM, if this stays so: {error}", err=True)


def run(pipeline: Pipeline, values: dict[str, str]) -> tuple[StepRun, StepRun]:
    """Run all steps; return the last two."""
    load = pipeline.run("load", {"data": data_fingerprint(values["data"])})
    preprocess = pipeline.run("preprocess", {"table": load.fingerprint}, table=load.output)
    check_slices(preprocess.output, values["slices"])
    trained = train(pipeline, preprocess, values["n_jobs"])
    evaluate = pipeline.run(
        "evaluate",
        {"split": preprocess.fingerprint, **{name: trainer.fingerprint for name, trainer in trained.items()}},
        split=preprocess.output,
        models=",".join(trainer.artifact("model") for trainer in trained.values()),
    )
    return evaluate, pipeline.run("register", {"verdict": evaluate.fingerprint}, verdict=evaluate.output)


def write_card(pipeline: Pipeline, registered: StepRun, endpoint: str) -> None:
    """Let the LLM behind the endpoint write the card of the version that was registered; say it if there is none.

    All that main is for is done and told by then: nothing of this makes it fail.
    """
    try:
        pipeline.run_always("describe", version=registered.run.data.tags[VERSION_TAG], endpoint=endpoint)
    except RuntimeError as error:
        click.echo(f"main: there is no card: {error}", err=True)


def data_fingerprint(data: str) -> str | None:
    """Return the fingerprint of the raw data; None if it can't be read, of which load says more."""
    path = download(data, "data")
    try:
        return file_fingerprint(path)
    except (ValueError, OSError):
        return None


def check_slices(split: str, slices: str) -> None:
    """Raise ValueError for a column that the split lacks, which else evaluate would tell, after the training."""
    schema = Schema.from_dict(mlflow.artifacts.load_dict(f"{split}/{MANIFEST}")["schema"])
    columns_of("slices", slices, schema.features)


def train(pipeline: Pipeline, split: StepRun, n_jobs: str) -> dict[str, StepRun]:
    """Run the trainers: side by side when all cores are theirs, computing by turns, else one after the other."""
    inputs, uris = {"split": split.fingerprint}, {"split": split.output}
    if n_jobs != "-1":
        return {trainer: pipeline.run(trainer, inputs, **uris) for trainer in TRAINERS}
    with tempfile.NamedTemporaryFile() as turn:
        os.environ[TURN_VARIABLE] = turn.name
        return pipeline.run_together(dict.fromkeys(TRAINERS, (inputs, uris)))


def summarize(pipeline: Pipeline, evaluated: StepRun, registered: StepRun) -> str:
    """Print the comparison and what to type next; make them the run's description, which is returned without steps."""
    path = download(evaluated.artifact("verdict/verdict.json"), "verdict")
    verdict = json.loads(Path(path).read_text(encoding="utf-8"))
    about = {tag: registered.run.data.tags.get(tag) for tag in (NAME_TAG, VERSION_TAG, ALIAS_TAG, REFUSAL_TAG)}
    scoring = verdict["scoring"]
    head, cells = score_table(verdict)
    click.echo(f"\n{markdown.aligned(head, cells)}")
    model_uri, said = outcome(verdict["winner"], about)
    click.echo("\n".join(["", verdict["sentence"], "", *said]))
    for purpose, command in next_commands(model_uri).items():
        click.echo(f"{purpose}\n  {command}")
    report = markdown.link("The report", evaluated.run.info.experiment_id, evaluated.run_id, "report.html")
    summary = (
        f"**{markdown.escape(verdict['sentence'])}**\n\n{markdown.text_table(head, cells)}\n\n"
        f"{report} has all of it on one page.\n\n{markdown.bullets([*said, f'alias {about[ALIAS_TAG]}'])}"
    )
    describe(f"{summary}\n\n{step_table(pipeline.steps)}")
    for model, found in verdict["models"].items():
        scores = {f"cv_{scoring}": found["cv_mean"], f"holdout_{scoring}": found["holdout"][scoring]}
        mlflow.log_metrics({f"{model}_{metric}": value for metric, value in scores.items() if value is not None})
    cached = ",".join(step for step, taken in pipeline.steps.items() if taken.cached)
    mlflow.set_tags(
        {
            "grove.winner": verdict["winner"],
            "grove.verdict": verdict["outcome"],
            **{tag: value for tag, value in about.items() if value is not None},
            "grove.cached": cached or "none",
        }
    )
    return summary


def outcome(winner: str, about: Mapping[str, str | None]) -> tuple[str, list[str]]:
    """Return the URI of what was registered, and sentences that say what became of it.

    Parameters
    ----------
    about
        Tags of the run of register.
    """
    name, version, alias, refusal = (about[tag] for tag in (NAME_TAG, VERSION_TAG, ALIAS_TAG, REFUSAL_TAG))
    model_uri = f"models:/{name}@{CHAMPION}" if alias == CHAMPION else f"models:/{name}/{version}"
    said = [f"Registered {winner} as {name}, version {version}: {model_uri}"]
    if refusal:
        said.append(f"{'It would not pass the gate today' if alias == CHAMPION else 'Not promoted'}: {refusal}")
    return model_uri, said


def step_table(steps: dict[str, StepRun]) -> str:
    """Return a Markdown table of the steps: which run each is, whether it was taken, when it was made, and why."""
    table = markdown.table(
        ["step", "taken or run", "finished", "why"],
        [
            [
                markdown.link(step, done.run.info.experiment_id, done.run_id),
                "cached" if done.cached else "run",
                to_the_minute(done.run.info.end_time),
                markdown.escape("; ".join(done.reasons)),
            ]
            for step, done in steps.items()
        ],
    )
    return markdown.shortened(table, _MOST_CHARACTERS)


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
