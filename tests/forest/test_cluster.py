"""A real Dask scheduler with two worker processes, on which nothing of Grove is installed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dask.sizeof import sizeof
from distributed import Client

from steps.forest.cluster import Cluster, _by_value, _score, _versions, check_versions
from steps.forest.compute import check_compute
from steps.forest.cross_validation import CrossValidation
from steps.forest.encoder import encoder
from steps.forest.pipelines import kmeans_pipeline
from steps.forest.plan import candidates
from steps.forest.search import search
from steps.forest.workers import Workers
from tests.clusters import dask, end, find_listening, start_scheduler
from tests.forest.calls import FITTED_FOR_LONG, FITTED_FOR_SECONDS, calls
from tests.forest.journal import Told
from tests.servers import free_port

TRIED = candidates(
    {"n_estimators": (5, 20), "max_features": (0.5, None), "n_clusters": (2,), "cluster_features": ("both", "label")}
)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        yield start_scheduler(stack, tmp_path)


@pytest.fixture
def workers(scheduler: str, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    with ExitStack() as stack:
        yield [dask(stack, tmp_path, "worker", scheduler, "--nthreads", "1") for _ in range(2)]


def run(table, n_rows: int, used: Workers, journal: Told | None = None) -> pd.DataFrame:
    rows, codes = table(n_rows, 3, 0.2, 0)
    pipeline = kmeans_pipeline(encoder(["weight", "length"], [], ["site", "female"], 5), 0)
    validation = CrossValidation(pipeline, rows, codes, "balanced_accuracy", used, journal or Told(n_folds=3))
    found = search(validation, TRIED, method="grid", cv=3, seed=0)
    return found.candidates.drop(columns=["fit_seconds", "score_seconds"])


def test_scores_are_those_of_this_machine(table, scheduler: str, workers: list[subprocess.Popen[bytes]]) -> None:
    told = Told(n_folds=3)
    with Workers(-1, scheduler) as used:
        while used.at_once([]) < 2:
            time.sleep(0.1)
        there = run(table, 300, used, told)
    pd.testing.assert_frame_equal(there, run(table, 300, Workers(1)), check_exact=True)
    assert len(told.scores) == len(TRIED) * 3


def test_each_worker_gets_the_data_once_and_no_more_fits_run_than_asked_for(
    scheduler: str, workers: list[subprocess.Popen[bytes]]
) -> None:
    asked = calls(*[10] * 8, n_rows=20_000)
    seen: list[tuple[int, dict[str, tuple[int, int]]]] = []
    done = threading.Event()

    def tasks(dask_scheduler: Any) -> dict[str, tuple[int, int]]:
        """Return the bytes of each array there, and of each task, and how many workers have it."""
        return {
            str(name): (task.nbytes if task.run_spec is None else sizeof(task.run_spec), len(task.who_has or ()))
            for name, task in dask_scheduler.tasks.items()
        }

    def watch() -> None:
        while not done.is_set():
            seen.append((sum(map(len, client.processing().values())), client.run_on_scheduler(tasks)))
            time.sleep(0.01)

    with Client(scheduler, set_as_default=False) as client, Workers(1, scheduler) as used:
        assert used.at_once([]) == 1
        client.wait_for_workers(2)
        watcher = threading.Thread(target=watch)
        watcher.start()
        found = dict(used.score_forests(asked))
        done.set()
        watcher.join()
    assert sorted(found) == list(range(8))
    assert max(running for running, _ in seen) == 1
    sizes = {name: size for _, there in seen for name, (size, _) in there.items()}
    arrays = sorted(size for name, size in sizes.items() if name.startswith("ndarray"))
    assert arrays == sorted(array.nbytes for array in asked[0].values() if isinstance(array, np.ndarray))
    without_data = [size for name, size in sizes.items() if not name.startswith("ndarray")]
    assert len(without_data) == 8
    assert max(without_data) < min(arrays)
    assert max(copies for _, there in seen for _, copies in there.values()) == 2


@pytest.mark.slow
def test_a_cluster_of_one_thread_does_the_work_itself(scheduler: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        dask(stack, tmp_path, "worker", scheduler, "--nthreads", "1")
        with Workers(-1, scheduler) as used:
            found = dict(used.score_forests(calls(3, 4)))
    assert sorted(found) == [0, 1]


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_one_sentence(scheduler: str, workers: list[subprocess.Popen[bytes]]) -> None:
    with Workers(-1, scheduler) as used, pytest.raises(ConnectionError, match=r"^Got no answer any more from the Dask"):
        for _ in used.score_forests(calls(1, 1, FITTED_FOR_LONG)):
            for process in find_listening(scheduler):
                process.kill()


@pytest.mark.slow
def test_a_worker_that_dies_is_survived(table, scheduler: str, workers: list[subprocess.Popen[bytes]]) -> None:
    expected = run(table, 3000, Workers(1))
    told = Told(n_folds=3)

    def kill_one() -> None:
        while len(told.scores) < 4:
            time.sleep(0.05)
        end(workers[0])

    with Workers(-1, scheduler) as used:
        while used.at_once([]) < 2:
            time.sleep(0.1)
        killer = threading.Thread(target=kill_one)
        killer.start()
        found = run(table, 3000, used, told)
        killer.join()
        assert used.at_once([]) == 1
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("most_losses", [1, 2])
def test_a_fit_that_dask_gives_up_is_tried_again_a_few_times(
    most_losses: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    monkeypatch.setattr("steps.forest.cluster._MOST_LOSSES", most_losses)

    def replace_the_worker() -> None:
        while not sum(map(len, client.processing().values())):
            time.sleep(0.05)
        time.sleep(2)
        end(worker)
        dask(stack, tmp_path, "worker", scheduler, "--nthreads", "1")

    with ExitStack() as stack:
        scheduler = start_scheduler(stack, tmp_path)
        worker = dask(stack, tmp_path, "worker", scheduler, "--nthreads", "1")
        client = stack.enter_context(Client(scheduler, set_as_default=False))
        used = stack.enter_context(Workers(-1, scheduler))
        replacing = threading.Thread(target=replace_the_worker)
        replacing.start()
        stack.callback(replacing.join)
        if most_losses == 1:
            with pytest.raises(ConnectionError, match=r"^Got Dask workers that end before a fit does, 1 times in a"):
                list(used.score_forests(calls(FITTED_FOR_LONG)))
        else:
            assert [number for number, _ in used.score_forests(calls(FITTED_FOR_SECONDS))] == [0]


def test_a_scheduler_that_is_not_there_is_one_sentence_at_once() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=f"^Got no answer from a Dask scheduler at {address} .*: is it running"):
        Workers(-1, address)
    assert time.monotonic() - started < 5


def test_a_server_that_is_no_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.forest.cluster._SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=f"^Got no answer from a Dask scheduler at {address} "):
            Cluster(address, -1)


def test_a_scheduler_without_workers_is_one_sentence(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.forest.cluster._SECONDS", 1.0)
    with pytest.raises(ConnectionError, match=f"^Got a Dask scheduler without workers at {scheduler}, expected one "):
        Cluster(scheduler, -1)


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"needs Dask, expected it here: pip install -r requirements-dask\.txt$"):
        Cluster("tcp://127.0.0.1:8786", -1)


def test_workers_with_other_versions_are_refused() -> None:
    here = {"Python": "3.11.7", "scikit-learn": "1.9.1"}
    check_versions(here, {"worker tcp://a:1": here})
    with pytest.raises(ValueError) as caught:
        check_versions(here, {"scheduler": here, "worker tcp://b:2": here | {"scikit-learn": "1.8.0"}})
    assert str(caught.value) == (
        "Got scikit-learn 1.8.0 at the Dask worker tcp://b:2, expected scikit-learn 1.9.1, as here: "
        "pip install -r requirements-dask.txt there."
    )


@pytest.mark.slow
def test_a_worker_that_joins_late_with_other_versions_refuses_to_fit(
    scheduler: str, workers: list[subprocess.Popen[bytes]]
) -> None:
    with Client(scheduler, set_as_default=False) as client:
        late = client.submit(_by_value(_score), 0, _versions() | {"numpy": "1.0"})
        with pytest.raises(ValueError, match=r"^Got numpy .* at the Dask worker tcp://.*, expected numpy 1.0, as here"):
            late.result(60)


@pytest.mark.parametrize("compute", ["local", "tcp://host:8786", "tcp://[::1]:8786"])
def test_places_to_compute(compute: str) -> None:
    check_compute(compute)


@pytest.mark.parametrize(
    "compute",
    ["", "host:8786", "http://host:8786", "tls://host:8786", "tcp://host", "tcp://:8786", "tcp://h:x", "dask"],
)
def test_other_places_are_refused(compute: str) -> None:
    with pytest.raises(ValueError, match=r"^Got compute=.*, expected local or the address of a Dask scheduler, tcp://"):
        check_compute(compute)
