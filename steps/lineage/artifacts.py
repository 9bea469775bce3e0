"""Artifacts that one step hands to another: logged with a manifest, found by URI or path, verified before use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
import requests
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.exceptions import MlflowException

from steps.lineage.launcher import typed_in
from steps.lineage.source import PROJECT
from steps.lineage.tracking import without_credentials
from steps.table.digest import file_digest
from steps.table.manifest import MANIFEST, verify, write_manifest

OWN = "project:"
OUTPUT_TAG = "grove.output"
WHOLE_TAG = "grove.manifest"
"""The first is of the content alone, the second of the manifest's bytes, run IDs and paths included."""
_PROBE_SECONDS = 10.0
_SCHEMES_WITHOUT_HOST = ("runs:/", "models:/", "mlflow-artifacts:/", "dbfs:/")


@dataclass(frozen=True)
class Artifact:
    """A verified folder that an earlier step wrote.

    Attributes
    ----------
    folder
        Where its files are now.
    manifest
        Who wrote it and from what: `kind`, `step`, `run_id`, `chain` (step to run ID), what the step added, and
        `apart`, what it added that equal content need not share.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def chain(self) -> dict[str, str]:
        """The runs that this artifact came from, its own included: step to run ID."""
        return dict(self.manifest["chain"])

    @property
    def apart(self) -> dict[str, Any]:
        """What says where this content is or came from, not what it is."""
        return dict(self.manifest["apart"])

    @property
    def fingerprint(self) -> str:
        """SHA-256, 64 hexadecimal digits, of the content: of all files and of what the step said of them.

        Runs that made equal content have equal ones: the run's ID, the chain and `apart` do not count.
        """
        content = {name: value for name, value in self.manifest.items() if name not in ("run_id", "chain", "apart")}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def manifest_digest(self) -> str:
        """SHA-256, 64 hexadecimal digits, of the manifest as it was written: also of where all came from."""
        return file_digest(self.folder / MANIFEST)


class NotFetchedError(ValueError):
    """What a URI leads to could not be had, which says nothing of what it is."""


def resolve(uri: str) -> str:
    """Return the URI with a local path made absolute.

    A relative path means relative to the folder where the command was typed; `project:` before it, to the
    project's own folder, wherever MLflow put that.
    """
    if uri.startswith(OWN):
        return str(PROJECT / uri.removeprefix(OWN))
    if is_remote(uri):
        return uri
    return str(typed_in() / Path(uri).expanduser())


def is_remote(uri: str) -> bool:
    """Return whether it is a URI of another place than this machine's file system."""
    return "://" in uri or uri.startswith(_SCHEMES_WITHOUT_HOST)


def download(uri: str, name: str) -> Path:
    """Return the local path of what the URI or path leads to; `name` is the option's, for the message."""
    place = resolve(uri)
    if not is_remote(place):
        return Path(place)
    try:
        # A plain web server is no artifact store to MLflow, but a source of datasets.
        if place.startswith(("http://", "https://")):
            # MLflow would try again for minutes where nobody answers.
            requests.get(place, stream=True, timeout=_PROBE_SECONDS).close()
            return Path(HTTPDatasetSource(place).load())
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=place))
    except ImportError as error:
        raise ValueError(
            f"Got {name}={without_credentials(uri)}, whose storage needs a client that is not installed "
            f"({error.name}): install the extra s3, gcs or azure that pyproject.toml names."
        ) from error
    except (MlflowException, OSError) as error:
        shown = without_credentials(uri)
        # requests names the path and the query alone.
        said = str(error).replace(uri, shown).replace(f"?{urlsplit(uri).query}", "?…")
        message = " ".join(said.partition("Response text")[0].split())
        raise NotFetchedError(f"Got {name}={shown}, which can't be fetched: {message}") from error


def fetch(uri: str, kind: str) -> Artifact:
    """Return the artifact that the URI leads to, after its files were held against its manifest.

    Raises
    ------
    ValueError
        When it is not there, is of another kind, or its files are not what was written.
    """
    return read_artifact(download(uri, kind), kind, uri)


def read_artifact(folder: Path, kind: str, uri: str = "") -> Artifact:
    """Return the artifact in a folder on this machine as `fetch` does; `uri` is its own, for messages."""
    uri = uri or str(folder)
    if not folder.is_dir():
        raise ValueError(
            f"Got {kind}={uri}, where there is no folder; expected the artifact of an earlier run, such as "
            f"runs:/<run ID>/{kind}"
        )
    manifest = verify(folder)
    if manifest.get("kind") != kind:
        raise ValueError(f"Got {kind}={uri}, which is a {manifest.get('kind')}; expected a {kind}.")
    return Artifact(folder, manifest)


def publish(
    folder: Path,
    kind: str,
    *,
    step: str,
    inputs: tuple[Artifact, ...] = (),
    apart: Mapping[str, Any] | None = None,
    **about: Any,
) -> None:
    """Log the folder as the active run's artifact `kind`, with a manifest of its files and of where it came from.

    Parameters
    ----------
    folder
        Its files are the artifact.
    kind, step
        The artifact's name, and the entry point's.
    inputs
        The artifacts that it was made from.
    apart, about
        What the manifest is to say: in `apart` what equal content need not share, such as paths and run IDs.

    Notes
    -----
    The `Artifact.fingerprint` becomes the tag `grove.output.<kind>` of the run, and the manifest's own digest
    `grove.manifest.<kind>`.
    """
    run_id = mlflow.active_run().info.run_id
    chain = {name: run for source in inputs for name, run in source.chain.items()} | {step: run_id}
    manifest = write_manifest(
        folder, kind=kind, step=step, run_id=run_id, chain=chain, apart=dict(apart or {}), **about
    )
    mlflow.log_artifacts(str(folder), kind)
    written = Artifact(folder, manifest)
    mlflow.set_tags({f"{OUTPUT_TAG}.{kind}": written.fingerprint, f"{WHOLE_TAG}.{kind}": written.manifest_digest})
