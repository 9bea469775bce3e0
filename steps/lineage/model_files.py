"""The files of a logged model: what they hold, and whether they are still as they were logged."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import NotFetchedError
from steps.lineage.errors import one_line

MODEL_FILE = "model.skops"
_PART = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.\w+")')
"""What skops numbers by places in memory: objects, and the files of arrays."""


def model_files(model_uri: str) -> dict[str, str]:
    """Return the path of each of the model's files to its SHA-256, 64 hexadecimal digits; sorted."""
    folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def check_model(model_uri: str, files: Mapping[str, str]) -> None:
    """Raise ValueError unless the model is there and its files are these, as `model_files` returned them."""
    try:
        found = model_files(model_uri)
    except (MlflowException, OSError) as error:
        raise NotFetchedError(f"Got no model {model_uri}, expected it as it was logged: {one_line(error)}") from error
    changed = sorted(name for name in files if found.get(name) != files[name])
    if changed:
        raise ValueError(f"Got {changed[0]} of the model {model_uri} changed or missing, expected it as it was logged.")


def model_digest(model_uri: str) -> str:
    """Return the `content_digest` of the model's file as the artifact store gives it back."""
    return content_digest(Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri)) / MODEL_FILE)


def content_digest(path: Path) -> str:
    """Return a SHA-256, 64 hexadecimal digits, of what a skops file holds; equal models have equal ones.

    skops names the parts of a model after their places in memory, and a zip archive dates its members: the bytes of the
    file differ from run to run. Here the parts are numbered as they come.

    Raises
    ------
    ValueError
        When the file is damaged.
    """
    numbers: dict[str, str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("schema.json").decode()
            text = re.sub(_PART, lambda part: numbers.setdefault(part[0], str(len(numbers))), text)
            digest = hashlib.sha256(text.encode())
            members = {Path(name).stem: name for name in archive.namelist()}
            for part in filter(members.__contains__, numbers):
                digest.update(archive.read(members[part]))
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RuntimeError) as error:
        raise ValueError(f"Got {path} damaged ({error}), expected a model as it was saved: train it again.") from error
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
