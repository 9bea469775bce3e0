"""However a chain is ended, its processes end with it, and its runs say so."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import psutil
import pytest
from mlflow.entities import Run

from steps.lineage.process import is_gone
from steps.lineage.scores import read_scores
from tests import tables
from tests.conftest import PROJECT, Result, Started, children
from tests.processes import find, wait_until
from tests.repositories import state

LONG = {"n_estimators": "3000", "max_features": "none", "n_clusters": "8", "cv": "5", "target": "label"}
SECONDS = 20.0


@pytest.fixture
def chain(folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Return a `mlflow run` whose trainers are at work."""
    tables.many_classes(6000).to_csv(folder / "t.csv", index=False)
    given = [word for key, value in (LONG | {"data": "t.csv"}).items() for word in ("-P", f"{key}={value}")]
    command = ["mlflow", "run", str(PROJECT), "-e", "main", "--env-manager", "local", *given]
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output) as started,
    ):
        try:
            wait_until(lambda: len(find(started, "steps.train_rf")) == 2, 200)
            wait_until(lambda: candidates(client, "RUNNING"), 60)
            yield started
        finally:
            for process in [*psutil.Process(started.pid).children(recursive=True)] if started.poll() is None else []:
                process.kill()
            started.kill()


@pytest.fixture
def chain_starting(
    folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Return a `mlflow run` whose first step's process has just been made."""
    command = ["mlflow", "run", str(PROJECT), "-e", "main", "--env-manager", "local"]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as started:
        wait_until(lambda: find(started, "steps.load"), 90)
        yield started


def candidates(client: mlflow.MlflowClient, status: str) -> list[Run]:
    """Return the candidates of all searches that are in this state."""
    found = client.search_runs(["1"], f"attributes.status = '{status}'")
    return [run for run in found if "grove.candidate" in run.data.tags]


@pytest.mark.slow
def test_everything_ends_together(
    chain: subprocess.Popen[bytes], client: mlflow.MlflowClient, environment: dict[str, str], folder: Path
) -> None:
    processes = [psutil.Process(chain.pid), *psutil.Process(chain.pid).children(recursive=True)]
    chain.send_signal(signal.SIGINT)

    ended, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []
    assert {process.pid: process.returncode for process in ended}[chain.pid] != 0
    (main,) = client.search_runs(["1"], "tags.mlflow.project.entryPoint = 'main'")
    found = children(client, main)
    assert main.info.status in ("FAILED", "KILLED")
    assert found["load"].info.status == found["preprocess"].info.status == "FINISHED"
    for trainer in ("train_rf", "train_rf_kmeans"):
        assert found[trainer].info.status in ("FAILED", "KILLED")
    assert running(client) == []
    assert client.search_model_versions() == []
    output = (folder / "output").read_text(encoding="utf-8")
    assert 'File "' + str(PROJECT / "steps") not in output, "no traceback of Grove's"
    left = [path for path in Path(environment["TMPDIR"]).iterdir() if any(path.iterdir())]
    assert left == []


@pytest.mark.slow
def test_a_step_that_starts_when_its_launcher_is_dead_already_ends_too(
    chain_starting: subprocess.Popen[bytes], client: mlflow.MlflowClient
) -> None:
    (driver,) = find(chain_starting, "steps.main")
    below = driver.children(recursive=True)
    driver.kill()
    _, alive = psutil.wait_procs([*below, driver], timeout=60)
    assert alive == []
    assert running(client) == []


def running(client: mlflow.MlflowClient) -> list[str]:
    return [run.info.run_name for run in client.search_runs(["1"], "attributes.status = 'RUNNING'")]


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        (signal.SIGTERM, 0.5),
        pytest.param(signal.SIGKILL, 1.5, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 2.5, marks=pytest.mark.slow),
    ],
)
def test_a_driver_that_still_starts_ends_as_well(
    number: signal.Signals, seconds: float, folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    command = ["mlflow", "run", str(PROJECT), "-e", "main", "--env-manager", "local"]
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output) as started,
    ):
        wait_until(lambda: find(started, "steps.main"), 90)
        time.sleep(seconds)
        processes = [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]
        started.send_signal(number)
        _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []
    assert running(client) == []
    assert "Traceback" not in (folder / "output").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_search_that_is_ended_again_and_again_goes_on_where_it_stopped(
    step: Callable[..., Result], start: Callable[..., Started], client: mlflow.MlflowClient, folder: Path
) -> None:
    tables.numeric_binary(2000).to_csv(folder / "t.csv", index=False)
    load = step("load", data=str(folder / "t.csv"), target="sick")
    preprocess = step("preprocess", table=f"runs:/{load.run.info.run_id}/table")
    search = {
        "split": f"runs:/{preprocess.run.info.run_id}/split",
        "n_estimators": "300",
        "max_features": "1,2,3,4",
        "min_samples_leaf": "1,2,3",
        "cv": "3",
        "n_jobs": "2",
    }
    scores: dict[str, float] = {}
    for number in (signal.SIGTERM, signal.SIGKILL):
        trainer, run = start("train_rf", **search)
        enough = len(scores) + 3
        # A fast candidate runs in the store for no time.
        wait_until(lambda enough=enough: len(digests(client)) >= enough, 120)
        seen = candidates(client, "RUNNING")
        workers = psutil.Process(trainer.pid).children(recursive=True)
        assert len(workers) >= 2
        trainer.send_signal(number)
        trainer.wait(SECONDS)
        _, alive = psutil.wait_procs(workers, timeout=SECONDS)
        assert alive == []
        finished, killed, left = (candidates(client, status) for status in ("FINISHED", "KILLED", "RUNNING"))
        if number is not signal.SIGKILL:
            assert left == []
            assert client.get_run(run.info.run_id).info.status == "KILLED"
            assert {each.info.run_id for each in seen} <= {each.info.run_id for each in [*finished, *killed]}
            assert len(killed) <= 3, "those that were being fitted"
        assert all(is_gone(each.data.tags["grove.process"], time.time()) for each in left), (
            "so the next main marks them"
        )
        # A kill can fall between a candidate's last scores and its end.
        whole = finished + [each for each in left if len(read_scores(each, 3)) == 3]
        scores = {each.data.tags["grove.candidate"]: each.data.metrics["cv_balanced_accuracy"] for each in whole}
        assert enough <= len(scores) < 12

    again = step("train_rf", **search)
    assert again.code == 0, again.out
    assert f"train_rf: {len(scores)} of 12 candidates taken over from earlier searches" in again.out
    below = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{again.run.info.run_id}'")
    assert len(below) == 12
    found = {each.data.tags["grove.candidate"]: each.data.metrics["cv_balanced_accuracy"] for each in below}
    assert scores.items() <= found.items()


