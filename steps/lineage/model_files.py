"""The files of a logged model: what they hold, and whether they are still as they were logged."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME

from steps.lineage.artifacts import fetched
from steps.table.digest import folder_digests

_PART = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.\w+")')
"""What skops numbers by places in memory: objects, and the files of arrays."""


@cache
def model_folder(model_uri: str, name: str = "") -> Path:
    """Return where the model's files are on this machine, as `fetched` does."""
    return fetched(model_uri, name)


def model_digests(folder: Path) -> dict[str, str]:
    """Return `folder_digests` of a model's own files: not of that which MLflow adds to what it fetches."""
    return {name: digest for name, digest in folder_digests(folder).items() if name != REGISTERED_MODEL_META_FILE_NAME}


def check_model(model_uri: str, files: Mapping[str, str]) -> None:
    """Raise ValueError unless the model is there and its files are these, as `model_digests` returned them."""
    found = folder_digests(model_folder(model_uri))
    changed = sorted(name for name in files if found.get(name) != files[name])
    if changed:
        raise ValueError(f"Got {changed[0]} of the model {model_uri} changed or missing, expected it as it was logged.")


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
