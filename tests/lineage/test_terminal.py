from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import termios

import pytest

from tests.conftest import PROJECT

PRINT = """
import sys, warnings
import click
from tqdm import tqdm
from steps.lineage.terminal import show_controls
show_controls()
nasty = "a\\x1b]0;title\\x07\\x1b[2J\\rb\\u202e\\ud800\\x9b1mé"
click.echo(nasty)
click.echo(nasty, err=True)
print(nasty)
warnings.warn(nasty)
for _ in tqdm([1], desc="step", disable=False): pass
raise ValueError(nasty)
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_nothing_printed_commands_the_terminal(encoding: str) -> None:
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    with io.FileIO(ours) as screen:
        done = subprocess.Popen(
            [sys.executable, "-c", PRINT],
            cwd=PROJECT,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        os.close(theirs)
        text = read(screen).decode()
    assert done.wait() == 1
    assert text.count(r"a\x1b]0;title\x07\x1b[2J\rb\u202e\ud800\x9b1mé") == 5
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    lines = text.replace("\r\n", "\n")
    assert "Traceback (most recent call last)" in lines
    assert "\rstep: 100%" in lines, "the progress bar still moves"
    assert "\rb" not in lines


UNBUFFERED = """
import os
from steps.lineage.terminal import show_controls
show_controls()
print("out")
os._exit(3)
"""


def test_what_is_printed_without_a_buffer_is_there_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-u", "-c", UNBUFFERED], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "out\n")


CLOSED = """
import click
from tqdm import tqdm
from steps.lineage.terminal import show_controls
show_controls()
print("out")
click.echo("out")
click.echo("err", err=True)
for _ in tqdm([1], disable=None): pass
"""


@pytest.mark.parametrize(("closed", "left"), [(">&-", "err\n"), ("2>&-", "out\nout\n"), (">&- 2>&-", "")])
def test_a_stream_that_is_closed_takes_nothing(closed: str, left: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, CLOSED],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, left)


def read(screen: io.RawIOBase) -> bytes:
    """Return all that appears until the other side is closed."""
    found = b""
    with contextlib.suppress(OSError):  # which is how Linux tells
        while part := screen.read(4096):
            found += part
    return found
