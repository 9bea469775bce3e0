from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from steps.lineage.checkout import checked_out
from tests.lineage.checkout.checkouts import refuse
from tests.repositories import commit, git, snapshot, write


def test_an_interruption_leaves_nothing(project: Path, elsewhere: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        with (
            pytest.raises(KeyboardInterrupt),
            checked_out(url=str(project.parent), folder="my tools", commit=head, patch=None, at_hand=at_hand) as place,
        ):
            write(place, b__py="b = 1\n")
            raise KeyboardInterrupt
    assert snapshot(project.parent) == before


def test_an_interruption_of_git_leaves_nothing(
    project: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, __gitattributes="*.py filter=slow\n")
    head = commit(project.parent)
    write(tmp_path, settings=f'[filter "slow"]\n\tsmudge = "echo $$ > \'{tmp_path}/started\'; exec sleep 60"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        interrupting = threading.Thread(target=interrupt, args=[tmp_path / "started"])
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            refuse(url=str(project.parent), folder="my tools", commit=head, at_hand=at_hand)
        interrupting.join()
        with contextlib.suppress(psutil.NoSuchProcess):
            assert psutil.Process(int((tmp_path / "started").read_text())).status() == psutil.STATUS_ZOMBIE
        (tmp_path / "started").unlink()
    assert snapshot(project.parent) == before


def interrupt(started: Path) -> None:
    """Press Ctrl-C once git is in the middle of its work."""
    while not (started.exists() and started.read_text().strip()):
        threading.Event().wait(0.05)
    os.kill(os.getpid(), signal.SIGINT)
