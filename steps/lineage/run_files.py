"""What a run logged beside its output: figures, reports, records, and whether they are still as they were logged."""

from __future__ import annotations

from pathlib import Path

import mlflow
from mlflow.entities import Run

from steps.table.digest import file_digest, folder_digests
from steps.table.manifest import MANIFEST

FILES = "files.json"


def record_files() -> None:
    """Record the digest of every artifact of the active run as `files.json`; a folder with a manifest proves itself."""
    mlflow.log_dict(_digests(mlflow.active_run().info.run_id), FILES)


def check_files(run: Run) -> None:
    """Raise ValueError unless all that `record_files` recorded for the run is there and as it was."""
    run_id = run.info.run_id
    if not has_artifact(run_id, FILES):
        raise ValueError(f"Got no {FILES} in run {run_id}, expected it: it was deleted.")
    found = _digests(run_id)
    for name, digest in mlflow.artifacts.load_dict(f"runs:/{run_id}/{FILES}").items():
        if found.get(name) != digest:
            raise ValueError(
                f"Got {name} of run {run_id} {'changed' if name in found else 'missing'}, expected it as it was logged."
            )


def has_artifact(run_id: str, path: str) -> bool:
    """Return whether the run has a file under this path, with slashes."""
    folder = path.rpartition("/")[0]
    return path in {file.path for file in mlflow.MlflowClient().list_artifacts(run_id, folder or None)}


def _digests(run_id: str) -> dict[str, str]:
    found = {}
    for entry in mlflow.MlflowClient().list_artifacts(run_id):
        if entry.path == FILES or (entry.is_dir and has_artifact(run_id, f"{entry.path}/{MANIFEST}")):
            continue
        place = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=entry.path))
        if entry.is_dir:
            found |= {f"{entry.path}/{name}": digest for name, digest in folder_digests(place).items()}
        else:
            found[entry.path] = file_digest(place)
    return found
