"""Dask clusters on which nothing of Grove is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.servers import free_port, wait_for

DASK = Path(sys.executable).parent / "dask"


def dask(stack: ExitStack, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    started = stack.enter_context(
        subprocess.Popen(
            [DASK, *words, "--no-dashboard", "--host", "127.0.0.1"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    stack.callback(end, started)
    return started


def end(started: subprocess.Popen[bytes]) -> None:
    """Kill a process and those below it, a worker's nanny being one that would start it again."""
    if started.poll() is None:
        below = psutil.Process(started.pid).children(recursive=True)
        started.kill()
        for process in below:
            process.kill()


def start_scheduler(stack: ExitStack, folder: Path) -> str:
    """Return the address of a scheduler, which has no workers yet."""
    port = free_port()
    wait_for(port, dask(stack, folder, "scheduler", "--port", str(port)))
    return f"tcp://127.0.0.1:{port}"


def find_listening(address: str) -> list[psutil.Process]:
    """Return the processes below this one that listen at the address."""
    port = int(address.rsplit(":", 1)[1])
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if any(each.status == "LISTEN" and each.laddr.port == port for each in process.net_connections())
    ]