def digests(client: mlflow.MlflowClient) -> set[str]:
    """Return which candidates are finished in some search."""
    return {each.data.tags["grove.candidate"] for each in candidates(client, "FINISHED")}


@pytest.mark.slow
def test_a_reproduction_that_is_interrupted_leaves_nothing(
    clone: Path,
    mlflow_run: Callable[..., Result],
    client: mlflow.MlflowClient,
    environment: dict[str, str],
    folder: Path,
) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    load = mlflow_run(clone, "load", data="t.csv", target="sick")
    original = mlflow_run(clone, "preprocess", table=f"runs:/{load.run.info.run_id}/table")
    assert original.code == 0, original.out
    before = state(clone)
    command = ["mlflow", "run", str(clone), "-e", "reproduce", "--env-manager", "local"]
    with subprocess.Popen(
        [*command, "-P", f"run_id={original.run.info.run_id}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as started:
        wait_until(lambda: find(started, "steps.preprocess"), 120)
        assert state(clone) != before, "there is a worktree"
        processes = [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]
        os.killpg(started.pid, signal.SIGINT)  # as a terminal does
        _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []
    assert state(clone) == before
    assert [path for path in Path(environment["TMPDIR"]).iterdir() if any(path.iterdir())] == []
    assert running(client) == []
    (reproduction,) = client.search_runs(["1"], "tags.mlflow.project.entryPoint = 'reproduce'")
    assert reproduction.info.status in ("FAILED", "KILLED")
    assert "grove.reproduced" not in client.get_run(original.run.info.run_id).data.tags
