"""A disk that is full, told by the file that could not be written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, of a quota, and of a limit on files."""
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")
"""NumPy's words for the same; it gives no number of an error."""


@contextlib.contextmanager
def naming_what_is_full(path: Path) -> Iterator[None]:
    """Let the error of a full disk name the file, which Python, Arrow and NumPy don't do when they write.

    By the time somebody asks which disk is full the file may be removed, and its disk have room again.
    """
    try:
        yield
    except OSError as error:
        number = errno.ENOSPC if _CUT_SHORT.fullmatch(str(error)) else error.errno
        if number not in NO_SPACE or error.filename:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error
