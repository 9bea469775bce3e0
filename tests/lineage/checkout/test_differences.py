from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.lineage.checkout import checked_out
from steps.lineage.repository import read_source
from tests.lineage.checkout.checkouts import kept
from tests.repositories import commit, git, snapshot, write


def test_the_commit_at_hand(project: Path, tmp_path: Path) -> None:
    recorded = read_source(project)
    first = git(project, "rev-parse", "HEAD^")
    write(project, a__py="a = 3\n", b__py="b = 1\n")
    git(project, "add", "b.py")
    git(project, "stash", "--quiet")
    write(project, a__py="a = 4\n")
    hook = project.parent / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/hooked'\n")
    hook.chmod(0o755)
    before = snapshot(project.parent)
    with checked_out(url=None, folder="my tools", commit=first, patch=None, at_hand=project) as place:
        assert (place / "a.py").read_text() == "a = 1\n"
        assert (place.parent / "other.py").exists()
        assert read_source(place).commit == first
        during = snapshot(project.parent)
        assert {name for name in during if during[name] != before.get(name)} == {
            name for name in during if name.startswith(".git/worktrees")
        }
    assert snapshot(project.parent) == before
    assert recorded.commit is not None
    with checked_out(url=None, folder="my tools", commit=recorded.commit, patch=None, at_hand=project) as place:
        assert read_source(place).commit == recorded.commit
        assert not read_source(place).dirty
    assert not (tmp_path / "hooked").exists()


def test_a_clone_that_git_cannot_add_a_worktree_to(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD^")
    (project.parent / ".git" / "worktrees").write_text("in the way of git's folder, as a read-only clone would be")
    before = snapshot(project.parent)
    with checked_out(url="git://nowhere.invalid/x", folder="my tools", commit=first, patch=None, at_hand=project) as it:
        assert (it / "a.py").read_text() == "a = 1\n"
    assert snapshot(project.parent) == before


def test_other_worktrees_stay(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "gone"))
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    shutil.rmtree(tmp_path / "gone")
    head = git(project, "rev-parse", "HEAD")
    before = snapshot(project.parent)
    for at_hand in (project, tmp_path / "tree" / "my tools"):
        with checked_out(url=None, folder="my tools", commit=head, patch=None, at_hand=at_hand) as place:
            (place / "a.py").unlink()
            write(place / "__pycache__", x="x")
    assert snapshot(project.parent) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("core.autocrlf", "true"), ("core.sparseCheckout", "true"), ("apply.whitespace", "error"), ("core.eol", "crlf")],
)
def test_settings_change_nothing(project: Path, tmp_path: Path, name: str, value: str) -> None:
    write(project, __gitattributes="*.py text\n")
    head = commit(project.parent)
    (project / "b.txt").write_bytes(b"space at the end \nand a carriage return\r\n \t\n\n\n")
    write(project, a__py="a = 3  \n")
    recorded = read_source(project)
    git(project, "config", name, value)
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="my tools", commit=head, patch=patch, at_hand=project) as place:
        assert snapshot(place) == snapshot(project)
        git(project, "config", "--unset", name)
        assert read_source(place).patch == recorded.patch


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=9).filter(
    lambda name: name not in (".", "..") and not name.lower().startswith((".git", "git~"))
)


FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=2).map("/".join),
    st.tuples(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.booleans()),
    min_size=1,
    max_size=4,
)


def fill(place: Path, files: dict[str, tuple[bytes, bool]]) -> None:
    """Make the folder hold these files, and nothing else but .git and what is in the way."""
    for path in place.iterdir():
        if path.name not in (".git", "kept.py"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, (content, executable) in files.items():
        path = place / name
        if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if executable else 0o644)


@given(FILES, FILES)
@settings(max_examples=10, deadline=None)
def test_any_difference_comes_back(first: dict[str, tuple[bytes, bool]], second: dict[str, tuple[bytes, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "grove"
        write(project, kept__py="a = 1\n")
        fill(project, first)
        commit(project)
        fill(project, second)
        assert_comes_back(project, Path(folder) / "source.patch")
        shutil.rmtree(project / ".git")
        assert_comes_back(project, Path(folder) / "source.patch")


def assert_comes_back(project: Path, patch: Path) -> None:
    """Check the round trip: what is read from the checkout is what was read from the project."""
    recorded = read_source(project)
    assert recorded.problem is None
    with checked_out(
        url=None, folder="", commit=recorded.commit, patch=kept(recorded, patch), at_hand=project
    ) as place:
        again = read_source(place)
        assert (again.commit, again.patch) == (recorded.commit, recorded.patch)
        assert files(place) == files(project)


def files(place: Path) -> dict[str, tuple[bytes | str, bool]]:
    return {
        name: (content, os.access(place / name, os.X_OK))
        for name, content in snapshot(place).items()
        if name.split("/")[0] != ".git" and content != "folder"
    }


def test_links_ignored_files_and_subfolders_come_back(project: Path, tmp_path: Path) -> None:
    (project / "link.py").symlink_to("a.py")
    write(project, forced__log="x", always__log="y")
    git(project, "add", "--force", "forced.log")
    write(project / "deep", b__py="b = 1\n")
    recorded = read_source(project, always=["always.log"])
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="my tools", commit=recorded.commit, patch=patch, at_hand=project) as place:
        assert snapshot(place) == snapshot(project)
        again = read_source(place, always=["always.log"])
        assert again == dataclasses.replace(recorded, url=str(place.parent), branch=None, untracked=())
    shutil.rmtree(project.parent / ".git")
    recorded = read_source(project, always=["always.log"])
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="", commit=None, patch=patch, at_hand=project) as place:
        (project / "forced.log").unlink()
        assert files(place) == files(project)
        again = read_source(place, always=["always.log"])
        assert again == dataclasses.replace(recorded, refusal=again.refusal)
