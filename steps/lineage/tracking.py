"""Is the tracking store one that a chain of processes can share, and is it there?"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import requests

from steps.lineage.launcher import typed_in

_PROBE_SECONDS = 5.0
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


def check_tracking_uri(uri: str) -> None:
    """Raise ValueError when the tracking URI can't work, ConnectionError when nobody answers there.

    MLflow by itself finds these late: it retries a server that is down for minutes, and a relative path leads
    each process of the chain to a store of its own.
    """
    scheme = urlsplit(uri).scheme
    if scheme in ("http", "https"):
        _probe(uri)
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


def without_credentials(uri: str) -> str:
    """Return the URI fit for a log: user and password left out, and all of a query, which may hold them or a signature.

    A file has none, so that of SQLite is kept: it says how to open it.
    """
    scheme, mark, rest = uri.partition("://")
    if not mark or not re.fullmatch(r"[\w+.-]+", scheme):  # a path, which may hold anything
        return uri
    if not is_server(uri):
        # As SQLAlchemy reads it: a password may hold more than that of a URL.
        rest = re.sub(r"^[^:/]*(:[^@]*)?@", "", rest)
    place, query, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    if not host and (is_server(uri) or scheme.startswith("sqlite")):
        return f"{scheme}://{rest}"
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{query and '?…'}"


def without_secrets(text: str) -> str:
    """Return a text, such as a traceback, with the users, passwords and queries of its URLs left out."""
    return re.sub(r"\?[\w.~%-]+=[^\s'\")]+", "?…", re.sub(r"//[^/@\s]+@", "//", text))


def is_server(uri: str) -> bool:
    """Return whether clients reach this store through a server, not by opening a database themselves."""
    return not urlsplit(uri).scheme.startswith(_DATABASES)


def _probe(uri: str) -> None:
    verify: bool | str = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or (
        os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
    )
    try:
        # Any answer will do, also a refusal: MLflow has the credentials and says what is wrong with them.
        requests.get(f"{uri.rstrip('/')}/health", timeout=_PROBE_SECONDS, verify=verify)
    except requests.RequestException as error:
        raise ConnectionError(
            f"Got no answer from the tracking server {without_credentials(uri)} within {_PROBE_SECONDS:.0f} seconds "
            f"({type(error).__name__}): is it running, and is MLFLOW_TRACKING_URI right?"
        ) from error
