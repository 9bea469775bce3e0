"""Several endpoints and prompts, each in a run of its own below the active one, for the MLflow UI to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mlflow
from mlflow.entities.model_registry import PromptVersion

from steps.gateway.client import Gateway, NoAnswerError
from steps.gateway.drafting import draft
from steps.gateway.prompts import spoken
from steps.gateway.published import log_card, log_drafts
from steps.lineage.entry_point import describe, give_reason
from steps.lineage.process import process_tag
from steps.model_card.card import to_description
from steps.model_card.facts import Facts


def compare(
    gateway: Gateway,
    endpoints: Sequence[str],
    prompts: Sequence[PromptVersion],
    evidence: Mapping[str, Any],
    facts: Facts,
) -> list[tuple[str, dict[str, str]]]:
    """Let each endpoint's model write the card by each prompt.

    Returns
    -------
    list
        For each the run's ID and its tags below `grove.card`, among them `why` where there is no answer; the run is
        FAILED then.
    """
    return [_one(gateway, endpoint, prompt, evidence, facts) for endpoint in endpoints for prompt in prompts]


def _one(
    gateway: Gateway, endpoint: str, prompt: PromptVersion, evidence: Mapping[str, Any], facts: Facts
) -> tuple[str, dict[str, str]]:
    with mlflow.start_run(run_name=f"{endpoint}, prompt {prompt.version}", nested=True, tags=process_tag()) as run:
        run_id = run.info.run_id
        mlflow.log_params({"endpoint": endpoint, "prompt": spoken(prompt)})
        mlflow.MlflowClient().link_prompt_version_to_run(run_id, prompt)
        try:
            drafted = draft(gateway, endpoint, prompt, evidence, facts)
        except NoAnswerError as error:
            give_reason(run, "FAILED", str(error))
            mlflow.end_run("FAILED")
            return run_id, {"endpoint": endpoint, "prompt": spoken(prompt), "why": str(error)}
        except KeyboardInterrupt:
            give_reason(run, "KILLED", "interrupted")
            mlflow.end_run("KILLED")
            raise
        mlflow.log_param("model", drafted.model)
        log_card(drafted.card, drafted.tags)
        log_drafts(drafted, facts)
        describe(to_description(drafted.card))
        return run_id, drafted.tags
