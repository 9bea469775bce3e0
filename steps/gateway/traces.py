"""Each question to a model as an MLflow trace of the active run: what was asked and answered, tokens, time, errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mlflow
from mlflow.entities import SpanStatus, SpanStatusCode, SpanType
from mlflow.entities.model_registry import PromptVersion
from mlflow.exceptions import MlflowException
from mlflow.tracing.constant import SpanAttributeKey, TokenUsageKey

from steps.gateway.client import Answer, Gateway, NoAnswerError

LONGEST = 30_000
"""Characters of an answer; a card has some 5,000, and what comes later is neither read nor kept."""
SECTIONS_ATTRIBUTE = "grove.sections"
"""Of a trace: the keys of the sections that were asked for, with commas between."""


@dataclass(frozen=True)
class Traced:
    """An answer, and the ID of its trace."""

    answer: Answer
    trace_id: str


def ask_traced(
    gateway: Gateway,
    endpoint: str,
    messages: Sequence[dict[str, str]],
    *,
    name: str,
    prompt: PromptVersion,
    sections: Sequence[str],
) -> Traced:
    """Ask the endpoint's model, and leave a trace of it, also of a failure.

    A trace that can't be written is not missed: MLflow logs a warning, and the answer counts.

    Parameters
    ----------
    name
        The trace's.
    prompt
        Where the messages come from; the trace is linked to it.
    sections
        The keys of those that are asked for.

    Raises
    ------
    NoAnswerError
        When there is no answer.
    """
    failure = None
    with mlflow.start_span(name, span_type=SpanType.CHAT_MODEL) as span:
        span.set_inputs({"model": endpoint, "messages": list(messages)})
        span.set_attributes({SpanAttributeKey.MESSAGE_FORMAT: "openai", SECTIONS_ATTRIBUTE: ",".join(sections)})
        try:
            answer = gateway.ask(endpoint, messages)
            answer = replace(answer, text=answer.text[:LONGEST])
        except NoAnswerError as error:
            # Raised outside: the trace gets the sentence, and no traceback.
            failure = error
            span.set_status(SpanStatus(SpanStatusCode.ERROR, str(error)))
        except BaseException:  # of which MLflow would say that all went well
            span.set_status(SpanStatus(SpanStatusCode.ERROR, "interrupted"))
            raise
        else:
            span.set_outputs({"choices": [{"message": {"role": "assistant", "content": answer.text}}]})
            span.set_attributes(_attributes(answer))
    mlflow.flush_trace_async_logging()
    _link(prompt, span.trace_id)
    if failure is not None:
        raise failure
    return Traced(answer, span.trace_id)


def _attributes(answer: Answer) -> dict[str, object]:
    # Without the provider's name: with it MLflow fetches a list of prices from the web.
    found: dict[str, object] = {SpanAttributeKey.MODEL: answer.model}
    if answer.input_tokens is not None and answer.output_tokens is not None:
        found[SpanAttributeKey.CHAT_USAGE] = {
            TokenUsageKey.INPUT_TOKENS: answer.input_tokens,
            TokenUsageKey.OUTPUT_TOKENS: answer.output_tokens,
            TokenUsageKey.TOTAL_TOKENS: answer.input_tokens + answer.output_tokens,
        }
    return found


def _link(prompt: PromptVersion, trace_id: str) -> None:
    try:
        mlflow.MlflowClient().link_prompt_versions_to_trace([prompt], trace_id)
    except MlflowException:  # of a trace that could not be written
        return
