"""Is the tracking store one that a chain of processes can share, is it there, and does it let this user in?"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import requests
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR, MLFLOW_HTTP_REQUEST_MAX_RETRIES
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from steps.lineage.credentials import DATABASES, without_credentials
from steps.lineage.launcher import typed_in

_PROBE_SECONDS = 5.0
_GATEWAY_ERRORS = (502, 503, 504)
"""What a proxy answers for a server that does not."""


def check_tracking_uri(uri: str, *, patient: bool = False) -> None:
    """Raise ValueError when the tracking URI can't work, ConnectionError when nobody answers there.

    MLflow by itself finds these late: it retries a server that is down for minutes, and a relative path leads
    each process of the chain to a store of its own.

    Parameters
    ----------
    patient
        Whether to ask a server again as often as MLflow would, as it was there a moment ago.
    """
    scheme = urlsplit(uri).scheme
    if scheme in ("http", "https"):
        _probe(uri, patient)
        _refuse_login(uri)
    elif scheme == "sqlite":
        path = uri.removeprefix("sqlite:///")
        if not Path(path).is_absolute() and ":memory:" not in path:
            raise ValueError(
                f"Got the relative tracking URI {uri}, expected an absolute one, as the steps run in other folders: "
                f"{_export(path)}"
            )
    elif scheme in ("", "file"):
        raise ValueError(
            f"Got the file store {uri} for tracking, expected a database or a server: move it with "
            f"`mlflow migrate-filestore`, or {_export('mlflow.db')}"
        )


def _export(path: str) -> str:
    return f"export MLFLOW_TRACKING_URI={shlex.quote(f'sqlite:///{typed_in() / path}')}"


def is_server(uri: str) -> bool:
    """Return whether clients reach this store through a server, not by opening a database themselves."""
    return not urlsplit(uri).scheme.startswith(DATABASES)


def _probe(uri: str, patient: bool) -> None:
    verify: bool | str = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or (
        os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
    )
    retry = Retry(
        MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() if patient else 0,
        backoff_factor=MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get(),
        status_forcelist=_GATEWAY_ERRORS,
    )
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            # Any other answer will do, also a refusal: MLflow has the credentials and says what is wrong with them.
            session.get(f"{uri.rstrip('/')}/health", timeout=_PROBE_SECONDS, verify=verify)
    except requests.RequestException as error:
        raise ConnectionError(
            f"Got no answer from the tracking server {without_credentials(uri)} within {_PROBE_SECONDS:.0f} seconds "
            f"({type(error).__name__}): is it running, and is MLFLOW_TRACKING_URI right?"
        ) from error


def _refuse_login(uri: str) -> None:
    if "@" in urlsplit(uri).netloc:  # a token may be given as a user
        raise ValueError(
            f"Got a user or a password in the tracking URI of {without_credentials(uri)}, which MLflow prints with "
            f"each run; expected them apart, in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or in "
            f"~/.mlflow/credentials."
        )
