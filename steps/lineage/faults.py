"""What fails beside Grove, a server, a storage, a disk, memory: how long a run waits for it, and what it says."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path

from steps.lineage import launcher
from steps.lineage.credentials import without_credentials
from steps.lineage.errors import client_errors, one_line
from steps.lineage.refusal import refusal
from steps.lineage.tracking import check_tracking_uri, is_server
from steps.table.space import NO_SPACE

_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "6", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"}
"""A call is made again at once and after 2, 4, 8, 16 and 32 more seconds; MLflow's own patience is four minutes."""
_HURRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_KEPT = "then run the same command again, what has finished is kept"
_NO_THREAD = "can't start new thread"
"""What Python says when there is no memory for a thread's stack."""
_SAID_OF_NO_SPACE = re.compile("|".join(["database or disk is full", *map(os.strerror, NO_SPACE)]))
_TEMPORARY = "temporary files (TMPDIR)"
_LITTLE_BYTES = 1 << 20
_REFUSED = re.compile(r"exceeded with url: (?P<path>[^\s?]+).*too many (?P<status>\d+) error responses")


def be_patient() -> None:
    """Let this process, and those that it starts, wait a minute for a tracking server that is gone.

    MLflow's variables for it, when the user has set one, stay as they are.
    """
    global _launcher_waits
    if not _PATIENCE.keys() & os.environ.keys():
        os.environ.update(_PATIENCE)
        _launcher_waits = bool(launcher.ancestors())


_launcher_waits = False
"""Whether the `mlflow run` that started this process has MLflow's own patience."""


def explain(error: BaseException) -> str:
    """Return in one line what went wrong: a server, a storage or a full disk, if that is behind it."""
    # The latter is our own, of a server that was not there from the beginning.
    if refusal(error, mlflow.get_tracking_uri()) or type(error) is ConnectionError:
        return one_line(error)
    causes = list(_causes(error))
    if any(isinstance(cause, MlflowException | requests.RequestException) for cause in causes) and _is_server_gone():
        more = " MLflow itself waits for four minutes more: Ctrl-C ends that." if _launcher_waits else ""
        return f"Got no answer from {_store()} any more, expected it to be there: start it, {_KEPT}.{more}"
    if is_disk_full(error):
        place = _full_place(causes)
        way_out = "free it, or set TMPDIR to a folder on a larger one" if _TEMPORARY in place else "free it"
        return f"Got no space left on the disk that holds {place}, expected some: {way_out}, {_KEPT}."
    refused = _REFUSED.search(str(error))
    if refused:
        said = f"the answer {refused['status']} to {refused['path']} again and again"
        return f"Got {said}, expected the tracking server to work: its log says why. Mend it, {_KEPT}."
    for cause in causes:
        if type(cause).__name__ == "OperationalError" and hasattr(cause, "orig"):  # SQLAlchemy's, with the driver's own
            said = one_line(cause.orig).rstrip(".?")
            return f"Got an error of {_store()}, expected it to work: {said}. Mend it, {_KEPT}."
    said = one_line(error)
    if isinstance(error, requests.HTTPError) and error.response is not None and not said.startswith("Got "):
        said = f"{error.response.status_code} {error.response.reason}, of {urlsplit(error.response.url).path}"
    elif not isinstance(error, client_errors()):
        return said
    return f"Got an error of the artifact storage, expected it to keep and give artifacts: {said}"


def _store() -> str:
    uri = mlflow.get_tracking_uri()
    return f"the tracking {'server' if is_server(uri) else 'store'} {without_credentials(uri)}"


def stop_waiting() -> None:
    """Let no later call of this process wait for a tracking server that does not answer now."""
    if _is_server_gone():
        os.environ.update(_HURRY)


def _is_server_gone() -> bool:
    try:
        check_tracking_uri(mlflow.get_tracking_uri())
    except ConnectionError:
        return True
    except ValueError:
        pass
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def lack_of_memory(error: BaseException) -> str | None:
    """Return what to do, in one line, if an error or one that led to it is a lack of memory; None if it is not.

    A reader that can't get the memory for a file says that the file is damaged.
    """
    for cause in _causes(error):
        if isinstance(cause, MemoryError) or getattr(cause, "errno", None) == errno.ENOMEM or str(cause) == _NO_THREAD:
            said = one_line(cause) if str(cause) else "none is left"
            return (
                f"Got too little memory ({said}), expected more: train on fewer rows with sample_rows, do fewer fits "
                f"at a time with a smaller n_jobs, or take a machine that has more."
            )
    return None


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or one that led to it, says that no space is left, such as to a worker of a search."""
    return any(
        getattr(cause, "errno", None) in NO_SPACE or _SAID_OF_NO_SPACE.search(str(cause)) for cause in _causes(error)
    )


def _full_place(causes: list[BaseException]) -> str:
    """Return the file that could not be written, or else the fullest of the places that a run writes to."""
    # Of a copy the error has both, first what was read.
    ends = [end for cause in causes if isinstance(cause, OSError) for end in (cause.filename2, cause.filename)]
    named = [str(end) for end in ends if end]
    temporary = Path(tempfile.gettempdir())
    places = {_TEMPORARY: temporary, "the current folder": Path.cwd()}
    tracking, run = mlflow.get_tracking_uri(), mlflow.active_run()
    if tracking.startswith("sqlite:///"):
        places["the tracking store"] = Path(tracking.removeprefix("sqlite:///")).parent
    if run is not None and run.info.artifact_uri.startswith(("file:", "/")):
        places["the artifacts"] = Path(local_file_uri_to_path(run.info.artifact_uri)).parents[1]
    full = [name for name in named if _free(Path(name).parent) < _LITTLE_BYTES][:1]
    full = full or [f"{what}, {place}" for what, place in places.items() if _free(place) < _LITTLE_BYTES] or named[:1]
    # A file of ours has a name that says nothing, and is removed by now.
    shown = [f"{_TEMPORARY}, {temporary}" if Path(name).is_relative_to(temporary) else name for name in full]
    return " and ".join(shown) or "what this step writes"


def _free(place: Path) -> float:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return float("inf")
