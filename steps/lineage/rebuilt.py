"""The recorded environment, built anew with uv."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steps.lineage.environment import LOCK, locked_packages
from steps.table.digest import file_digest

_VERSION = re.compile(r"\d[\w.!+-]*", re.ASCII)
"""Not a path, a name or a URL that uv would take a Python from, nor a further line for pip."""


@contextlib.contextmanager
def rebuilt_environment(recorded: Mapping[str, Any], project: Path) -> Iterator[None]:
    """Let processes started meanwhile run in an environment like the recorded one; it is removed at the end.

    Parameters
    ----------
    recorded
        As `whole_environment` recorded it.
    project
        The recorded code, whose requirements.txt names the packages.

    Raises
    ------
    ValueError
        When uv is missing or can't build it, or a version is none.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise ValueError("Got env=recorded, which needs uv: type `pip install uv`, or leave env out.")
    for name, found in {"Python": recorded["python"], **recorded["packages"]}.items():
        if not _VERSION.fullmatch(str(found)):
            raise ValueError(f"Got {found!r} recorded as the version of {name}, expected one such as 3.11.7.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name) / "environment"
        _make(uv, folder, recorded["python"])
        requirements = _requirements(recorded, project, Path(name))
        done = _run(uv, "pip", "install", "--python", str(folder), "-r", str(requirements))
        if done.returncode:
            raise ValueError(f"Got env=recorded, which uv can't build: {_ending(done.stderr)}")
        before = os.environ["PATH"]
        scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        os.environ["PATH"] = f"{scripts}{os.pathsep}{before}"
        try:
            yield
        finally:
            os.environ["PATH"] = before


def _make(uv: str, folder: Path, python: str) -> None:
    # Where the very release is not to be had, another one of the same minor version; the differences are said.
    for version in (python, ".".join(python.split(".")[:2])):
        done = _run(uv, "venv", "--no-project", "--python", version, str(folder))
        if not done.returncode:
            return
    raise ValueError(f"Got env=recorded, for which uv finds no Python {python}: {_ending(done.stderr)}")


def _requirements(recorded: Mapping[str, Any], project: Path, folder: Path) -> Path:
    """Return the lock if the recorded packages were its; else a list of those that it names, as they were."""
    lock = project / LOCK
    packages = recorded["packages"]
    pinned = locked_packages(lock)
    same_lock = file_digest(lock) == recorded["lock"]
    if same_lock and all(packages.get(name, version) == version for name, version in pinned):
        return lock
    names = {name for name, _ in pinned} & packages.keys()
    own = folder / LOCK
    own.write_text("".join(f"{name}=={packages[name]}\n" for name in sorted(names)), encoding="utf-8")
    return own


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def _ending(text: str) -> str:
    """Return the last words of a message, where uv says why."""
    words = " ".join(text.split())
    return words if len(words) <= 300 else "…" + words[-300:].partition(" ")[2]
