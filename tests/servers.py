"""Servers of a test's own on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """Serve the repositories below the folder, and give the URL that leads to it."""
    port = free_port()
    command = ["git", "daemon", f"--base-path={folder}", "--export-all", "--listen=127.0.0.1", "--reuseaddr"]
    with subprocess.Popen([*command, f"--port={port}"], stderr=subprocess.DEVNULL, start_new_session=True) as server:
        try:
            wait_for(port, server)
            yield f"git://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes], seconds: float = 90) -> None:
    """Wait until somebody listens on the port of this machine."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on port {port}")
