"""Write the model card of a registered version, with an LLM behind a gateway or without one.

Reads the version and what the runs that it came from left: verdict, manifests of table and split, provenance. With
`endpoint`: the prompt in the registry, and the drafts of the LLM, of which a sentence stands if the evidence says it.
Writes the card as model_card.md, .html and .json, as the version's description, and tags on the version that say whose
sentences these are; evidence.json, beyond which the LLM is told nothing; its drafts, and each question to it as a
trace, scored by code. Several endpoints or prompts are compared, in runs below this one; the registry stays as it is.

Whatever goes wrong with the LLM, the card is written: the deterministic one, which says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import mlflow
from mlflow.entities.model_registry import ModelVersion

from steps.gateway.client import NoAnswerError, find_gateway, gateway_url, gateway_with
from steps.gateway.comparison import compare
from steps.gateway.drafting import Drafted, draft
from steps.gateway.prompts import prompt_named
from steps.gateway.published import log_card, log_drafts
from steps.lineage.entry_point import EntryPoint
from steps.lineage.entry_point import describe as describe_run
from steps.lineage.options import options
from steps.model_card.card import Card, assemble, to_description
from steps.model_card.facts import Facts, facts_of
from steps.registry.known import evidence_of
from steps.registry.model_card import CARD_TAG, write_card
from steps.registry.options import DESCRIBE_OPTIONS
from steps.registry.versions import NAME_TAG, VERSION_TAG, version_named
from steps.report import markdown

COMPARED = ["endpoint", "prompt", "model", "kept", "share_kept", "tokens", "seconds"]
"""What a comparison says of each: its tags."""


@click.command("describe", cls=EntryPoint)
@options("model_name", "version", "endpoint", "endpoints", "prompts", "gateway", types=DESCRIBE_OPTIONS)
def describe(model_name: str, version: str, endpoint: str, endpoints: str, prompts: str, gateway: str) -> None:
    """Write the card of a version, or compare what LLMs make of it."""
    asked, texts = names(endpoints), names(prompts)
    if endpoint and asked:
        raise ValueError(f"Got endpoint={endpoint} and endpoints={endpoints}, expected one of the two.")
    if not texts or (len(texts) > 1 and not (endpoint or asked)):
        raise ValueError(
            f"Got prompts={prompts} and no endpoint, expected one version of the prompt, or an endpoint to compare "
            f"several with."
        )
    client = mlflow.MlflowClient()
    described = version_named(client, model_name, version)
    evidence = evidence_of(described)
    facts = facts_of(evidence)
    mlflow.log_dict(evidence, "evidence.json")
    mlflow.set_tags({NAME_TAG: model_name, VERSION_TAG: described.version})
    if asked or len(texts) > 1:
        compare_all(gateway, asked or [endpoint], texts, evidence, facts)
        return
    drafted, why = ask(gateway, endpoint, texts[0], evidence, facts) if endpoint else (None, "")
    card = drafted.card if drafted else assemble(facts, evidence, [], note=why)
    tags = drafted.tags if drafted else {"endpoint": endpoint, "why": why} if why else {}
    if drafted:
        log_drafts(drafted, facts)
    publish(client, described, card, tags)
    whose = drafted.sentence if drafted else "the card is the deterministic one"
    click.echo(f"describe: {whose}; the description of {model_name} version {described.version} is its card")


def ask(
    gateway: str, endpoint: str, prompt: str, evidence: Mapping[str, Any], facts: Facts
) -> tuple[Drafted | None, str]:
    """Return the card that the endpoint's LLM had a hand in; None where there is no answer, and why."""
    try:
        text = prompt_named(prompt)  # first: a wrong name is the user's mistake, not the LLM's, and ends the run
        drafted = draft(gateway_with(endpoint, gateway), endpoint, text, evidence, facts)
    except NoAnswerError as error:
        click.echo(f"describe: {error}", err=True)
        return None, str(error)
    for note in drafted.notes:
        click.echo(f"describe: {note}", err=True)
    return drafted, ""


def publish(client: mlflow.MlflowClient, version: ModelVersion, card: Card, tags: dict[str, str]) -> None:
    """Log the card and make it the description of this run and of the version, with these tags on both."""
    run = mlflow.active_run().info
    tags = {**tags, "run": run.run_id}
    log_card(card, tags)
    link = markdown.link("The card with its tables", run.experiment_id, run.run_id, "model_card.html")
    text = f"{to_description(card)}\n\n{link}"
    write_card(client, version, text, tags)
    mlflow.set_tags({f"{CARD_TAG}.{name}": value for name, value in tags.items()})
    describe_run(text)


def names(text: str) -> list[str]:
    """Return the names of a comma list, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def compare_all(
    gateway: str, endpoints: list[str], prompts: list[str], evidence: Mapping[str, Any], facts: Facts
) -> None:
    """Let each endpoint's LLM write the card by each prompt; say how they did.

    Raises
    ------
    ValueError
        When there is no gateway, no such prompt, or no answer from any endpoint.
    """
    try:
        found = compare(
            find_gateway(gateway_url(gateway)), endpoints, [prompt_named(each) for each in prompts], evidence, facts
        )
    except NoAnswerError as error:
        raise ValueError(str(error)) from error
    rows = [[tags.get(name, "–") for name in COMPARED] for _, tags in found]
    click.echo(markdown.aligned(COMPARED, rows))
    failed = [f"{tags['endpoint']}, {tags['prompt']}: {tags['why']}" for _, tags in found if "why" in tags]
    for said in failed:
        click.echo(f"describe: {said}", err=True)
    run = mlflow.active_run().info
    linked = [
        [markdown.link(row[0], run.experiment_id, run_id), *map(markdown.escape, row[1:])]
        for (run_id, _), row in zip(found, rows, strict=True)
    ]
    describe_run(f"{markdown.table(COMPARED, linked)}\n\n{markdown.bullets(failed)}")
    if len(failed) == len(found):
        raise ValueError(found[0][1]["why"])


if __name__ == "__main__":
    describe()
