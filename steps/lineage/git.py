"""The git executable, run so that neither a hook around us nor a password can get in the way."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from steps.lineage.credentials import without_credentials

# What says how to reach a server or where settings lie; the rest redirects, as inside a hook, or changes the output.
_KEPT = ("GIT_CONFIG_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_PROXY_", "GIT_HTTP_", "GIT_ALLOW_", "GIT_EXEC_PATH")
_FIXED = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_SAYS_WHY = re.compile("^(fatal|error): ", re.IGNORECASE)


def git(folder: Path, *words: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
    """Run git in the folder and return what it prints.

    In a session of its own: without a terminal neither git nor ssh waits for a password.

    Raises
    ------
    subprocess.CalledProcessError
        With `reason` to tell why.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    with subprocess.Popen(
        ["git", *words],
        cwd=folder,
        env={**kept, **_FIXED, **(variables or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(stdin)
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, ["git", *words], out, err)
    return out


def reason(error: subprocess.CalledProcessError) -> str:
    """Return git's last line that says why, without the advice that may follow it."""
    told = error.stderr.decode(errors="replace")
    # What a server or ssh said stands before it.
    told = told.partition("fatal: Could not read from remote repository")[0].strip() or told
    lines = [line.strip() for line in told.splitlines() if line.strip()] or [f"exit code {error.returncode}"]
    telling = [at for at, line in enumerate(lines) if _SAYS_WHY.match(line)]
    why = lines[telling[-1] if telling else -1 :]
    return _SAYS_WHY.sub("", " ".join(why[:2]) if why[0].endswith(":") else why[0]).rstrip(".")


def public_url(url: str) -> str:
    """Return `without_credentials`, but keep the user that an ssh URL needs, as `git@host:path` does."""
    parts = urlsplit(url)
    shown = without_credentials(url)
    if parts.username and "ssh" in parts.scheme.split("+"):
        shown = shown.replace("://", f"://{parts.username}@", 1)
    return shown


def remote_url(folder: Path) -> str | None:
    """Return the URL of the remote `origin`, else of the first one, else None; with its credentials."""
    listed = git(folder, "remote", "-v").decode(errors="surrogateescape")
    found = dict(re.findall(r"^([^\t\n]+)\t(.+) \(fetch\)", listed, re.MULTILINE))
    url = found.get("origin") or next(iter(found.values()), None)
    if url is None or re.match("[^/]*:", url):  # it has a scheme or a host
        return url
    return os.path.normpath(folder / url)


def top(folder: Path) -> str:
    """Return the top folder of the work tree that the folder is in."""
    return os.fsdecode(git(folder, "rev-parse", "--show-toplevel")).removesuffix("\n")


def _end(process: subprocess.Popen[bytes]) -> None:
    # With all that it started, which would go on writing into a folder that is being removed.
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid)
        for each in [*started.children(recursive=True), started]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()
