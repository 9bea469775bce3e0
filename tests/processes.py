"""Processes below the one that a test has started."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil


def find(started: subprocess.Popen[Any], module: str) -> list[psutil.Process]:
    """Return the Python processes below `started` that run a module of this name, or of one that begins so."""
    found = []
    for process in psutil.Process(started.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            if any(word.startswith(module) for word in process.cmdline()[1:3]):
                found.append(process)
    return found


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
