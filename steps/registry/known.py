"""What is known of a version: all that a model card may speak of, gathered from the runs that the version came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import WHOLE_TAG, Artifact, fetch, fetched, is_remote
from steps.lineage.environment import REQUIREMENTS
from steps.lineage.provenance import RECORD, SOURCE_TAG
from steps.lineage.run_files import has_artifact
from steps.registry.versions import DATA_TAG, GATE_TAG, RUN_TAG, VARIANT_TAG, model_uri_of
from steps.table.digest import file_digest
from steps.table.manifest import MANIFEST
from steps.table.profile import PROFILE
from steps.table.schema import Schema


def evidence_of(version: ModelVersion) -> dict[str, Any]:
    """Return the evidence of a version, fit for JSON; no rows of the data, and of the values only those of the verdict.

    Returns
    -------
    dict
        ``name`` and ``version``, but no alias, which moves. ``verdict`` as evaluate wrote it. ``gate``: each check to
        what was found.
        ``data``: ``rows`` of the loaded table, its ``columns`` with ``name``, ``role``, ``type`` and the share
        ``missing``, the ``left_out_columns`` and ``left_out_rows`` with the reasons, the rows of the ``classes`` in
        training and holdout, and ``notes``. ``provenance``: ``trained`` (the day), ``commit``, ``repository`` (its
        URL), ``data_fingerprint``, ``seed``, ``python``, ``packages``, ``runs`` of the steps. What is gone is None or
        empty.

    Raises
    ------
    ValueError, OSError, MlflowException
        When Grove did not register the version, its verdict is gone, or a record was changed.
    """
    verdict, content = _verdict(version)
    divided = _run(verdict.chain["preprocess"])
    split = _manifest(divided, "split")
    gate = f"{GATE_TAG}."
    return {
        "name": version.name,
        "version": str(version.version),
        "verdict": content,
        "gate": {tag.removeprefix(gate): said for tag, said in version.tags.items() if tag.startswith(gate)},
        "data": _data(_run(verdict.chain["load"]), divided, content, split),
        "provenance": _provenance(version, verdict, split),
    }


def _verdict(version: ModelVersion) -> tuple[Artifact, dict[str, Any]]:
    model, run_id = model_uri_of(version), version.tags.get(f"{RUN_TAG}.evaluate")
    if run_id is None:
        raise ValueError(
            f"Got version {version.version} of {version.name} without the tag {RUN_TAG}.evaluate, which leads to "
            f"the verdict; expected it: run register again."
        )
    found = fetch(f"runs:/{run_id}/verdict", "verdict")
    _check_unchanged(_run(run_id), "verdict", found.manifest_digest)
    content = json.loads((found.folder / "verdict.json").read_text(encoding="utf-8"))
    if found.apart["model_uris"][content["winner"]] != model:
        raise ValueError(
            f"Got version {version.version} of {version.name}, made of {model}, which is not the winner of the verdict "
            f"of run {run_id}; expected one verdict for both: run register again."
        )
    return found, content


def _data(
    loaded: Run | None, divided: Run | None, content: Mapping[str, Any], split: Mapping[str, Any]
) -> dict[str, Any]:
    table = _manifest(loaded, "table")
    missing = (_json(loaded, PROFILE) or {}).get("missing", {})
    profile = _json(divided, f"split/{PROFILE}", split) or {}
    schema = Schema.from_dict((table or split)["schema"]) if table or split else Schema(())
    return {
        "rows": table["files"]["table.parquet"]["rows"] if table else None,
        "columns": [
            {"name": column.name, "role": column.role, "type": column.type, "missing": missing.get(column.name)}
            for column in schema.columns
        ],
        "left_out_columns": {column.name: column.reason for column in schema.dropped},
        "classes": {
            "training": profile.get("classes", {}),
            "holdout": {part["value"]: part["rows"] for part in content.get("classes", [])},
        },
        "left_out_rows": split.get("left_out", {}),
        "notes": [*table.get("notes", []), *split.get("notes", [])],
    }


def _provenance(version: ModelVersion, verdict: Artifact, split: Mapping[str, Any]) -> dict[str, Any]:
    run = _run(version.tags.get(f"{RUN_TAG}.{version.tags.get(VARIANT_TAG)}", ""))
    environment = (_json(run, RECORD) or {}).get("environment", {})
    packages = environment.get("packages", {})
    return {
        "trained": None if run is None else _day(run.info.start_time),
        "commit": version.tags.get(f"{SOURCE_TAG}.commit"),
        "repository": _public(version.tags.get(f"{SOURCE_TAG}.url", "")),
        "data_fingerprint": version.tags.get(DATA_TAG),
        "seed": split.get("seed"),
        "python": environment.get("python"),
        "packages": {name: packages[name] for name in REQUIREMENTS if name in packages},
        "runs": verdict.chain,
    }


def _public(repository: str) -> str | None:
    """Return a repository's URL; None for a folder of somebody's machine, which is nobody else's business."""
    is_url = is_remote(repository) or ":" in repository.partition("/")[0]  # as in git@host:path
    return repository if is_url and not repository.startswith("file:") else None


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def _run(run_id: str) -> Run | None:
    try:
        return mlflow.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in _GONE:
            raise
        return None


_GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a run that was deleted for good, and of an ID that can't be one."""


def _manifest(run: Run | None, kind: str) -> dict[str, Any]:
    """Return the manifest of a run's artifact; nothing if it is gone."""
    path = f"{kind}/{MANIFEST}"
    if run is None or not has_artifact(run.info.run_id, path):
        return {}
    file = fetched(f"runs:/{run.info.run_id}/{path}")
    _check_unchanged(run, kind, file_digest(file))
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _json(run: Run | None, path: str, manifest: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Return what a file of a run says, held against the manifest that lists it, if one does; None if it is gone."""
    if run is None or not has_artifact(run.info.run_id, path):
        return None
    file = fetched(f"runs:/{run.info.run_id}/{path}")
    listed = (manifest or {}).get("files", {}).get(path.rpartition("/")[2])
    if listed is not None and listed["sha256"] != file_digest(file):
        raise ValueError(
            f"Got {path} of run {run.info.run_id} changed, expected it as its manifest says: run main again."
        )
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _check_unchanged(run: Run | None, kind: str, digest: str) -> None:
    recorded = None if run is None else run.data.tags.get(f"{WHOLE_TAG}.{kind}")
    if run is not None and digest != recorded:
        raise ValueError(
            f"Got another {kind} in run {run.info.run_id} than it recorded, expected the recorded one: run main again."
        )
