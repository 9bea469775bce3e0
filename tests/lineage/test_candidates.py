"""Candidates are runs while they are fitted, whatever the store and the user do meanwhile."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from tests.lineage.searches import CANDIDATES, SCORES, below, history, journal
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("store")


def test_a_candidate_is_a_run_from_its_first_fit_to_its_last(client: mlflow.MlflowClient) -> None:
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [{}, {}]
        before = int(time.time() * 1000)
        told.start(1)
        between = int(time.time() * 1000)
        wait_until(lambda: below(client, parent), 10)
        (running,) = below(client, parent)
        assert running.info.status == "RUNNING"
        assert before <= running.info.start_time <= between
        assert running.info.run_name == "n_estimators=50, max_depth=none"
        told.start(1)
        told.score(1, 1, SCORES[1])
        wait_until(lambda: history(client, running), 10)
        assert history(client, running) == [(1, 0.75)]
        assert client.get_run(running.info.run_id).data.metrics["cv_accuracy"] == 0.75, "the mean so far"
        time.sleep(0.2)
        ends = int(time.time() * 1000)
        told.score(1, 0, SCORES[0])
        ended = int(time.time() * 1000)
    (finished,) = below(client, parent)
    assert finished.info.status == "FINISHED"
    assert finished.info.start_time == running.info.start_time
    assert ends <= finished.info.end_time <= ended, "not when it was written"
    assert finished.data.params == {"n_estimators": "50", "max_depth": "none"}
    assert history(client, finished) == [(0, 0.5), (1, 0.75)]
    metrics = {"cv_accuracy": 0.625, "cv_accuracy_std": 0.125, "fit_seconds": 2.0, "score_seconds": 0.5}
    assert finished.data.metrics == metrics | {"fold_accuracy": 0.75}
    assert "0.6250 ± 0.1250" in finished.data.tags["mlflow.note.content"]


def test_an_ended_search_keeps_its_scores_and_begins_no_further_run(
    client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run() as parent, contextlib.suppress(KeyboardInterrupt), journal(parent, n_folds=1) as told:
        monkeypatch.setattr(told, "_write_news", lambda: None)
        told.open(CANDIDATES, None)
        for number in (0, 1):
            told.start(number)
        told.score(1, 0, SCORES[0])
        time.sleep(1.0)
        monkeypatch.undo()
        raise KeyboardInterrupt
    (left,) = below(client, parent)
    assert (left.data.params["n_estimators"], left.info.status) == ("50", "FINISHED")


def test_an_interruption_while_the_last_scores_are_written_keeps_them(
    client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run() as parent:
        told = journal(parent, n_folds=1)
        real = told._write_candidate
        main = threading.main_thread().ident
        interruptions = [lambda: signal.pthread_kill(main, signal.SIGINT)]

        def slow(*given: object) -> None:
            while interruptions:
                interruptions.pop()()
            time.sleep(0.5)
            real(*given)

        monkeypatch.setattr(told, "_write_candidate", slow)
        with pytest.raises(KeyboardInterrupt), told:
            told.open(CANDIDATES, None)
            for number in (0, 1):
                told.start(number)
                told.score(number, 0, SCORES[0])
    assert [run.info.status for run in below(client, parent)] == ["FINISHED", "FINISHED"]


@pytest.mark.parametrize("name", ["create_run", "log_batch", "set_terminated"])
def test_what_the_store_refuses_for_a_while_is_written_later(
    name: str, client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [OSError("the disk is full"), MlflowException("the database is locked")]
    with mlflow.start_run() as parent, journal(parent) as told:
        real = getattr(told._client, name)

        def fails(*given: object, **named: object) -> object:
            if left:
                raise left.pop()
            return real(*given, **named)

        monkeypatch.setattr(told._client, name, fails)
        for number, _ in enumerate(told.open(CANDIDATES, None)):
            told.start(number)
            for fold in (0, 1):
                told.score(number, fold, SCORES[fold])
    assert left == []
    done = below(client, parent)
    assert [run.info.status for run in done] == ["FINISHED", "FINISHED"]
    assert [run.data.metrics["cv_accuracy"] for run in done] == [0.625, 0.625]


def test_a_store_that_fails_ends_the_search(client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object, **named: object) -> None:
        raise OSError("the disk is full")

    def go_on(told: Callable[..., None]) -> None:
        for _ in range(100):
            told(0)
            time.sleep(0.1)

    with mlflow.start_run() as parent, pytest.raises(OSError, match="the disk is full"), journal(parent) as told:
        monkeypatch.setattr(told._client, "create_run", fails)
        monkeypatch.setattr("steps.lineage.background._PATIENCE_SECONDS", 1.0)
        told.open(CANDIDATES, None)
        go_on(told.start)
