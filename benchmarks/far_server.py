"""A tracking server whose answers take their time, as those of a far one do."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

_START_SECONDS = 120.0


@contextmanager
def far_server(latency: float) -> Iterator[str]:
    """Give the URI of an empty tracking server that is `latency` seconds away, there and back."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="grove-benchmark-", ignore_cleanup_errors=True) as folder:
        command = f"mlflow server --host 127.0.0.1 --port {port} --backend-store-uri sqlite:///{folder}/mlflow.db"
        server = subprocess.Popen(
            [sys.executable, "-m", *command.split(), "--artifacts-destination", folder],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            with _delayed(port, latency) as uri:
                yield uri
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


@contextmanager
def _delayed(port: int, latency: float) -> Iterator[str]:
    loop = asyncio.new_event_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            loop.call_later(latency / 2, writer.write, data)
        loop.call_later(latency / 2, writer.close)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, before), carry(behind, writer))

    started = loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            requests.get(f"http://127.0.0.1:{port}/health", timeout=1)
            return
        except requests.RequestException:
            time.sleep(0.5)
    raise TimeoutError("Got no answer from the tracking server, expected it to start.")
