"""Register the winning model, and make it the champion if it passes the gate.

Reads `verdict/`, as evaluate wrote it, and the split and the models that it is about.
Writes a version of the registered model, with tags and a description that tell where it came from and what the gate
found; a record in the model's history; and the alias `champion`, the champion before getting `previous`. A model that
did not pass gets the alias `challenger`. A card says so.

Evidence, record, aliases, and of these `champion` last: what is interrupted leaves the old champion, or the new one
with all that belongs to it, and doing it again finishes it. A model that has a version already gets no second one, and
what stands on the champion stays as it was when it became that.
"""

from __future__ import annotations

import json
from typing import Any

import click
import mlflow
from mlflow.entities.model_registry import ModelVersion

from steps.forest.options import VERDICT_OPTIONS
from steps.lineage.artifacts import fetch
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import record_key
from steps.lineage.options import options
from steps.registry.evidence import Evidence, gate_table
from steps.registry.gate import Asked, Decision, judge
from steps.registry.history import CHALLENGER, CHAMPION
from steps.registry.moves import aliases_now, carry_out, to_challenger, to_champion
from steps.registry.options import GATE_OPTIONS
from steps.registry.turn import remove_ended, turn
from steps.registry.versions import ALIAS_TAG, NAME_TAG, REFUSAL_TAG, VERSION_TAG, champion_of, find_or_create
from steps.report import markdown
from steps.report.page import Table, page


@click.command("register", cls=EntryPoint)
@options(
    "verdict",
    "model_name",
    "min_score",
    "thresholds",
    "min_class_recall",
    "min_slice_score",
    "rope",
    "allow_schema_change",
    types=VERDICT_OPTIONS | GATE_OPTIONS,
)
def register(
    verdict: str,
    model_name: str,
    min_score: float | None,
    thresholds: str,
    min_class_recall: float | None,
    min_slice_score: float | None,
    rope: float,
    allow_schema_change: bool,
) -> None:
    """Register the winner of the verdict and make it the champion, or say why not."""
    asked = Asked(min_score, thresholds, min_class_recall, min_slice_score, rope, allow_schema_change)
    source = fetch(verdict, "verdict")
    content = json.loads((source.folder / "verdict.json").read_text(encoding="utf-8"))
    client = mlflow.MlflowClient()
    today = champion_of(client, model_name)
    decision = judge(content, source, asked, today)
    evidence = Evidence(content, source)
    version, is_new = find_or_create(
        client, model_name, source.apart["model_uris"][content["winner"]], evidence.tags(decision)
    )
    alias, decision = place(client, version, evidence, decision, today)
    mlflow.set_tags({NAME_TAG: model_name, VERSION_TAG: version.version, ALIAS_TAG: alias})
    if not decision.passed:
        mlflow.set_tag(REFUSAL_TAG, decision.why)
    _tell(content, version, is_new, alias, decision)
    record_key("register", {"verdict": source.fingerprint})


def place(
    client: mlflow.MlflowClient,
    version: ModelVersion,
    evidence: Evidence,
    decision: Decision,
    today: ModelVersion | None,
) -> tuple[str, Decision]:
    """Write the evidence, then give the version its alias; return that, and the decision as it was carried out.

    Parameters
    ----------
    today
        The champion that the decision is about. If it is another one when the alias is to move, the version becomes
        the challenger.
    """
    name, number = version.name, str(version.version)
    before = None if today is None else str(today.version)
    if number == before:
        remove_ended(client, name)
        return CHAMPION, decision
    evidence.write(client, version, decision)
    run_id = mlflow.active_run().info.run_id
    if not decision.passed and not to_challenger(aliases_now(client, name), number):
        remove_ended(client, name)
        return CHALLENGER, decision
    with turn(client, name, run_id) as mine:
        aliases = aliases_now(client, name)
        if decision.passed and aliases.get(CHAMPION) not in (before, number):
            decision = decision.overtaken(aliases.get(CHAMPION))
            evidence.write(client, client.get_model_version(name, number), decision)
        alias, moves = (CHAMPION, to_champion) if decision.passed else (CHALLENGER, to_challenger)
        carry_out(client, mine, name, moves(aliases, number), step="register", why=decision.why)
    return alias, decision


def _tell(content: dict[str, Any], version: ModelVersion, is_new: bool, alias: str, decision: Decision) -> None:
    what = "registered as" if is_new else "already registered as"
    sentence = f"{content['winner']} is {what} version {version.version} of {version.name}, alias {alias}"
    if not decision.passed:
        sentence += f". It {'would not pass today' if alias == CHAMPION else 'was not promoted'}: {decision.why}"
    click.echo(f"register: {sentence}")
    head, rows = gate_table(decision)
    describe(
        f"{markdown.escape(sentence)}.\n\n{markdown.text_table(head, rows)}\n\n{markdown.escape(content['sentence'])}"
    )
    look = "calm" if alias == CHAMPION else "warning"
    title = f"{version.name}, version {version.version}: {alias}"
    mlflow.log_text(page(title, f"{sentence}.", [Table(head, rows), content["sentence"]], look=look), "card.html")


if __name__ == "__main__":
    register()
