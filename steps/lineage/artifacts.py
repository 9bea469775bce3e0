"""Artifacts that one step hands to another: logged with a manifest, found by URI or path, verified before use."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import requests
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

from steps.lineage.credentials import without_credentials
from steps.lineage.errors import client_errors, one_line
from steps.lineage.launcher import typed_in
from steps.lineage.refusal import refusal
from steps.lineage.source import PROJECT
from steps.lineage.tracking import check_tracking_uri
from steps.lineage.web import fetch_file, why
from steps.table.digest import file_digest
from steps.table.manifest import MANIFEST, verify, write_manifest

OWN = "project:"
OUTPUT_TAG = "grove.output"
WHOLE_TAG = "grove.manifest"
"""The first is of the content alone, the second of the manifest's bytes, run IDs and paths included."""
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
    if not place.startswith(("http://", "https://")):
        return fetched(place, name)
    with _or_why_not(uri, name):  # a plain web server is no artifact store to MLflow
        return fetch_file(place)


def fetched(uri: str, name: str = "") -> Path:
    """Return where on this machine the artifact store gives back what the URI leads to.

    MLflow refuses names that lead out of the folder it downloads to; where the store is a folder itself, links may.
    `name` is the option's, for the message.

    Raises
    ------
    NotFetchedError
        When the store does not give it.
    ValueError
        When a link leads elsewhere.
    """
    with _or_why_not(uri, name):
        try:
            place = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        except MlflowException:
            check_tracking_uri(mlflow.get_tracking_uri())  # who is gone is not asked again
            # MLflow does not ask again for what breaks off on its way, nor say why it has nothing of a run.
            direct = RunsArtifactRepository.get_underlying_uri(uri) if uri.startswith("runs:/") else uri
            place = Path(mlflow.artifacts.download_artifacts(artifact_uri=direct))
    for path in place.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(place.resolve()):
            raise ValueError(
                f"Got {uri} with the link {path.relative_to(place)}, which leads out of it to {path.resolve()}; "
                f"expected the file itself."
            )
    return place


@contextlib.contextmanager
def _or_why_not(uri: str, name: str) -> Iterator[None]:
    shown = without_credentials(uri)
    named = f"{name}={shown}" if name else shown
    try:
        yield
    except ImportError as error:
        raise ValueError(
            f"Got {named}, whose storage needs a client that is not installed ({error.name}): install the extra s3, "
            f"gcs or azure that pyproject.toml names."
        ) from error
    except (MlflowException, OSError, *client_errors()) as error:
        refused = refusal(error, mlflow.get_tracking_uri())
        if refused:
            said = refused
        elif isinstance(error, requests.RequestException):
            said = why(error)
        else:
            said = one_line(str(error).replace(uri, shown).partition("Response text")[0])
        raise NotFetchedError(f"Got {named}, which can't be fetched: {said}") from error


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
    # One by one each appears under its name when it is complete; last the manifest, without which there is no artifact.
    for name in [*sorted(manifest["files"]), MANIFEST]:
        mlflow.log_artifact(str(folder / name), "/".join([kind, *Path(name).parts[:-1]]))
    written = Artifact(folder, manifest)
    mlflow.set_tags({f"{OUTPUT_TAG}.{kind}": written.fingerprint, f"{WHOLE_TAG}.{kind}": written.manifest_digest})
