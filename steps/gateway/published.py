"""What a run keeps of a card: the card in three forms, the model's drafts, and how good these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import mlflow

from steps.gateway.drafting import Drafted
from steps.gateway.evaluation import score_drafts
from steps.lineage.errors import expected_errors, one_line
from steps.model_card.card import Card, to_html, to_markdown
from steps.model_card.facts import Facts


def log_card(card: Card, tags: Mapping[str, str]) -> None:
    """Log the card as model_card.md, .html and .json, the last with every sentence that was cut, and why.

    Parameters
    ----------
    tags
        What a version is tagged with, without the beginning.
    """
    mlflow.log_text(to_markdown(card), "model_card.md")
    mlflow.log_text(to_html(card), "model_card.html")
    mlflow.log_dict(_content(card, tags), "model_card.json")


def log_drafts(drafted: Drafted, facts: Facts) -> None:
    """Log the LLM's drafts as they came, figures, and MLflow's scores; that a draft can't be scored is no error."""
    # As text, which MLflow shows as it is: a model may write anything.
    for number, answer in enumerate(drafted.answers, start=1):
        mlflow.log_text(answer.text, f"draft_{number}.txt")
    mlflow.log_metrics(drafted.metrics)
    try:
        score_drafts([call.trace_id for call in drafted.calls], facts)
    except expected_errors() as error:
        click.echo(f"describe: the drafts could not be scored: {one_line(error)}", err=True)


def _content(card: Card, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": card.evidence["name"],
        "version": card.evidence["version"],
        **tags,
        "sections": [
            {"key": written.section.key, "title": written.section.title, "by_model": written.by_model}
            | {"sentences": list(written.sentences)}
            for written in card.sections
        ],
        "cut": [
            {"section": key, "sentence": found.sentence, "why": found.why}
            for key, findings in card.cut.items()
            for found in findings
        ],
    }
