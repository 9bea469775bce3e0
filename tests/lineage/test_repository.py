from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from steps.lineage import repository
from steps.lineage.git import public_url
from steps.lineage.repository import read_source
from tests.repositories import commit, git, snapshot, write

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


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project at the top of its repository, without a remote."""
    place = tmp_path / 'a: "user\'s" folder'
    write(place, a__py="a = 1\n", b__py="b = 1\n\nB = 2\n", __gitignore="*.log\nmlruns/\n")
    commit(place)
    return place


def patched(project: Path, patch: bytes | None) -> dict[str, bytes | str]:
    """Return the files of the project's commit after the patch, as git applies it in a fresh clone."""
    place = project.with_name("patched")
    git(project, "clone", "--quiet", ".", str(place))
    if patch:
        subprocess.run(["git", "apply", "--binary"], cwd=place, input=patch, check=True, capture_output=True)
    shutil.rmtree(place / ".git")
    return snapshot(place)


def test_a_clean_project(project: Path) -> None:
    source = read_source(project)
    assert source == repository.Source(str(project), "", git(project, "rev-parse", "HEAD"), "main", False, None, None)


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


def _no_repository(project: Path) -> None:
    shutil.rmtree(project / ".git")


def _unborn(project: Path) -> None:
    _no_repository(project)
    git(project, "init", "--quiet")
    git(project, "add", "a.py")


def _nothing_committed(project: Path) -> None:
    _no_repository(project)
    git(project, "init", "--quiet")
    git(project, "commit", "--quiet", "--allow-empty", "--message=Nothing")


def _somebody_elses(project: Path) -> None:
    _no_repository(project)
    write(project.parent / "other", a__py="a = 1\n")
    git(project.parent, "init", "--quiet")
    git(project.parent, "add", "other")
    git(project.parent, "commit", "--quiet", "--message=Other")


@pytest.mark.parametrize("damage", [_no_repository, _unborn, _nothing_committed, _somebody_elses])
def test_without_a_commit_the_patch_is_the_project(project: Path, damage: Callable[[Path], None]) -> None:
    damage(project)
    write(project / "mlruns", x="x")
    write(project, c__log="c", crlf__py="a = 1\r\n")
    (project / "run").touch(0o755)
    before = snapshot(project.parent)
    source = read_source(project)
    assert snapshot(project.parent) == before
    assert source == read_source(project)
    assert source.patch is not None
    assert source == repository.Source(None, "", None, None, True, source.patch, None)
    target = project.parent / "applied"
    target.mkdir()
    git(target, "init", "--quiet")
    subprocess.run(["git", "apply", "--binary"], cwd=target, input=source.patch, check=True, capture_output=True)
    names = {".gitignore", "a.py", "b.py", "crlf.py", "run"}
    assert {path.name for path in target.iterdir()} == names | {".git"}
    assert all((target / name).read_bytes() == (project / name).read_bytes() for name in names)
    assert os.access(target / "run", os.X_OK)


def test_somebody_elses_repository_is_as_none(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("git")
    wrapper = tmp_path / "bin" / "git"
    write(wrapper.parent, git=f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    source = read_source(project)
    assert (source.commit, source.url, source.dirty) == (None, None, True)
    assert source.patch is not None
    assert source.patch.count(b"diff --git") == 3


def test_too_much_is_not_even_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (project / "large.csv").open("wb") as file:
        file.truncate(50_000_000_000)  # a sparse file, which takes minutes to read
    write(project, c__py="c = 1\n")
    source = read_source(project)
    assert (source.dirty, source.patch) == (True, None)
    assert source.problem == (
        "Got 50000.0 MB of changed or new files, expected at most 10 MB to be kept with the run, the largest is "
        "large.csv with 50000.0 MB: commit it or add it to .gitignore."
    )
    assert not read_source(project, apart=[project / "large.csv", project / "c.py"]).dirty


def test_what_was_large_counts_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, d__py="d" * 2000)
    commit(project)
    monkeypatch.setattr(repository, "PATCH_LIMIT", 1000)
    (project / "d.py").unlink()
    assert "d.py" in str(read_source(project).problem)
    git(project, "restore", "d.py")
    (project / "e.bin").write_bytes(os.urandom(990))
    source = read_source(project)
    assert (source.dirty, source.patch) == (True, None)
    assert "of difference to the commit" in str(source.problem)
    assert "e.bin" in str(source.problem)


def test_a_file_that_git_cannot_read_is_a_problem(project: Path) -> None:
    write(project, __gitattributes="*.py filter=broken\n")
    git(project, "config", "filter.broken.clean", "false")
    git(project, "config", "filter.broken.required", "true")
    write(project, c__py="c = 1\n")
    source = read_source(project)
    assert (source.dirty, source.patch) == (True, None)
    assert ".py: clean filter 'broken' failed" in str(source.problem)


def test_git_is_missing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    source = read_source(project)
    assert source == repository.Source(None, "", None, None, True, None, source.problem)
    assert "install git" in str(source.problem)


def test_mlflow_is_not_imported() -> None:
    code = "import sys, steps.lineage.checkout, steps.lineage.repository; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
