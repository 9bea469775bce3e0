"""A manifest of all files of a folder, by which they prove themselves."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from steps.table.digest import file_digest
from steps.table.stored import written_whole

MANIFEST = "manifest.json"


def write_manifest(folder: Path, **about: Any) -> dict[str, Any]:
    """Describe all files of a folder, below it too, in its ``manifest.json``.

    Parameters
    ----------
    folder : pathlib.Path
    **about
        What else the manifest is to say; anything JSON can hold.

    Returns
    -------
    dict
        The manifest: `about`, and for every file under ``files`` its SHA-256 and size in bytes, for Parquet
        also its rows and its schema, name to type.
    """
    if "files" in about:
        raise ValueError("Got 'files' among what the manifest is to say, expected another name: it lists the files.")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    files = {path.relative_to(folder).as_posix(): _describe(path) for path in paths}
    manifest = {**about, "files": files}
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    with written_whole(folder / MANIFEST) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, all of whose files are as it says; files it does not list are ignored.

    Raises
    ------
    ValueError
        If there is no manifest, or a listed file is missing, has changed or lies elsewhere.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ValueError(
            f"Got no {MANIFEST} in {folder}, expected one: the step that wrote it did not finish, run it again."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        expected = {name: (about["sha256"], about["bytes"]) for name, about in manifest["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"Got {path} damaged, expected a manifest: run the step that wrote it again.") from error
    for name, (sha256, size) in expected.items():
        _verify_file(below(folder, name), sha256, size)
    return manifest


def below(folder: Path, name: str) -> Path:
    """Return the path of a file that something from elsewhere says to be below the folder.

    Raises
    ------
    ValueError
        If the name, or a link on its way, leads out of the folder.
    """
    path = folder / name
    if "\\" in name or ".." in Path(name).parts or not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"Got {name!r} listed as a file of {folder}, which leads out of it; expected files below it.")
    return path


def _verify_file(path: Path, sha256: str, size: int) -> None:
    if not path.is_file():
        raise ValueError(f"Got no file {path}, expected it as its manifest lists it: run the step again.")
    if path.stat().st_size != size:
        raise ValueError(
            f"Got {path.stat().st_size} bytes in {path}, expected {size} as its manifest says: run the step again."
        )
    found = file_digest(path)
    if found != sha256:
        raise ValueError(f"Got SHA-256 {found} for {path}, expected {sha256} as its manifest says: run the step again.")


def _describe(path: Path) -> dict[str, Any]:
    about: dict[str, Any] = {"sha256": file_digest(path), "bytes": path.stat().st_size}
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            about["rows"] = file.metadata.num_rows
            about["schema"] = {field.name: str(field.type) for field in file.schema_arrow}
    return about
