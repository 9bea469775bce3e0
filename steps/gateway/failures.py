"""Why there is no answer of an LLM: one sentence each, fit for a card that everyone reads.

What a provider wrote stands in it only as plain words: it may repeat a key, and it may hold anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from steps.gateway.reply import Reply
from steps.lineage.credentials import without_credentials, without_secrets

CHAT = "llm/v1/chat"
_SHOWN_ENDPOINTS = 20
_SHOWN_CHARACTERS = 200
_WITHOUT_REASON = ", which MLflow answers when the model's server is down, too slow, or sends no chat completion"
_STRANGE = re.compile(r"[^\w .,:;'()%=/+*@-]")
_KEY = re.compile(
    r"(?<![\w*.+/=-])(?!\d{4}-\d\d-\d\dT|MLFLOW_[A-Z_]+=true\b)((?=[\w*.+/=-]*\d)[\w*.+/=-]{12,}|[\w*.+/=-]{24,})"
)
"""What may be a key or a part of one: a long word with a digit in it, or one longer than words are.

Not a date, and not what MLflow tells to set.
"""


class NoAnswerError(Exception):
    """Why there is no answer of an LLM, in one sentence."""


def no_gateway(reply: Reply, url: str) -> str:
    """Return in one sentence why the server at the URL, which gave this answer, is of no use as a gateway."""
    where = without_credentials(url)
    if reply.status in (401, 403):
        return _refused_user(reply, where)
    if reply.status == 501 and "MLFLOW_ENABLE_AI_GATEWAY" in str(reply.detail()):
        return (
            f"Got the MLflow server {where} with its gateway switched off, expected it on: start the server with "
            f"MLFLOW_ENABLE_AI_GATEWAY=true."
        )
    if 300 <= reply.status < 400:
        to = plain(reply.headers.get("Location", "").partition("?")[0])  # a query may hold a token
        return f"Got {where}, which leads on to {to}, expected the URL of a gateway itself: give the right one."
    return (
        f"Got {where}, where no gateway of MLflow is (it answers {reply.status}{_said(reply)}), expected the URL of "
        f"an MLflow server or of a standalone gateway: give it with -P gateway=…"
    )


def no_answer(reply: Reply, url: str, endpoint: str, types: Mapping[str, str]) -> str:
    """Return in one sentence why a gateway did not answer for an endpoint.

    Parameters
    ----------
    types
        The gateway's endpoints, and of what type each is, if it tells.
    """
    where, name = without_credentials(url), plain(endpoint)
    status, detail = reply.status, reply.detail()
    if types.get(endpoint, CHAT) not in ("", CHAT):
        return (
            f"Got the endpoint {name} of the type {plain(types[endpoint])}, expected one of {CHAT}: name another one."
        )
    if status == 404 and (endpoint not in types or not isinstance(detail, str)):
        return unknown_endpoint(url, endpoint, types)
    if status in (401, 403) and not isinstance(detail, str):
        return _refused_user(reply, where)
    if status in (401, 403):
        return (
            f"Got a refusal ({status}) of the provider behind the endpoint {name}, expected it to take the gateway's "
            f"key: give the gateway {where} another key for it."
        )
    if is_budget(reply):
        return f"Got no answer from the endpoint {name}, whose budget is used up{_said(reply)}: raise it, or wait."
    if status == 429:
        return (
            f"Got a rate limit from the endpoint {name} that lasts{_said(reply)}, expected an answer: ask later, or "
            f"raise the limit."
        )
    said = _said(reply) or (_WITHOUT_REASON if status == 500 else "")
    return (
        f"Got {status} from the endpoint {name}{said}, expected an answer: the log of the gateway {where} may say more."
    )


def unknown_endpoint(url: str, endpoint: str, types: Mapping[str, str]) -> str:
    """Return in one sentence that a gateway has no such endpoint, and which ones it has."""
    names = sorted(types)
    some = ", ".join(map(plain, names[:_SHOWN_ENDPOINTS]))
    if len(names) > _SHOWN_ENDPOINTS:
        some += f" … ({len(names)} in all)"
    return (
        f"Got the endpoint {plain(endpoint)}, which the gateway {without_credentials(url)} does not have, expected "
        + (f"one of {some}." if names else "one that it has; it has none yet: see deployments/README.md.")
    )


def is_budget(reply: Reply) -> bool:
    """Return whether it is the gateway's budget that is used up: then asking again is of no use."""
    return reply.status == 429 and str(reply.detail()).startswith("Budget limit exceeded")


def plain(text: str) -> str:
    """Return a stranger's text as plain words: no login, no markup, no line breaks, not long."""
    return _cut(_words(text))


def quoted(text: str) -> str:
    """Return what a provider wrote as plain words, without what may be a key."""
    return _cut(_KEY.sub("…", _words(text)))


def _words(text: str) -> str:
    return " ".join(_STRANGE.sub(" ", without_secrets(text)).split())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _refused_user(reply: Reply, where: str) -> str:
    return (
        f"Got a refusal ({reply.status}) of the gateway {where}, expected it to let this user in: set "
        f"MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, which only the tracking server gets, or have the "
        f"permission for the endpoint given."
    )


def _said(reply: Reply) -> str:
    """Return what the server wrote, if it is meant for people."""
    detail: Any = reply.detail()
    if isinstance(detail, dict):
        detail = detail.get("message")
    return f": {quoted(detail).rstrip('.')}" if isinstance(detail, str) and detail else ""
