"""Processes that say who they are and do nothing, until they are killed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.conftest import PROJECT

CODE = "import time; from steps.lineage.process import this_process; print(this_process(), flush=True); time.sleep(600)"


@contextlib.contextmanager
def sleeping(*, below: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start one, below another command, and give it and what it says of itself."""
    command = [*below, sys.executable, "-c", CODE]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().rstrip("\n")
        finally:
            process.kill()
