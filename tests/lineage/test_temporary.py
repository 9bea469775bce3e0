"""Temporary folders of processes that were killed are removed, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from steps.lineage.process import this_process
from steps.lineage.temporary import remove_leftovers, temporary_folder
from tests.conftest import PROJECT
from tests.lineage.sleeping import sleeping

KILLED = """
import os, signal, tempfile
from pathlib import Path
from steps.lineage.temporary import temporary_folder
with temporary_folder():
    Path(tempfile.mkdtemp(), "large").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where temporary files lie, with what a killed process left."""
    subprocess.run(
        [sys.executable, "-c", KILLED], cwd=PROJECT, env={**os.environ, "TMPDIR": str(tmp_path)}, check=False
    )
    (left,) = tmp_path.iterdir()
    assert len(list(left.iterdir())) == 2
    return tmp_path


def folder(place: Path, name: str, owner: str | None) -> Path:
    made = place / name
    made.mkdir()
    (made / "precious").touch()
    if owner is not None:
        (made / "grove.process").write_text(owner, encoding="ascii")
    return made


def test_only_those_of_dead_processes_are_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (left,) = place.iterdir()
    dead = (left / "grove.process").read_text(encoding="ascii")
    with sleeping() as (_, alive):
        kept = {
            folder(place, "grove-alive", alive),
            folder(place, "grove-nobody's", None),
            folder(place, "grove-unknown", "somebody"),
            folder(place, "other", dead),
        }
        elsewhere = folder(place.parent, f"{place.name} elsewhere", dead)
        (place / "grove-link").symlink_to(elsewhere)
        remove_leftovers(place / "mine")
    assert set(place.iterdir()) == kept | {place / "grove-link"}
    assert all((each / "precious").exists() for each in kept | {elsewhere})


def test_a_process_that_can_end_removes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with temporary_folder() as made:
        assert (made / "grove.process").read_text(encoding="ascii") == this_process()
        remove_leftovers(made)
        assert list(tmp_path.iterdir()) == [made]
    assert list(tmp_path.iterdir()) == []
    assert os.environ["TMPDIR"] == str(tmp_path)


def test_those_of_other_users_are_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: -1)
    remove_leftovers(place / "mine")
    assert len(list(place.iterdir())) == 1


def test_where_the_system_tells_no_owner_none_is_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.getuid")
    remove_leftovers(place / "mine")
    assert len(list(place.iterdir())) == 1
