"""What every run records of where it comes from: the parameters as they were typed, the source, the environment."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import mlflow
from mlflow.entities import Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_GIT_REPO_URL, MLFLOW_SOURCE_NAME

from steps.lineage.artifacts import is_remote, resolve
from steps.lineage.credentials import without_credentials
from steps.lineage.environment import whole_environment
from steps.lineage.git import public_url
from steps.lineage.repository import PATCH, read_source
from steps.lineage.run_files import has_artifact
from steps.lineage.source import code_at_start
from steps.lineage.view import Source
from steps.table.listing import first_of

RECORD = "provenance.json"
REPRODUCE = "reproduce"
"""The entry point whose runs say where they come from, but are not repeated."""
SOURCE_TAG = "grove.source"
_HANDED_ON = "GROVE_PROVENANCE"
"""Names the file in which main and reproduce leave for their steps what these are to record: it is read once."""
_PARTS = {
    "parameters": frozenset[str](),
    "source": frozenset(("url", "folder", "commit", "dirty", "patch", "problem")),
    "environment": frozenset(("python", "packages", "lock")),
}
_NAMED = 10  # files in one message


def record(entry_point: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Record where the active run comes from: the artifact `provenance.json`, `source.patch`, and tags.

    Parameters
    ----------
    entry_point
        Its name.
    parameters
        The run's, as typed and whole; MLflow cuts its own at 6,000 characters.

    Returns
    -------
    dict
        What was recorded: `entry_point`, `parameters`, `environment` as `whole_environment` has it, and `source`:
        `url`, `folder`, `commit`, `branch`, `dirty`, `problem`, `refusal` as `Source` has them, and `patch`, the ID of
        the run that holds it.
    """
    run_id = mlflow.active_run().info.run_id
    shown = {
        name: without_credentials(value) if name == "data" else value for name, value in sorted(parameters.items())
    }
    handed_on = os.environ.get(_HANDED_ON)
    if handed_on:
        found = json.loads(Path(handed_on).read_text(encoding="utf-8"))
    else:
        source = read_source(apart=_data_files(parameters), always=list(code_at_start()))
        if entry_point == REPRODUCE:  # is not repeated itself
            source = replace(source, patch=None, problem=None)
        found = {"source": _described(source, run_id)}
        _keep_patch(entry_point, source)
    if "environment" not in found:
        found["environment"] = whole_environment()
    content = {"entry_point": entry_point, "parameters": shown, **found}
    mlflow.log_dict(content, RECORD)
    mlflow.MlflowClient().log_batch(
        run_id, tags=[RunTag(name, value) for name, value in _tags(found["source"]).items()]
    )
    return content


def hide_credentials(run: Run) -> None:
    """Take the password out of the URL that MLflow recorded for the run, before anything can go wrong."""
    for tag in (MLFLOW_GIT_REPO_URL, MLFLOW_SOURCE_NAME):
        url = run.data.tags.get(tag, "")
        if url != public_url(url):
            mlflow.set_tag(tag, public_url(url))


def hand_on(**content: Any) -> None:
    """Let the processes below this one record this `source`, and this `environment` if it is given, as their own."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json", delete=False) as file:
        json.dump(content, file)
    os.environ[_HANDED_ON] = file.name


def refuse_dirty(source: Mapping[str, Any]) -> None:
    """Raise ValueError unless the source is that of a commit."""
    if source["problem"]:
        raise ValueError(f"Got strict=true, which needs a clean commit. {source['problem']}")
    if source["commit"] is None:
        raise ValueError(
            f"Got strict=true and a project without a commit ({source['refusal']}), expected a git repository: commit "
            f"it first."
        )
    if source["dirty"]:
        raise ValueError(
            f"Got strict=true and a work tree that differs from commit {source['commit'][:12]}, expected a clean one: "
            f"commit the changes, or leave strict out and they are kept as {PATCH}."
        )


def read_record(run_id: str) -> dict[str, Any]:
    """Return what `record` recorded for the run.

    Raises
    ------
    ValueError
        When there is none.
    """
    if not has_artifact(run_id, RECORD):
        raise ValueError(
            f"Got the run {run_id}, which has no {RECORD}: it is no run of an entry point of Grove, was made before "
            f"Grove recorded it, or its artifacts were deleted; expected the ID of a run of main or of a step."
        )
    found = mlflow.artifacts.load_dict(f"runs:/{run_id}/{RECORD}")
    for part, names in _PARTS.items():
        if not (isinstance(found, dict) and isinstance(found.get(part), dict) and found[part].keys() >= names):
            raise ValueError(f"Got {RECORD} of run {run_id} without its {part}, expected it as it was recorded.")
    return {**found, "entry_point": str(found.get("entry_point"))}


def _data_files(parameters: Mapping[str, str]) -> list[Path]:
    # A table that lies in the project's folder is no source, and often nothing to be copied about.
    given = parameters.get("data", "")
    return [] if not given or is_remote(given) else [Path(resolve(given))]


def _described(source: Source, run_id: str) -> dict[str, Any]:
    return {
        "url": source.url,
        "folder": source.folder,
        "commit": source.commit,
        "branch": source.branch,
        "dirty": source.dirty,
        "patch": run_id if source.patch is not None else None,
        "problem": source.problem,
        "refusal": source.refusal,
    }


def _keep_patch(entry_point: str, source: Source) -> None:
    if source.problem:
        click.echo(f"This run can't be reproduced: {source.problem}", err=True)
    if source.patch is None:
        return
    if source.commit is None:
        said = f"there is no commit ({source.refusal}); the project's files are kept as {PATCH}"
    else:
        said = f"the work tree differs from commit {source.commit[:12]}; the difference is kept as {PATCH}"
        said += f", with the untracked {first_of(source.untracked, _NAMED)}" if source.untracked else ""
    click.echo(f"{entry_point}: {said}", err=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / PATCH
        file.write_bytes(source.patch)
        mlflow.log_artifact(str(file))


def _tags(source: Mapping[str, Any]) -> dict[str, str]:
    tags = {f"{SOURCE_TAG}.{name}": str(source[name]) for name in ("url", "folder", "commit", "branch") if source[name]}
    tags[f"{SOURCE_TAG}.dirty"] = str(source["dirty"]).lower()
    if source["url"]:
        # MLflow names a temporary folder in nested runs of a git project, and keeps passwords in the outer one's URL.
        folder = f"#{source['folder']}" if source["folder"] else ""
        tags |= {MLFLOW_GIT_REPO_URL: source["url"], MLFLOW_SOURCE_NAME: source["url"] + folder}
    return tags
