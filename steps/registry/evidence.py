"""What stands on a version: where it came from, what it scored, and what the gate found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import Artifact
from steps.lineage.provenance import SOURCE_TAG
from steps.registry.gate import Decision
from steps.registry.model_card import has_card, outdates, remove_card
from steps.registry.versions import DATA_TAG, GATE_TAG, RUN_TAG, TARGET_TAG, VARIANT_TAG
from steps.report import markdown

_REWRITTEN = ("grove.cv.", "grove.holdout.", f"{GATE_TAG}.", f"{RUN_TAG}.", f"{SOURCE_TAG}.")
"""Beginnings of tags; what another verdict left there goes."""
_DESCRIPTION_CHARACTERS = 4900
"""MLflow's database has 5,000."""


@dataclass(frozen=True)
class Evidence:
    """A verdict, as a version of its winner carries it."""

    content: dict[str, Any]
    source: Artifact

    def tags(self, decision: Decision) -> dict[str, str]:
        """Return the version's tags: what it came from, what it scored, what the gate found."""
        name, scoring = self.content["winner"], self.content["scoring"]
        winner = self.content["models"][name]
        holdout = {metric: value for metric, value in winner["holdout"].items() if value is not None}
        return {
            VARIANT_TAG: name,
            TARGET_TAG: self.content["target"],
            DATA_TAG: self.content["data_fingerprint"],
            f"grove.cv.{scoring}": f"{winner['cv_mean']:.6f}",
            **{f"grove.holdout.{metric}": f"{value:.6f}" for metric, value in holdout.items()},
            **{f"{RUN_TAG}.{step}": run_id for step, run_id in (self.source.chain | _own_runs()).items()},
            **_source_of(self.source.chain[name]),
            GATE_TAG: "passed" if decision.passed else "not passed",
            **{f"{GATE_TAG}.{check.name}": str(check) for check in decision.checks},
        }

    def description(self, decision: Decision) -> str:
        """Return the Markdown that the MLflow UI shows of the version."""
        content, name = self.content, self.content["winner"]
        winner, rows = content["models"][name], content["rows"]
        best = ", ".join(f"{key}={value}" for key, value in winner["best"].items())
        scores = [[metric, markdown.number(value)] for metric, value in winner["holdout"].items()]
        head = ["holdout", f"{rows['test.parquet']:,} rows"]
        return markdown.shortened(
            f"**{markdown.escape(name)}** for {markdown.escape(content['target'])}, {markdown.escape(best)}, trained "
            f"on {rows['train.parquet']:,} rows.\n\n{markdown.escape(content['sentence'])}\n\n"
            f"{markdown.text_table(*gate_table(decision))}\n\n{markdown.table(head, scores)}",
            _DESCRIPTION_CHARACTERS,
        )

    def write(self, client: mlflow.MlflowClient, version: ModelVersion, decision: Decision) -> None:
        """Let the version have these tags and this description, and none of another verdict's.

        What it has already is not written again. A card stays in place of the description until something that it may
        speak of changes.
        """
        tags, text = self.tags(decision), self.description(decision)
        changed = {tag: value for tag, value in tags.items() if version.tags.get(tag) != value}
        gone = [tag for tag in version.tags if tag.startswith(_REWRITTEN) and tag not in tags]
        # Before the tags change, so that no card outlives what it is about.
        if not has_card(version) or outdates([*changed, *gone]):
            if version.description != text:
                client.update_model_version(version.name, version.version, text)
            if has_card(version):
                remove_card(client, version)
                click.echo(
                    f"register: the card of version {version.version} spoke of an earlier verdict and is gone: "
                    f"-e describe writes a new one"
                )
        for tag, value in changed.items():
            client.set_model_version_tag(version.name, version.version, tag, value)
        for tag in gone:
            client.delete_model_version_tag(version.name, version.version, tag)


def gate_table(decision: Decision) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the gate's checks, each with its figure."""
    return ["gate", "", "found"], [[check.name, check.word, check.said] for check in decision.checks]


def _own_runs() -> dict[str, str]:
    run = mlflow.active_run()
    parent = run.data.tags.get("mlflow.parentRunId")
    return {"register": run.info.run_id, **({"main": parent} if parent else {})}


def _source_of(run_id: str) -> dict[str, str]:
    """Return the tags that say which commit trained the model."""
    try:
        tags = mlflow.get_run(run_id).data.tags
    except MlflowException:  # deleted for good
        return {}
    return {tag: value for tag, value in tags.items() if tag.startswith(f"{SOURCE_TAG}.")}
