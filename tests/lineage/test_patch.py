"""How a work tree differs from its commit, for all that a user may have done to it and to git."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from steps.lineage.repository import read_source
from tests.repositories import commit, git, patched, snapshot, write

ODD = "a b\n ü\t\"quoted\" 'é'.txt"
UNTIDY = """
[diff]
    noprefix = true
    mnemonicPrefix = true
    renames = copies
    context = 9
    interHunkContext = 9
    algorithm = histogram
    suppressBlankEmpty = true
    external = false
    relative = false
    ignoreSubmodules = all
    indentHeuristic = false
    orderFile = /nowhere
[color]
    ui = always
    diff = always
    status = always
[core]
    quotePath = false
    compression = 0
    bigFileThreshold = 1
    pager = false
    abbrev = 5
[status]
    showUntrackedFiles = no
    branch = true
    showStash = true
    short = true
    relativePaths = true
"""


def _modify(project: Path) -> None:
    write(project, a__py="a = 2\n")  # of the same size, and in the same moment as the commit


def _stage(project: Path) -> None:
    write(project, b__py="b = 2\n", c__py="c = 1\n")
    git(project, "add", "--all")


def _announce(project: Path) -> None:
    write(project, c__py="c = 1\n")
    git(project, "add", "--intent-to-add", "c.py")


def _force(project: Path) -> None:
    write(project, c__log="c\n")
    git(project, "add", "--force", "c.log")


def _odd(project: Path) -> None:
    (project / "new folder").mkdir()
    (project / "new folder" / ODD).write_text("ü without a line's end", encoding="utf-8")
    if sys.platform == "linux":
        Path(os.fsdecode(os.fsencode(project) + b"/\xff.py")).write_bytes(b"\xff\r\n")
    (project / "*").write_bytes(b"\0\1" * 999)


def _nest(project: Path) -> None:
    (project / "a.py").unlink()
    write(project / "a.py", b__py="b = 1\n")


def _hide(project: Path) -> None:
    git(project, "update-index", "--assume-unchanged", "a.py")
    git(project, "update-index", "--skip-worktree", "b.py")
    write(project, a__py="a = 2\n", b__py="b = 2\n")


def _conflict(project: Path) -> None:
    git(project, "switch", "--quiet", "--create=other")
    write(project, a__py="a = 2\n")
    commit(project)
    git(project, "switch", "--quiet", "main")
    write(project, a__py="a = 3\n")
    commit(project)
    with pytest.raises(subprocess.CalledProcessError):
        git(project, "merge", "other")


CHANGES: list[Callable[[Path], object]] = [
    _modify,
    _stage,
    _announce,
    _force,
    _odd,
    _nest,
    _hide,
    _conflict,
    lambda project: (project / "a.py").unlink(),
    lambda project: (project / "a.py").rename(project / "moved.py"),
    lambda project: (project / "a.py").chmod(0o755),
    lambda project: (project / "link").symlink_to("nowhere"),
    lambda project: (project / "empty.py").touch(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_difference_is_kept_and_the_clone_untouched(project: Path, change: Callable[[Path], object]) -> None:
    change(project)
    before = snapshot(project)
    first, second = read_source(project), read_source(project)
    assert snapshot(project) == before
    assert first == second
    assert first.dirty and first.patch and first.problem is None
    expected = {name: content for name, content in before.items() if not name.startswith(".git/") and name != ".git"}
    assert patched(project, first.patch) == expected
    for name in expected:
        if (project / name).is_file():
            mode = os.access(project / name, os.X_OK)
            assert os.access(project.with_name("patched") / name, os.X_OK) == mode


def test_what_differs_in_the_index_only_is_no_difference(project: Path) -> None:
    _stage(project)
    git(project, "restore", "--source=HEAD", "b.py")
    (project / "c.py").unlink()
    (project / "x.log").touch()
    (project / "a.py").touch()
    git(project, "rm", "--quiet", "--cached", "a.py")
    before = snapshot(project)
    source = read_source(project)
    assert (source.dirty, source.patch) == (False, None)
    assert snapshot(project) == before


@pytest.mark.parametrize("setting", ["core.splitIndex", "core.untrackedCache", "index.skipHash", "feature.manyFiles"])
def test_no_kind_of_index_is_written_to(project: Path, setting: str) -> None:
    git(project, "config", setting, "true")
    git(project, "config", "splitIndex.maxPercentChange", "0")
    write(project, c__py="c = 1\n")
    git(project, "add", "c.py")
    write(project, d__py="d = 1\n", a__py="a = 2\n")
    before = snapshot(project)
    patch = read_source(project).patch
    assert snapshot(project) == before
    assert patch is not None
    assert sorted(patched(project, patch)) == [".gitignore", "a.py", "b.py", "c.py", "d.py"]


def test_settings_and_surroundings_change_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _odd(project)
    write(project, a__py="a = 2\n", b__py="b = 1\n\nB = 3\n")
    patch = read_source(project).patch
    write(tmp_path, untidy=UNTIDY)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "untidy"))
    other = tmp_path / "other"
    other.mkdir()
    commit(other)
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_PREFIX": "nowhere/",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_DIFF_OPTS": "--unified=7",
        "GIT_LITERAL_PATHSPECS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    assert read_source(project).patch == patch


def test_another_clone_has_the_same_patch(project: Path, tmp_path: Path) -> None:
    git(project, "clone", "--quiet", ".", str(tmp_path / "clone"))
    for place in (project, tmp_path / "clone"):
        _odd(place)
        (place / "a.py").unlink()
    first, second = read_source(project), read_source(tmp_path / "clone")
    assert first.patch == second.patch
    assert second.url == str(project)
