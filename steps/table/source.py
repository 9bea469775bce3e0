"""Opening a file's plain content: compression, text encoding, and content that belies the file's name."""

import bz2
import codecs
import contextlib
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa

HEAD_BYTES = 1 << 18

ARROW_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
COMPRESSIONS = (*ARROW_CODECS, ".xz", ".zip")

READ_ERRORS = (
    pa.ArrowException,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What pyarrow and the decompressors raise on content they cannot read."""

MAGIC = {
    b"PAR1": "Parquet",
    b"ARROW1": "Feather/Arrow IPC",
    b"FEA1": "Feather version 1",
    b"\x1f\x8b": "gzip-compressed data",
    b"BZh": "bzip2-compressed data",
    b"\xfd7zXZ": "xz-compressed data",
    b"\x28\xb5\x2f\xfd": "zstd-compressed data",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3\0": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"version https://git-lfs": "a Git LFS pointer (run `git lfs pull`)",
}
WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:html|head|body|!doctype|\?xml)\b", re.IGNORECASE | re.DOTALL
)
WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def one_line(error: BaseException) -> str:
    """Return an error's text on one line, short enough for a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


def zip_member(path: Path) -> str:
    """Name the one data file inside a zip archive.

    Raises
    ------
    ValueError
        If there is none, or more than one.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    names = [n for n in names if not n.startswith("__MACOSX/") and not PurePosixPath(n).name.startswith(".")]
    if len(names) != 1:
        raise ValueError(f"Got {len(names)} files inside {path}, expected exactly one: zip one data file.")
    return names[0]


def plain_suffix(path: Path) -> str:
    """Return the suffix that tells the format, in lower case: the inner one of a compressed file."""
    suffix = path.suffix.lower()
    if suffix not in COMPRESSIONS:
        return suffix
    inner = Path(zip_member(path)).suffix if suffix == ".zip" else ""
    return (inner or Path(path.stem).suffix).lower()


@contextlib.contextmanager
def open_plain(path: Path) -> Iterator[pa.NativeFile]:
    """Open the decompressed content of `path` as a stream of bytes."""
    suffix = path.suffix.lower()
    with contextlib.ExitStack() as opened:
        if suffix == ".zip":
            archive = opened.enter_context(zipfile.ZipFile(path))
            member = opened.enter_context(archive.open(zip_member(path)))
            yield opened.enter_context(pa.PythonFile(member, mode="r"))
        elif suffix in (".xz", ".bz2"):
            # Arrow's bz2 takes a truncated file for a short one.
            opener = lzma.open if suffix == ".xz" else bz2.open
            yield opened.enter_context(pa.PythonFile(opened.enter_context(opener(path)), mode="r"))
        elif suffix in ARROW_CODECS:
            raw = opened.enter_context(pa.OSFile(str(path), "rb"))
            yield opened.enter_context(pa.CompressedInputStream(raw, ARROW_CODECS[suffix]))
        else:
            yield opened.enter_context(pa.OSFile(str(path), "rb"))


def head(path: Path) -> bytes:
    """Return the first bytes of the decompressed content."""
    with open_plain(path) as stream:
        return stream.read(HEAD_BYTES)


def refuse_disguise(start: bytes, path: Path, *, expected: str, encoding: str) -> None:
    """Raise if the first bytes show that a text file is something else.

    Raises
    ------
    ValueError
        For binary formats, web pages, NUL bytes and UTF-16 read as another encoding.
    """
    looks = next((name for magic, name in MAGIC.items() if start.startswith(magic)), None)
    if WEB_PAGE.match(start):
        looks = "an HTML page (perhaps a login or an error page)"
    if looks:
        raise ValueError(
            f"Got {looks} in {path}, expected {expected}: check the download, or give the file its true suffix."
        )
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return
    if start.startswith(WIDE_BOMS):
        raise ValueError(f"Got UTF-16 text in {path}, expected {encoding}: pass encoding=utf-16.")
    if b"\0" in start:
        raise ValueError(
            f"Got NUL bytes in {path}, expected {expected}: the file is binary, or text in encoding=utf-16."
        )


def refuse_unknown_encoding(encoding: str) -> None:
    """Raise a ValueError unless Python knows `encoding` as a text encoding."""
    try:
        "a".encode(encoding)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"Got encoding {encoding!r}, expected one that Python knows, such as utf-8, latin-1 or utf-16."
        ) from error


def not_in_encoding(path: Path, encoding: str) -> ValueError:
    """Return the error for bytes that are not text in `encoding`."""
    hint = "utf-8" if codecs.lookup(encoding).name != "utf-8" else "latin-1"
    return ValueError(
        f"Got bytes in {path} that are not valid {encoding}, expected text in that encoding: "
        f"pass the file's own, for example encoding={hint}."
    )


def decode_head(start: bytes, path: Path, encoding: str) -> str:
    """Decode the first bytes of a file, of which the last character may be cut, without its byte order mark."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start, final=len(start) < HEAD_BYTES)
    except UnicodeError as error:
        raise not_in_encoding(path, encoding) from error
    return text.removeprefix("\ufeff")
