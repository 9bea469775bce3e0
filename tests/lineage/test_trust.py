from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from steps.lineage.recorded import RecordedRun
from steps.lineage.trust import code_of, refuse_foreign
from tests.repositories import git

UNKNOWN = "0123456789" * 4


@pytest.fixture
def recorded(client: mlflow.MlflowClient) -> Iterator[RecordedRun]:
    """A run of ann's, made with a commit that nobody has, of a repository elsewhere."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    run = client.create_run("1", tags={"mlflow.user": "ann"})
    source = {"url": "https://example.org/grove", "folder": "", "commit": UNKNOWN, "patch": None, "problem": None}
    yield RecordedRun(run, {}, source, {})
    mlflow.set_tracking_uri(before)


def refusal(run: RecordedRun, at_hand: Path, **source: str | None) -> str:
    """Return why the run is refused; nothing if it is not."""
    run.source.update(source)
    try:
        refuse_foreign(run, at_hand)
    except ValueError as error:
        return str(error)
    return ""


def test_another_repository(recorded: RecordedRun, project: Path, tmp_path: Path) -> None:
    assert refusal(recorded, project) == (
        f"Got the run {recorded.run.info.run_id}, whose code is commit 012345678901 of https://example.org/grove: that "
        f"is another repository than {project}; expected trust=true, as it would be run with your rights: read it "
        f"first, then add -P trust=true."
    )
    assert "than this folder, which is in none" in refusal(recorded, tmp_path)


@pytest.mark.parametrize("suffix", ["grove", "grove.git", "grove/"])
def test_the_same_repository(recorded: RecordedRun, project: Path, suffix: str) -> None:
    git(project, "remote", "add", "origin", f"https://me:secret@example.org/{suffix}")
    assert refusal(recorded, project) == ""
    git(project, "remote", "set-url", "origin", "https://me:secret@example.org/grove2")
    said = refusal(recorded, project)
    assert "another repository than https://example.org/grove2;" in said
    assert "secret" not in said


def test_a_commit_at_hand_wherever_it_came_from(recorded: RecordedRun, project: Path) -> None:
    assert refusal(recorded, project, commit=git(project, "rev-parse", "HEAD")) == ""


def test_a_commit_without_a_url_is_left_to_the_checkout(recorded: RecordedRun, project: Path) -> None:
    assert refusal(recorded, project, url=None) == ""


def test_changes_are_trusted_where_nobody_else_writes(recorded: RecordedRun, project: Path) -> None:
    known = {"commit": git(project, "rev-parse", "HEAD"), "patch": recorded.run.info.run_id}
    assert refusal(recorded, project, **known) == ""
    assert refusal(recorded, project, commit=None, url=None) == ""
    said = f"the files that run {recorded.run.info.run_id} of ann kept, without a commit"
    assert code_of(recorded) == said


@pytest.mark.parametrize("commit", [UNKNOWN, None])
def test_changes_on_a_server(
    recorded: RecordedRun, project: Path, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "http://me:secret@127.0.0.1:9")
    said = refusal(recorded, project, patch="77", commit=commit)
    assert "whoever may write to http://127.0.0.1:9 can have written source.patch" in said
    assert "run 77 of an unknown user kept" in said
    assert said.endswith("read it first, then add -P trust=true.")
