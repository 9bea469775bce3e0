"""Trainers side by side: while one computes, the other one waits, so that they never take more threads than asked."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

TURN_VARIABLE = "GROVE_TURN"
"""Environment variable: the file that the one whose turn it is holds locked; the system unlocks it when that ends."""


@contextlib.contextmanager
def own_turn() -> Iterator[None]:
    """Wait until no other trainer of the same main computes, and keep the others waiting."""
    path = os.environ.get(TURN_VARIABLE)
    if path is None:
        yield
        return
    with Path(path).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
