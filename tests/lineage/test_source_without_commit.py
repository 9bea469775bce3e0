"""The project's code where there is no commit, or no difference that can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from steps.lineage import repository
from steps.lineage.repository import read_source
from steps.lineage.view import Source
from tests.repositories import commit, git, snapshot, write


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
    assert source == Source(None, "", None, None, True, source.patch, None, (), source.refusal)
    assert source.refusal
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
    assert "detected dubious ownership" in str(source.refusal)
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
    assert source == Source(None, "", None, None, True, None, source.problem)
    assert "install git" in str(source.problem)


def test_mlflow_is_not_imported() -> None:
    code = "import sys, steps.lineage.checkout, steps.lineage.repository; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
