"""Which commit a project is at, and which of its files count."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from steps.lineage.git import public_url
from steps.lineage.repository import read_source
from steps.lineage.view import Source
from tests.repositories import commit, git, snapshot, write


def test_a_clean_project(project: Path) -> None:
    source = read_source(project)
    assert source == Source(str(project), "", git(project, "rev-parse", "HEAD"), "main", False, None, None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://token@example.org/a/b", "https://example.org/a/b"),
        ("https://example.org/b?signature=secret", "https://example.org/b?…"),
        ("ssh://git@example.org:22/a/b", "ssh://git@example.org:22/a/b"),
        ("ssh://git:secret@example.org/a/b", "ssh://git@example.org/a/b"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("/srv/git/b.git", "/srv/git/b.git"),
    ],
)
def test_the_url_is_that_of_origin_without_credentials(project: Path, url: str, shown: str) -> None:
    assert public_url(url) == shown
    git(project, "remote", "add", "another", "https://example.org/another")
    assert read_source(project).url == "https://example.org/another"
    git(project, "remote", "add", "origin", url)
    assert read_source(project).url == shown


def test_a_relative_url_is_made_absolute(project: Path) -> None:
    git(project, "remote", "add", "origin", "../upstream")
    assert read_source(project).url == str(project.parent / "upstream")


def test_untracked_files_of_the_difference_are_named(project: Path) -> None:
    write(project, a__py="a = 2\n", c__py="c = 1\n", __env="PASSWORD=1\n", x__log="ignored\n")
    assert sorted(read_source(project).untracked) == [".env", "c.py"]
    git(project, "add", ".")
    assert read_source(project).untracked == ()


def test_only_the_projects_folder_counts(tmp_path: Path) -> None:
    project = tmp_path / ".tools" / "my grove"
    write(project, a__py="a = 1\n")
    write(tmp_path / ".tools" / "my grove 2", a__py="a = 1\n")
    commit(tmp_path)
    write(tmp_path / ".tools" / "my grove 2", a__py="a = 2\n", b__py="b = 2\n")
    write(tmp_path, c__py="c = 1\n")
    source = read_source(project)
    assert (source.folder, source.dirty, source.url) == (".tools/my grove", False, str(tmp_path))
    write(project, a__py="a = 2\n")
    patch = read_source(project).patch
    assert patch is not None
    assert patch.startswith(b"diff --git a/a.py b/a.py\n")
    assert patch.count(b"diff --git") == 1


def test_what_is_apart_counts_once_it_is_tracked(project: Path, tmp_path: Path) -> None:
    write(project / "data", mine__csv="1\n")
    write(project, own__csv="1\n")
    (tmp_path / "link").symlink_to(project)
    apart = [tmp_path / "link" / "own.csv", project / "data"]
    assert not read_source(project, apart=apart).dirty
    assert read_source(project, apart=apart[:1]).dirty
    commit(project)
    write(project, own__csv="2\n")
    patch = read_source(project, apart=apart).patch
    assert patch is not None
    assert b"b/own.csv" in patch


def test_what_counts_always_counts_when_ignored(project: Path) -> None:
    write(project, c__log="c\n", other__log="d\n")
    write(project / "mlruns" / "deep", e__py="e = 1\n")
    always = ["c.log", "a.py", "mlruns/deep/e.py", "nowhere.py"]
    patch = read_source(project, always=always).patch
    assert patch is not None
    assert patch.count(b"diff --git") == 2
    assert b"b/c.log" in patch and b"b/mlruns/deep/e.py" in patch
    assert not read_source(project, always=["a.py"]).dirty
    assert not read_source(project, always=always, apart=[project / "c.log", project / "mlruns"]).dirty


def test_repositories_inside_are_left_out(project: Path) -> None:
    for name in ("with commit", "without"):
        write(project / name, a__py="a = 1\n")
    commit(project / "with commit")
    git(project / "without", "init", "--quiet")
    git(project, "worktree", "add", "--quiet", "--detach", "tree")
    before = snapshot(project)
    assert not read_source(project).dirty
    assert snapshot(project) == before
    (project / "a.py").unlink()
    shutil.move(project / "with commit", project / "a.py")
    assert "a.py" in str(read_source(project).problem)


def test_a_changed_submodule_is_a_problem(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "library", a__py="a = 1\n")
    commit(tmp_path / "library")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    commit(project)
    assert not read_source(project).dirty
    write(project / "lib", a__py="a = 2\n")
    source = read_source(project)
    assert (source.dirty, source.patch) == (True, None)
    assert "submodule lib" in str(source.problem)


def test_detached_linked_and_shallow(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    write(project, a__py="a = 2\n")
    second = commit(project)
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), first)
    git(project, "clone", "--quiet", "--depth=1", project.as_uri(), str(tmp_path / "shallow"))
    before = snapshot(project)
    for name, head, branch in (("tree", first, None), ("shallow", second, "main")):
        write(tmp_path / name, c__py="c = 1\n")
        source = read_source(tmp_path / name)
        assert (source.commit, source.branch, source.dirty) == (head, branch, True)
        assert source.patch is not None
        assert source.patch.count(b"diff --git") == 1
    assert snapshot(project) == before
