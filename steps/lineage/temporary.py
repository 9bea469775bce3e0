"""One folder for all temporary files of a process and of those below it; and those that killed processes have left."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from steps.lineage.process import is_gone, this_process
from steps.table.space import naming_what_is_full

_PREFIX = "grove-"
_OWNER = "grove.process"
"""A file in the folder that says whose it is."""


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Let all temporary files of this process and of those below it lie in one folder, and remove it.

    Raises
    ------
    OSError
        When no place takes temporary files: there is no space, or no right to write.
    """
    before = os.environ.get("TMPDIR")
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:  # which names the places that it has tried, but not why none will do
        places = str(error).partition(" found in ")[2]
        raise OSError(
            f"Got no place for temporary files that has space and may be written to, of {places}: free one, or set "
            f"TMPDIR to another, then run the same command again, what has finished is kept."
        ) from error
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        owner = Path(folder) / _OWNER
        with naming_what_is_full(owner):
            owner.write_text(this_process() or "", encoding="ascii")
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)


def remove_leftovers(beside: Path) -> None:
    """Remove such folders beside this one that are the user's own, and whose process is certainly gone."""
    if not hasattr(os, "getuid"):
        return  # Windows tells no owner
    for owner in beside.parent.glob(f"{_PREFIX}*/{_OWNER}"):
        # Others may write where temporary files lie, but they can't make a folder or a file this user's.
        with contextlib.suppress(OSError, ValueError):
            users = {owner.parent.lstat().st_uid, owner.lstat().st_uid}
            if users == {os.getuid()} and is_gone(owner.read_text(encoding="ascii"), owner.stat().st_mtime):
                shutil.rmtree(owner.parent, ignore_errors=True)  # which leaves a link alone
