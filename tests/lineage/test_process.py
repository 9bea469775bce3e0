"""A process is gone only when that is certain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.lineage import process
from steps.lineage.process import is_gone, this_process
from tests.lineage.sleeping import sleeping

NAMES = ("machine", "boot", "namespace", "card", "pid", "start")
LONG_AGO = 0.0
UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def changed(said: str, **parts: str) -> str:
    """Return what another process would have said of itself."""
    return " ".join((dict(zip(NAMES, said.split(" "), strict=True)) | parts).values())


@pytest.fixture(scope="module")
def dead() -> str:
    """What a process said that was killed."""
    with sleeping() as (child, said):
        assert not is_gone(said, time.time())
    assert child.returncode == -9
    return said


def test_a_process_lives_until_it_is_killed(dead: str) -> None:
    assert is_gone(dead, time.time())
    said = this_process()
    assert said is not None
    assert not is_gone(said, time.time())


def test_what_nobody_has_waited_for_is_gone_as_well() -> None:
    with sleeping() as (child, said):
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert is_gone(said, time.time())


def test_a_number_that_another_process_has_got_since_is_not_taken_for_the_first_one() -> None:
    with sleeping() as (_, said):
        assert is_gone(changed(said, start="1"), time.time())


@pytest.mark.parametrize("parts", [{"machine": "0" * 16}, {"namespace": "pid:[4026532999]"}, {"boot": "another"}])
def test_nothing_is_known_of_another_machine_container_or_copy(dead: str, parts: dict[str, str]) -> None:
    assert not is_gone(changed(dead, **parts), time.time())


@on_linux
@pytest.mark.parametrize(
    ("namespace", "card", "copy", "expected"),
    [
        ("pid:[4026531836]", "card", "card", True),
        ("pid:[4026532999]", "card", "card", False),  # a container
        ("pid:[4026531836]", "card", "another", False),  # another machine, made of the same disk image
        ("pid:[4026531836]", "", "", False),  # or that may be
    ],
)
def test_an_earlier_boot_is_over_for_the_machine_itself_but_not_for_a_container_or_a_copy(
    namespace: str, card: str, copy: str, expected: bool, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = process.this_place()
    assert here is not None
    place = process.Place(here.machine, here.boot, namespace, card)
    monkeypatch.setattr(process, "this_place", lambda: place)
    before = changed(dead, boot="another", namespace=namespace, card=copy)
    assert is_gone(before, LONG_AGO) is expected
    assert not is_gone(before, time.time()), "a copy of this machine began it, after this boot"


@on_linux
def test_a_card_counts_for_other_boots_only(dead: str) -> None:
    assert is_gone(changed(dead, card="another"), time.time())


def test_a_made_up_address_is_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uuid.getnode", uuid._random_getnode)
    assert process._card("machine") == ""
    monkeypatch.setattr("uuid.getnode", lambda: 0x525400ABCDEF)
    assert process._card("machine") != process._card("another")


def test_the_boot_is_part_of_a_machine_without_an_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "first boot").write_text("uninitialized\n", encoding="ascii")
    monkeypatch.setattr(process, "_MACHINE_IDS", [tmp_path / "none", tmp_path / "empty", tmp_path / "first boot"])
    assert process._machine_id() == ""


@on_linux
def test_without_a_proc_that_can_be_read_nothing_is_known(
    dead: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with sleeping() as (_, said):
        monkeypatch.setattr(process, "_PROC", tmp_path)
        assert not is_gone(said, time.time())
        assert is_gone(dead, time.time()), "as the system says so by itself"
    process.this_place.cache_clear()
    try:
        assert this_process() is None
        assert not is_gone(dead, time.time())
    finally:
        process.this_place.cache_clear()


@on_linux
@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run([*UNSHARE, "true"], capture_output=True).returncode != 0,
    reason="makes a PID namespace",
)
def test_a_process_in_a_container_is_left_alone_from_outside() -> None:
    with sleeping(below=UNSHARE) as (_, said):
        assert not is_gone(said, time.time())
    assert not is_gone(said, time.time()), "nor when it is dead, as that can't be seen"
    (pid,) = (part for name, part in zip(NAMES, said.split(" "), strict=True) if name == "pid")
    assert int(pid) < 10, "its number there"


@given(st.text() | st.builds(" ".join, st.lists(st.text(), min_size=6, max_size=6)))
def test_what_somebody_else_may_have_written_is_no_process(text: str) -> None:
    assert not is_gone(text, LONG_AGO)


@pytest.mark.parametrize("pid", ["0", "-1", str(1 << 31), "1e3", ""])
def test_a_number_that_no_process_has_is_none(dead: str, pid: str) -> None:
    assert not is_gone(changed(dead, pid=pid), time.time())
