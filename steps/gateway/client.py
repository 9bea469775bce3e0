"""Ask an LLM behind MLflow's gateway, of either kind: the one inside `mlflow server`, or `mlflow gateway start`."""

from __future__ import annotations

import contextlib
import functools
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import mlflow
from mlflow.deployments.mlflow import MlflowDeploymentClient
from mlflow.environment_variables import MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT, MLFLOW_DEPLOYMENTS_TARGET

from steps.gateway.answers import Answer, read_answer
from steps.gateway.connection import send
from steps.gateway.failures import NoAnswerError, is_budget, no_answer, no_gateway, plain, unknown_endpoint
from steps.gateway.reply import Reply
from steps.lineage.tracking import is_server

__all__ = ["Answer", "Gateway", "NoAnswerError", "find_gateway", "gateway_url", "gateway_with"]

BUILT_IN = "built-in"
STANDALONE = "standalone"
_LISTS = {BUILT_IN: "gateway/mlflow/v1/models", STANDALONE: "api/2.0/endpoints/"}
"""Where each kind says which endpoints it has; by its answer there it is known."""
_LIST_SECONDS = 15.0
_SAMPLING = {"temperature": 0, "max_tokens": 2_000}
"""As repeatable as can be, and twice of what a card takes; left out where a model refuses it, as some newer ones do."""
_NAME = re.compile(r"[\w.-]+", re.ASCII)
"""What MLflow allows as the name of an endpoint."""
_MAY_PASS = (429, 503)
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Gateway:
    """A gateway that answered."""

    url: str
    kind: str
    types: Mapping[str, str] = field(default_factory=dict)
    """Its endpoints, and of what type each is; empty where the gateway does not tell."""

    def endpoints(self) -> list[str]:
        """Return the names of the endpoints that this user may see, in order."""
        return sorted(self.types)

    def ask(self, endpoint: str, messages: Sequence[dict[str, str]]) -> Answer:
        """Return what the endpoint's model answers to the messages, each with a `role` and a `content`.

        Raises
        ------
        NoAnswerError
            When there is no answer within MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT, or one that is not text.
        """
        if not _NAME.fullmatch(endpoint):  # it becomes a part of a URL
            raise NoAnswerError(unknown_endpoint(self.url, endpoint, self.types))
        started = time.monotonic()
        end = started + _patience()
        inputs: dict[str, Any] = {"messages": list(messages), **_SAMPLING}
        while True:
            reply = _patiently(functools.partial(self._send, endpoint, inputs), end)
            refused = [name for name in _SAMPLING if name in inputs and name in str(reply.detail())]
            if reply.status != 400 or not refused:
                break
            inputs = {name: value for name, value in inputs.items() if name not in refused}
        if reply.status != 200:
            raise NoAnswerError(no_answer(reply, self.url, endpoint, self.types))
        return read_answer(reply.json(), endpoint, time.monotonic() - started)

    def _send(self, endpoint: str, inputs: dict[str, Any], seconds: float) -> Reply:
        if self.kind == STANDALONE:
            return _DeploymentClient(self.url, seconds).predict(endpoint=endpoint, inputs=inputs)
        body = {"model": endpoint, **inputs}
        return send(self.url, "POST", "gateway/mlflow/v1/chat/completions", body, seconds=seconds)


class _DeploymentClient(MlflowDeploymentClient):
    """MLflow's client of a standalone gateway, what `get_deploy_client` returns, but with bounded requests.

    By itself it asks again for four minutes, also after an answer of 500, waits as long as each next byte takes, and
    shows the tracking server's login to any gateway.
    """

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(url)
        self._seconds = seconds

    def _call_endpoint(self, method: str, route: str, json_body: Any = None, timeout: int | None = None) -> Reply:
        return send(self.target_uri, method, route, json_body, seconds=self._seconds)


def find_gateway(url: str) -> Gateway:
    """Return the gateway at a URL, of whichever kind it is.

    Raises
    ------
    NoAnswerError
        When there is none, or it lets this user not in.
    """
    url = _checked(url)
    for kind, route in _LISTS.items():
        reply = send(url, "GET", route, seconds=_LIST_SECONDS)
        types = _types(kind, reply.json()) if reply.status == 200 else None
        if types is not None:
            return Gateway(url, kind, types)
        if reply.status not in (200, 404, 405):
            break
    raise NoAnswerError(no_gateway(reply, url))


def _checked(url: str) -> str:
    with contextlib.suppress(ValueError):  # such as a port that is no number
        parts = urlsplit(url)
        if (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.port != 0
            and not parts.query
            and not parts.fragment
        ):
            return url.rstrip("/")
    raise NoAnswerError(
        f"Got {plain(url)} as the gateway, expected a URL with http or https: give it with "
        f"-P gateway=…, or in MLFLOW_DEPLOYMENTS_TARGET."
    )


def _types(kind: str, listed: Any) -> dict[str, str] | None:
    """Return the endpoints and their types, None if this is not the list of a gateway of that kind."""
    key, name = ("data", "id") if kind == BUILT_IN else ("endpoints", "name")
    try:
        return {str(each[name]): str(each.get("endpoint_type", "")) for each in listed[key]}
    except (TypeError, KeyError, AttributeError):
        return None


def _patience() -> int:
    try:
        return MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT.get()
    except ValueError as error:
        raise NoAnswerError(
            f"Got {plain(MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT.get_raw())} as MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT, expected "
            f"a whole number of seconds."
        ) from error


def _patiently(ask: Callable[[float], Reply], end: float) -> Reply:
    """Return the first answer that is not one of a busy server, or the last one before the end."""
    busy, pause = None, 1.0
    while True:
        try:
            reply = ask(max(end - time.monotonic(), 0.01))
        except NoAnswerError:
            if busy is None or time.monotonic() < end:
                raise
            return busy  # it is why the time ran out
        wait = max(reply.retry_after(), pause * random.uniform(0.5, 1.5))
        if reply.status not in _MAY_PASS or is_budget(reply) or time.monotonic() + wait >= end:
            return reply
        time.sleep(wait)
        busy, pause = reply, min(2 * pause, _LONGEST_PAUSE)


def gateway_with(endpoint: str, given: str) -> Gateway:
    """Return the gateway that is meant, if it has the endpoint, or does not tell this user which it has.

    Raises
    ------
    NoAnswerError
        When there is none, or no such endpoint.
    """
    found = find_gateway(gateway_url(given))
    if found.types and endpoint not in found.types:
        raise NoAnswerError(unknown_endpoint(found.url, endpoint, found.types))
    return found


def gateway_url(given: str) -> str:
    """Return which gateway is meant: the given, else that of MLFLOW_DEPLOYMENTS_TARGET, else the tracking server.

    Raises
    ------
    NoAnswerError
        When there is none of these.
    """
    url = given or MLFLOW_DEPLOYMENTS_TARGET.get() or mlflow.get_tracking_uri()
    if not given and not MLFLOW_DEPLOYMENTS_TARGET.get() and not is_server(url):
        # Without the store's name, which may be a folder of somebody's machine.
        raise NoAnswerError(
            "Got no gateway, and no tracking server that has one; expected a URL: give it with -P gateway=…, or in "
            "MLFLOW_DEPLOYMENTS_TARGET."
        )
    return url
