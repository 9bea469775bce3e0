"""Runs whose process is certainly gone are marked, and no others."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from steps.lineage.leftovers import mark_leftovers
from steps.lineage.process import PROCESS_TAG, this_process
from tests.lineage.sleeping import sleeping

pytestmark = pytest.mark.usefixtures("store")
STEP = {"mlflow.project.entryPoint": "train_rf"}
CANDIDATE = {"grove.candidate": "a digest"}


@pytest.fixture(scope="module")
def dead() -> str:
    with sleeping() as (_, said):
        pass
    return said


def make(client: mlflow.MlflowClient, name: str, parent: Run | None = None, **tags: str | None) -> Run:
    given = tags | ({} if parent is None else {"mlflow.parentRunId": parent.info.run_id})
    return client.create_run("1", run_name=name, tags={key: value for key, value in given.items() if value is not None})


def status(client: mlflow.MlflowClient, run: Run) -> str:
    return str(client.get_run(run.info.run_id).info.status)


def test_a_run_and_what_is_below_it_are_marked_with_the_reason(
    client: mlflow.MlflowClient, dead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main = make(client, "main", **{PROCESS_TAG: dead, "mlflow.note.content": "So far"})
    step = make(client, "train_rf", main, **STEP)
    runs = [main, step, make(client, "n=1", step, **CANDIDATE), make(client, "n=2", step, **CANDIDATE)]
    mark_leftovers("1", "the next run")
    for run in runs:
        found = client.get_run(run.info.run_id)
        assert found.info.status == "KILLED"
        assert found.info.end_time is not None
        assert found.data.tags["grove.failure"].startswith("Its process ended without a word")
        assert found.data.tags["grove.failure"].endswith("Marked by run the next run.")
        assert found.data.tags["mlflow.note.content"].startswith("**Killed**\n\n```\nIts process ended")
    assert client.get_run(main.info.run_id).data.tags["mlflow.note.content"].endswith("So far")
    said = capsys.readouterr()
    assert said.out.startswith("main: marked as KILLED, as their processes ended without a word: ")
    assert said.out.endswith(" and 1 more\n")
    assert said.err == ""
    mark_leftovers("1", "the one after it")
    assert capsys.readouterr() == ("", "")
    assert "the next run" in client.get_run(main.info.run_id).data.tags["grove.failure"]


def test_a_candidate_of_a_step_that_mlflow_has_marked_already_is_marked_too(
    client: mlflow.MlflowClient, dead: str
) -> None:
    step = make(client, "train_rf", **STEP, **{PROCESS_TAG: dead})
    candidate = make(client, "n=1", step, **CANDIDATE, **{PROCESS_TAG: dead})
    client.set_terminated(step.info.run_id, "FAILED")
    mark_leftovers("1", "the next run")
    assert [status(client, run) for run in (step, candidate)] == ["FAILED", "KILLED"]


def test_all_others_stay_as_they_are(client: mlflow.MlflowClient, dead: str) -> None:
    experiment = client.create_experiment("another")
    finished = make(client, "main", **{PROCESS_TAG: dead})
    client.set_terminated(finished.info.run_id, "FINISHED")
    before = client.get_run(finished.info.run_id)
    machine, rest = dead.split(" ", 1)
    gone_parent = make(client, "main")
    kept = [
        make(client, "alive", **{PROCESS_TAG: this_process()}),
        make(client, "another machine", **{PROCESS_TAG: f"{machine[::-1]} {rest}"}),
        make(client, "just made by `mlflow run`", **STEP),
        make(client, "of another program", finished),
        client.create_run(experiment, tags={PROCESS_TAG: dead}),
        make(client, "alive, of a main that is dead", finished, **STEP, **{PROCESS_TAG: this_process()}),
        make(client, "of itself", gone_parent, **STEP),
    ]
    client.set_tag(kept[-1].info.run_id, "mlflow.parentRunId", kept[-1].info.run_id)
    mark_leftovers("1", "the next run")
    assert [status(client, run) for run in kept] == ["RUNNING"] * len(kept)
    assert client.get_run(finished.info.run_id).to_dictionary() == before.to_dictionary()


def test_a_run_that_ended_well_just_now_stays_so(
    client: mlflow.MlflowClient, dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(client, "main", **{PROCESS_TAG: dead})

    def ends_meanwhile(process: str, began: float) -> bool:
        client.set_terminated(run.info.run_id, "FINISHED")
        return True

    monkeypatch.setattr("steps.lineage.leftovers.is_gone", ends_meanwhile)
    mark_leftovers("1", "the next run")
    assert status(client, run) == "FINISHED"


def test_what_may_not_be_marked_does_not_keep_others_from_it(
    client: mlflow.MlflowClient, dead: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [make(client, "main", **{PROCESS_TAG: dead}) for _ in range(3)]
    write = mlflow.MlflowClient.set_terminated

    def refuse(self: mlflow.MlflowClient, run_id: str, status: str) -> None:
        if run_id == runs[1].info.run_id:
            raise MlflowException("Permission denied")
        write(self, run_id, status)

    monkeypatch.setattr(mlflow.MlflowClient, "set_terminated", refuse)
    mark_leftovers("1", "the next run")
    assert [status(client, run) for run in runs] == ["KILLED", "RUNNING", "KILLED"]
    assert capsys.readouterr().err == "main: can't mark all runs whose processes are gone: Permission denied\n"


def test_a_store_that_fails_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*given: object, **named: object) -> None:
        raise MlflowException("The store is gone")

    monkeypatch.setattr(mlflow, "search_runs", fail)
    mark_leftovers("1", "the next run")
    assert "The store is gone" in capsys.readouterr().err
