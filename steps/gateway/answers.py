"""What a model answered, read from the gateway's JSON: text, or a sentence that says what it is instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from steps.gateway.failures import NoAnswerError, plain


@dataclass(frozen=True)
class Answer:
    """What a model wrote, and what that took."""

    text: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    seconds: float
    finish_reason: str | None = None
    """`length` if the answer was cut off at the most tokens that it may have."""


def read_answer(answer: Any, endpoint: str, seconds: float) -> Answer:
    """Return the answer in a chat completion.

    Raises
    ------
    NoAnswerError
        When there is none in it, or one that is not text.
    """
    try:
        choice = answer["choices"][0]
        content = choice["message"]["content"]
    except (TypeError, KeyError, IndexError):
        raise NoAnswerError(
            f"Got something from {endpoint} that is not a chat completion, expected one: is this endpoint a chat model?"
        ) from None
    if not isinstance(content, str):
        raise NoAnswerError(
            f"Got {_kind_of(choice['message'])} from {endpoint}, expected text: name an endpoint with a model for text."
        )
    if not content.strip():
        raise NoAnswerError(f"Got an empty answer from {endpoint}, expected text: try another model.")
    usage = answer.get("usage") or {}
    return Answer(
        text=content.replace("\0", "").encode(errors="replace").decode(),  # the rest is what no database takes
        model=plain(str(answer.get("model") or "")),
        input_tokens=_count(usage, "prompt_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        seconds=seconds,
        finish_reason=plain(str(choice.get("finish_reason") or "")) or None,
    )


def _kind_of(message: Any) -> str:
    if message.get("tool_calls"):
        return "the call of a tool"
    return "no text" if message["content"] is None else f"a {type(message['content']).__name__}"


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) else None
