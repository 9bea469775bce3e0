"""What a run logged beside its output: figures, reports, records, and whether they are still as they were logged."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import mlflow
from mlflow.entities import Run

from steps.lineage.artifacts import fetched
from steps.table.digest import file_digest, folder_digests
from steps.table.manifest import MANIFEST, below

FILES = "files.json"


def record_files() -> None:
    """Record the digest of every artifact of the active run as `files.json`; a folder with a manifest proves itself."""
    run = mlflow.active_run().info
    found = {}
    for entry in mlflow.MlflowClient().list_artifacts(run.run_id):
        if entry.is_dir and has_artifact(run.run_id, f"{entry.path}/{MANIFEST}"):
            continue
        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"{run.artifact_uri}/{entry.path}"))
        if entry.is_dir:
            found |= {f"{entry.path}/{name}": digest for name, digest in folder_digests(place).items()}
        else:
            found[entry.path] = file_digest(place)
    mlflow.log_dict(found, FILES)


def run_folder(run: Run) -> Path:
    """Return where all artifacts of the run are on this machine, as the artifact store gives them back."""
    return fetched(run.info.artifact_uri)


def check_files(folder: Path) -> None:
    """Raise ValueError unless all that `record_files` recorded is in the folder of the run's artifacts as it was."""
    if not (folder / FILES).is_file():
        raise ValueError(f"Got no {FILES}, expected it as it was logged.")
    recorded = None
    with contextlib.suppress(ValueError):
        recorded = json.loads((folder / FILES).read_text(encoding="utf-8"))
    if not isinstance(recorded, dict):
        raise ValueError(f"Got {FILES} damaged, expected it as it was logged.")
    for name, digest in recorded.items():
        path = below(folder, name)
        if not path.is_file() or file_digest(path) != digest:
            raise ValueError(f"Got {name} {'changed' if path.is_file() else 'missing'}, expected it as it was logged.")


def pictures(run_id: str, folder: str = "") -> dict[str, bytes]:
    """Return the PNG files that the run logged in a folder, at the top without one, by their names without suffix."""
    client = mlflow.MlflowClient()
    files = [Path(file.path) for file in client.list_artifacts(run_id, folder or None)]
    # By the run's ID MLflow copies them, and does not say why it can't.
    place = client.get_run(run_id).info.artifact_uri
    return {file.stem: fetched(f"{place}/{file}").read_bytes() for file in files if file.suffix == ".png"}


def has_artifact(run_id: str, path: str) -> bool:
    """Return whether the run has a file under this path, with slashes."""
    folder = path.rpartition("/")[0]
    return path in {file.path for file in mlflow.MlflowClient().list_artifacts(run_id, folder or None)}
