"""Files that prove themselves: Parquet with page checksums, and a manifest of all files of a folder."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from steps.table.digest import file_digest

MANIFEST = "manifest.json"
ROW_GROUP = 1 << 16


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table to Parquet, with a checksum on every page; equal tables give equal bytes.

    The file appears under its name only when it is complete.

    Parameters
    ----------
    table : pyarrow.Table
    path : pathlib.Path
        In an existing folder; replaced if it exists.
    """
    schema = table.schema.remove_metadata()
    with (
        _written_whole(path) as unfinished,
        pq.ParquetWriter(unfinished, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        for start in range(0, table.num_rows, ROW_GROUP):
            # Pages follow the chunks, which must not show in the bytes.
            rows = table.slice(start, ROW_GROUP).replace_schema_metadata().combine_chunks()
            writer.write_table(rows, row_group_size=ROW_GROUP)


def read_verified(path: Path) -> pa.Table:
    """Read a Parquet file, verifying the checksum of every page.

    Raises
    ------
    ValueError
        If a checksum is wrong or the file is otherwise damaged.
    FileNotFoundError
        If there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"Got no file at {path}, expected a Parquet file: run the step that writes it.")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"Got {path} damaged ({reason}), expected the bytes that were written: run the step again."
        ) from error


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
    with _written_whole(folder / MANIFEST) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, all of whose files are as it says; files it does not list are ignored.

    Raises
    ------
    ValueError
        If there is no manifest, or a listed file is missing or has changed.
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
        _verify_file(folder / name, sha256, size)
    return manifest


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


@contextlib.contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, and rename it to `path` if the writing succeeds."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
