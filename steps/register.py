"""Register the winning model.

Reads `verdict/`, as evaluate wrote it.
Writes a version of the registered model, with tags and a description that tell where it came from, and moves the alias
`champion` to it; the champion before gets `previous`. The aliases move last: what is interrupted leaves the old
champion, and doing it again finishes it. A model that has a version already gets no second one.
"""

from __future__ import annotations

import json
from typing import Any

import click
import mlflow
from mlflow.entities.model_registry import ModelVersion

from steps.lineage.artifacts import Artifact, fetch
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import record_key
from steps.lineage.options import options
from steps.lineage.registry import CHAMPION, MODEL_TAG, REGISTRY_OPTIONS
from steps.report import markdown

PREVIOUS = "previous"


@click.command("register", cls=EntryPoint)
@options("verdict", "model_name", types=REGISTRY_OPTIONS)
def register(verdict: str, model_name: str) -> None:
    """Register the winner of the verdict and make it the champion."""
    source = fetch(verdict, "verdict")
    content = json.loads((source.folder / "verdict.json").read_text(encoding="utf-8"))
    client = mlflow.MlflowClient()
    version, is_new = find_or_create(client, model_name, source.apart["model_uris"][content["winner"]])
    annotate(client, version, content, source)
    promote(client, model_name, version.version)
    mlflow.set_tags({"grove.model_name": model_name, "grove.model_version": version.version})
    what = "registered as" if is_new else "already registered as"
    sentence = f"{content['winner']} is {what} version {version.version} of {model_name}, alias {CHAMPION}"
    click.echo(f"register: {sentence}")
    describe(f"{markdown.escape(sentence)}.\n\n{markdown.escape(content['sentence'])}")
    record_key("register", {"verdict": source.fingerprint})


def find_or_create(client: mlflow.MlflowClient, model_name: str, model_uri: str) -> tuple[ModelVersion, bool]:
    """Return the model's version under this name, and whether it is new."""
    for known in client.search_model_versions(f"name = '{model_name}'"):
        if known.tags.get(MODEL_TAG) == model_uri:
            return known, False
    client.get_logged_model(model_uri.removeprefix("models:/"))  # or a name without a version would be left behind
    return mlflow.register_model(model_uri, model_name, tags={MODEL_TAG: model_uri}), True


def annotate(client: mlflow.MlflowClient, version: ModelVersion, content: dict[str, Any], source: Artifact) -> None:
    """Write the evidence into the version's tags and description."""
    name = content["winner"]
    winner = content["models"][name]
    scoring, holdout = content["scoring"], winner["holdout"]
    tags = {
        "grove.variant": name,
        "grove.data.fingerprint": content["data_fingerprint"],
        f"grove.cv.{scoring}": f"{winner['cv_mean']:.6f}",
        **{f"grove.holdout.{metric}": f"{value:.6f}" for metric, value in holdout.items() if value is not None},
        **{f"grove.run.{step}": run_id for step, run_id in source.chain.items()},
    }
    for key, value in tags.items():
        client.set_model_version_tag(version.name, version.version, key, value)
    best = ", ".join(f"{key}={value}" for key, value in winner["best"].items())
    rows = [[metric, markdown.number(value)] for metric, value in holdout.items()]
    client.update_model_version(
        version.name,
        version.version,
        f"**{markdown.escape(name)}** for {markdown.escape(content['target'])}, {markdown.escape(best)}, trained on "
        f"{content['rows']['train.parquet']:,} rows.\n\n{markdown.escape(content['sentence'])}\n\n"
        + markdown.table(["holdout", f"{content['rows']['test.parquet']:,} rows"], rows),
    )


def promote(client: mlflow.MlflowClient, model_name: str, version: str) -> None:
    """Give `champion` to the version, and `previous` to the champion before."""
    aliases = client.get_registered_model(model_name).aliases
    before = aliases.get(CHAMPION)
    if str(before) == str(version):
        return
    if before is not None:
        client.set_registered_model_alias(model_name, PREVIOUS, str(before))
    client.set_registered_model_alias(model_name, CHAMPION, str(version))


if __name__ == "__main__":
    register()
