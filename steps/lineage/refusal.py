"""What the tracking server does not let a user do, in a sentence that says whom to ask for which permission."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

import requests
from mlflow.utils.credentials import read_mlflow_creds

from steps.lineage.credentials import without_credentials

_CODES = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}
_DENIED = "Permission denied"
"""MLflow's own words to a user; a proxy and a storage, and MLflow for a host that it does not serve, answer 403 too."""
_ASKED = {
    "runs/create": ("start a run in this experiment", "EDIT on the experiment"),
    "registered-models/alias": ("read or move this alias", "MANAGE on the registered model"),
    "registered-models": ("read or change this registered model", "MANAGE on the registered model"),
    "model-versions": ("read or register versions of this model", "MANAGE on the registered model"),
    "mlflow-artifacts": ("read or write artifacts of this experiment", "EDIT on the experiment"),
    "": ("read or change this run or experiment", "EDIT on the experiment"),
}
"""What a user wanted, by the beginning of the server's path, and the permission that allows it."""


def refusal(error: BaseException, uri: str) -> str | None:
    """Return in a sentence that the tracking server does not let this user in or do this; None if it is another error.

    Parameters
    ----------
    error
        MLflow's own, or that of requests, by which MLflow moves artifacts.
    uri
        The server's.
    """
    code, path = _answer(error, uri)
    if code not in _CODES.values() or (code == 403 and _DENIED not in str(error)):
        return None
    user, server = _user(), f"the tracking server {without_credentials(uri)}"
    if code == 401 and user is None:
        return (
            f"Got no name and password for {server}, which asks for them: set MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or write ~/.mlflow/credentials."
        )
    if code == 401:
        return (
            f"Got a name or password that {server} does not know, of {user}: check MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or ~/.mlflow/credentials."
        )
    what, permission = next(about for beginning, about in _ASKED.items() if path.startswith(beginning))
    return (
        f"Got a refusal from {server}: {user or 'nobody by name'} may not {what}, or it does not exist. Ask who runs "
        f"the server for {permission}."
    )


def _answer(error: BaseException, uri: str) -> tuple[int | None, str]:
    """Return the status with which the server answered, and the path that was asked for, without its common part."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        url = str(error.response.url)
        if urlsplit(url).netloc.rpartition("@")[2] != urlsplit(uri).netloc.rpartition("@")[2]:
            return None, ""
        code, path = error.response.status_code, urlsplit(url).path
    else:
        code = _CODES.get(getattr(error, "error_code", ""))
        asked = re.search(r"API request to endpoint (\S+)", str(error))
        path = asked[1] if asked else ""
    return code, re.sub(r"^.*?/api/\d\.\d/(mlflow/)?", "", path)


def _user() -> str | None:
    if "MLFLOW_TRACKING_TOKEN" in os.environ:
        return "the holder of MLFLOW_TRACKING_TOKEN"
    name = read_mlflow_creds().username
    return f"user {name}" if name else None
