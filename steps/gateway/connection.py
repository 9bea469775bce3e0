"""Requests to a gateway: bounded in time and in bytes, and with the login only where it is the tracking server."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import mlflow
import requests
from mlflow.environment_variables import MLFLOW_TRACKING_INSECURE_TLS, MLFLOW_TRACKING_SERVER_CERT_PATH
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import MlflowHostCreds, http_request

from steps.gateway.failures import NoAnswerError
from steps.gateway.reply import Reply
from steps.lineage.credentials import without_credentials

MAX_BYTES = 1_000_000
"""How long an answer may be; a model card has some 10,000 bytes."""
_CHUNK_BYTES = 1 << 16
_PORTS = {"http": 80, "https": 443}


def send(url: str, method: str, route: str, body: Any = None, *, seconds: float) -> Reply:
    """Return the answer to one request, whatever its status.

    MLflow sends it, as it does everything that goes to a tracking server: with its login, its certificates, its
    headers. What MLflow has no limit for is bounded here.

    Parameters
    ----------
    url
        That of the gateway; it may have a path, as behind a proxy.

    Raises
    ------
    NoAnswerError
        When nobody answers, or not within the seconds, or more than `MAX_BYTES`, or not to the end.
    """
    where = without_credentials(url)
    try:
        return _within(seconds, lambda: _exchange(url, method, route, body, seconds))
    except (TimeoutError, requests.Timeout) as error:
        raise NoAnswerError(
            f"Got no whole answer from {where} within {seconds:.0f} seconds, expected one sooner: a model may take as "
            f"many seconds as MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT says."
        ) from error
    except requests.exceptions.SSLError as error:
        raise NoAnswerError(
            f"Got a certificate from {where} that can't be trusted, expected one of a known authority: name that in "
            f"MLFLOW_TRACKING_SERVER_CERT_PATH."
        ) from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise NoAnswerError(
            f"Got half an answer from {where}, which broke off, expected a whole one: try again."
        ) from error
    except (requests.RequestException, MlflowException) as error:
        raise NoAnswerError(
            f"Got no answer from {where} ({type(error).__name__}), expected a gateway: is it running, and is its URL "
            f"right?"
        ) from error


def _exchange(url: str, method: str, route: str, body: Any, seconds: float) -> Reply:
    try:
        answer = http_request(
            _credentials(url),
            f"/{route.lstrip('/')}",
            method,
            max_retries=0,
            retry_codes=(),
            raise_on_status=False,
            timeout=seconds + 1,  # the limit for all of it comes first
            stream=True,
            allow_redirects=False,
            json=body,
        )
    except MlflowException as error:
        # MLflow puts a sentence of its own, with the whole URL, before what happened.
        cause = error.__cause__ or error.__context__
        raise (cause if isinstance(cause, requests.RequestException) else error) from None
    # No connection is kept for later: the server may have closed it by then, an error for the next request.
    with contextlib.closing(answer.connection), answer:
        content = b""
        for chunk in answer.iter_content(_CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_BYTES:
                raise NoAnswerError(
                    f"Got an answer of more than {MAX_BYTES:,} bytes from {without_credentials(url)}, "
                    f"expected a model card: the model does not come to an end."
                )
        return Reply(answer.status_code, answer.headers, content)


def _credentials(url: str) -> MlflowHostCreds:
    """Return what the URL's server may know: the login and the client's certificate only if it is the tracking server.

    MLflow's own client of a gateway shows both to any.
    """
    if _origin(url) == _origin(mlflow.get_tracking_uri()):
        return get_default_host_creds(url)
    return MlflowHostCreds(
        url,
        ignore_tls_verification=MLFLOW_TRACKING_INSECURE_TLS.get(),
        server_cert_path=MLFLOW_TRACKING_SERVER_CERT_PATH.get(),
    )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Return what makes two URLs lead to one server, which may see the same secrets."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _within(seconds: float, call: Callable[[], Reply]) -> Reply:
    """Return what a call returns; TimeoutError if it takes longer, whatever it waits for. It is left behind then.

    A time-out of requests is one for the next bytes: of a server that sends one byte a second it never comes.
    """
    future: Future[Reply] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(timeout=seconds)
