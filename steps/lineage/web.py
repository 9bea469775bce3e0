"""Files on the web: had whole or not at all, straight to disk, asked for again where that may help."""

from __future__ import annotations

import tempfile
import time
from email.message import Message
from http.client import responses
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from steps.table.space import naming_what_is_full

_PAUSES = (2.0, 4.0)
"""Seconds before the second attempt, and before the third."""
_TIMEOUTS = (10.0, 30.0)
"""Seconds for a connection, and for any next bytes."""
_CHUNK_BYTES = 1 << 20
_MAY_PASS = (408, 429, 500, 502, 503, 504)


def fetch_file(url: str) -> Path:
    """Return the file that the URL leads to, in a new temporary folder, under the name that it has there.

    It is asked for three times if nobody answers, the answer breaks off or stalls, or the server has a problem of its
    own. One that comes slowly may take its time.

    Raises
    ------
    requests.RequestException
        When it could not be had whole; nothing of it stays.
    """
    folder = Path(tempfile.mkdtemp())
    for pause in _PAUSES:
        try:
            return _stream(url, folder)
        except requests.RequestException as error:
            if not _may_pass(error):
                raise
        time.sleep(pause)
    return _stream(url, folder)


def _stream(url: str, folder: Path) -> Path:
    # Not compressed on the way, so that the length is known, by which requests sees that an answer broke off.
    plain = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=_TIMEOUTS, headers=plain) as answer:
        answer.raise_for_status()
        path = folder / _file_name(answer)
        try:
            with naming_what_is_full(path), path.open("wb") as file:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _file_name(answer: requests.Response) -> str:
    header = Message()
    header["Content-Disposition"] = answer.headers.get("Content-Disposition", "attachment")
    # Of the URL as it was asked for: what it was redirected to may be called anything.
    asked = (answer.history or [answer])[0].url
    return Path(header.get_filename() or unquote(urlsplit(asked).path)).name or "data"


def _may_pass(error: requests.RequestException) -> bool:
    if error.response is not None:
        return error.response.status_code in _MAY_PASS
    passing = requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError
    return isinstance(error, passing)


def why(error: requests.RequestException) -> str:
    """Return in words why a file could not be had, without its URL, which may hold secrets."""
    said = str(error)
    if error.response is not None:
        status = error.response.status_code
        return f"its server answers {status} {responses.get(status, '')}".rstrip()
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "its server's answer breaks off before it is whole"
    if "NameResolutionError" in said:
        return "its server's name is unknown: is it right, and is there a network?"
    if isinstance(error, requests.Timeout) or "Read timed out" in said:
        return f"its server is silent for {_TIMEOUTS[1]:.0f} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "its server's certificate can't be trusted"
    if isinstance(error, requests.ConnectionError):
        return "its server does not answer: is it running, and is there a network?"
    return type(error).__name__
