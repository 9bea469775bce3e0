"""The formats of table files: how they are told apart, and what no table may be."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from steps.table.source import COMPRESSIONS, READ_ERRORS, head, one_line, plain_suffix
from steps.table.space import NO_SPACE
from steps.table.text import no_header_hint

CSV, TSV, JSON_LINES, PARQUET, FEATHER = "CSV", "TSV", "JSON lines", "Parquet", "Feather"
FORMATS = {
    ".csv": CSV,
    ".txt": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".json": JSON_LINES,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".feather": FEATHER,
    ".arrow": FEATHER,
}
BESIDE_PARTS = ("manifest.json", "schema.json")
IPC_FILE = b"ARROW1"
_MAGIC = {PARQUET: (b"PAR1",), FEATHER: (IPC_FILE, b"\xff\xff\xff\xff")}


def file_kind(path: Path, format: str) -> str:
    """Return the format of a file, one of the values of `FORMATS`; `format` is the option.

    Raises
    ------
    ValueError
        If the file is empty, its name does not tell the format, or its first bytes belie a binary one.
    """
    if not path.stat().st_size:
        raise ValueError(f"Got an empty file {path}, expected a table: check how it was written.")
    suffix = plain_suffix(path) if format == "auto" else f".{format}"
    if suffix not in FORMATS:
        raise ValueError(_unknown_suffix(path, suffix))
    kind = FORMATS[suffix]
    if kind in _MAGIC:
        start = head(path)
        if not start.startswith(_MAGIC[kind]):
            looks = "text" if start[:64].isascii() and start else "something else"
            raise ValueError(f"Got {looks} in {path}, expected {kind}: check the download, or the suffix.")
    return kind


def _unknown_suffix(path: Path, suffix: str) -> str:
    got = f"suffix {suffix!r}" if suffix else "no suffix"
    return (
        f"Got {got} in {path}, expected one of {', '.join(FORMATS)}, "
        f"plain or followed by one of {', '.join(COMPRESSIONS)}; or name it with format=csv and the like."
    )


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow and the decompressors raise on content that they can't read into one sentence."""
    try:
        yield
    except PermissionError as error:
        raise PermissionError(f"Got no permission to read {path}, expected a readable file.") from error
    except READ_ERRORS as error:
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise  # of a temporary file
        # A bare ValueError is a sentence already; those of pyarrow and the codecs are subclasses.
        if type(error) is ValueError:
            raise
        raise ValueError(
            f"Got {path} damaged or cut short ({one_line(error)}), expected a complete file: copy it again."
        ) from error


def folder_parts(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder, in the order of their names.

    Raises
    ------
    ValueError
        If there is none, or anything else.
    """
    parts = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name in BESIDE_PARTS:
            continue
        if path.is_dir() or FORMATS.get(path.suffix.lower()) != PARQUET:
            raise ValueError(f"Got {path.name!r} in the folder {folder}, expected nothing but Parquet files.")
        parts.append(path)
    if not parts:
        raise ValueError(f"Got no Parquet file in the folder {folder}, expected at least one.")
    return parts


def unnamed_index(schema: pa.Schema) -> list[str]:
    """Return the columns of row numbers that pandas wrote beside the others, as it was given no name for them."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    unnamed = [name for name in index if isinstance(name, str) and re.fullmatch(r"__index_level_\d+__", name)]
    return [name for name in unnamed if pa.types.is_integer(schema.field(name).type)]


def refuse_other_schema(path: Path, schema: pa.Schema, first: Path, expected: pa.Schema) -> None:
    """Raise ValueError unless a part of a folder has the columns and types of the first one."""
    if schema.names != expected.names:
        raise ValueError(
            f"Got columns {schema.names} in {path}, expected {expected.names} as in {first.name}: "
            "write all files of a folder with one schema."
        )
    for got, wanted in zip(schema, expected, strict=True):
        if got.type != wanted.type:
            raise ValueError(
                f"Got type {got.type} for column {got.name!r} in {path}, expected {wanted.type} as in "
                f"{first.name}: write all files of a folder with one schema."
            )


def refuse_bad_names(names: Iterable[str], path: Path) -> None:
    """Raise ValueError unless there are columns, each with a name of its own."""
    names = list(names)
    if not names:
        raise ValueError(f"Got no columns in {path}, expected a table with named columns.")
    empty = [str(position) for position, name in enumerate(names, start=1) if not name.strip()]
    if empty:
        raise ValueError(
            f"Got no name for column {', '.join(empty)} in {path}, expected a name for every column: "
            "name it in the header (pandas leaves it out for the index: write with index=False)."
            + no_header_hint(names)
        )
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise ValueError(
            f"Got the column name {', '.join(map(repr, doubled))} more than once in {path}, "
            "expected distinct names: rename one of them in the header." + no_header_hint(names)
        )
