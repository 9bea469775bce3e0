"""A tracking server that a test can kill and start again."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.servers import free_port, wait_for


class Tracker:
    """`mlflow server` on a SQLite store in a folder, always on the same port; it keeps the artifacts itself."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        store = ["--backend-store-uri", f"sqlite:///{self._folder / 'mlflow.db'}"]
        kept = ["--artifacts-destination", str(self._folder / "kept")]
        self._process = subprocess.Popen(
            ["mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", *store, *kept],
            cwd=self._folder,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self.port, self._process, seconds=600)

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
