"""Whose code a recorded run leads to, and whether it may be run unasked."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_USER

from steps.lineage.checkout import has_commit
from steps.lineage.credentials import without_credentials
from steps.lineage.git import public_url, remote_url, top
from steps.lineage.recorded import RecordedRun
from steps.lineage.repository import PATCH
from steps.lineage.source import PROJECT


def code_of(recorded: RecordedRun) -> str:
    """Return in words which code the run was made with: repository, commit, and who recorded what beyond."""
    source = recorded.source
    kept = f"run {source['patch']} of {_user(source['patch'])}" if source["patch"] else ""
    if source["commit"] is None:
        return f"the files that {kept} kept, without a commit"
    changes = f" with the changes that {kept} kept" if kept else ""
    where = f" of {source['url']}" if source["url"] else ""
    return f"commit {source['commit'][:12]}{where}{changes}"


def refuse_foreign(recorded: RecordedRun, at_hand: Path = PROJECT) -> None:
    """Raise ValueError if the run's code could be a stranger's, for it would be run with the user's rights.

    It can't where it is a commit of the repository at hand, and where nobody else writes to the tracking store.

    Parameters
    ----------
    recorded
        The run.
    at_hand
        A folder in the clone that the command was typed in, or that MLflow made of the URL that was typed.
    """
    source = recorded.source
    doubts = []
    if source["commit"] and not has_commit(at_hand, source["commit"]) and source["url"]:
        own = _repository(at_hand)
        if own is None or _plain(own) != _plain(source["url"]):
            doubts.append(f"that is another repository than {own or 'this folder, which is in none'}")
    store = mlflow.get_tracking_uri()
    if source["patch"] and not store.startswith("sqlite:"):
        doubts.append(f"whoever may write to {without_credentials(store)} can have written {PATCH}")
    if doubts:
        raise ValueError(
            f"Got the run {recorded.run.info.run_id}, whose code is {code_of(recorded)}: {', and '.join(doubts)}; "
            f"expected trust=true, as it would be run with your rights: read it first, then add -P trust=true."
        )


def _repository(folder: Path) -> str | None:
    """Return where the folder's repository is from, as runs record it; None without one."""
    with contextlib.suppress(subprocess.CalledProcessError, OSError):
        return public_url(remote_url(folder) or top(folder))
    return None


def _plain(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")


def _user(run_id: str) -> str:
    try:
        return str(mlflow.get_run(run_id).data.tags.get(MLFLOW_USER, "an unknown user"))
    except MlflowException:
        return "an unknown user"
