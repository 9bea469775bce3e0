"""Who started this process: MLflow's `mlflow run`, or the driver, with perhaps a shell between."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import psutil

_SHELLS = {"bash", "sh", "dash", "zsh", "cmd.exe"}
_ADOPTERS = {"init", "systemd", "launchd"}


@cache
def ancestors() -> tuple[psutil.Process, ...]:
    """Return this process's parents up to the one that called MLflow; none when MLflow did not start it."""
    found: list[psutil.Process] = []
    process = psutil.Process().parent() if "MLFLOW_RUN_ID" in os.environ else None
    while process is not None:
        found.append(process)
        if process.name() not in _SHELLS:
            break
        process = process.parent()
    return tuple(found)


def typed_in() -> Path:
    """Return the folder in which the command was typed.

    MLflow starts a step in the project's folder, for a git URL a temporary clone; the user's relative paths
    mean the folder of the process that called MLflow.
    """
    for process in ancestors()[-1:]:
        try:
            return Path(process.cwd())
        except psutil.Error:  # it belongs to somebody else, or is gone
            break
    return Path.cwd()


def is_gone() -> bool:
    """Return whether one of those who started this process has ended."""
    parents = [os.getppid()]
    try:
        parents += [process.ppid() for process in ancestors()[:-1]]
    except psutil.NoSuchProcess:
        return True
    return parents != [process.pid for process in ancestors()] or _was_gone()


@cache
def _was_gone() -> bool:
    """Return whether the launcher ended before this process could look, so that another one adopted it.

    In a container MLflow itself may be the first process; then that is Python.
    """
    launcher = ancestors()[-1]
    try:
        is_adopter = launcher.pid == 1 or launcher.name() in _ADOPTERS
        return is_adopter and "python" not in " ".join(launcher.cmdline()[:1])
    except psutil.Error:
        return False
