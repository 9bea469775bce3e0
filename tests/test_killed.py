"""A chain that breaks at one station after another: each end is true, and each next main goes on from there."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import mlflow
import psutil
import pytest
from mlflow.entities import Run

from tests import tables
from tests.breakable import STEPS, Chain, names, workers
from tests.conftest import PROJECT
from tests.processes import find, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

PATIENCE = 300.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
ATTEMPTS = 5


@dataclass(frozen=True)
class Station:
    """Whom to hit, and during which step: a step's name, `worker`, `main`, `mlflow run`, or `all` of the group."""

    whom: str
    during: str

    def targets(self, started: subprocess.Popen[str]) -> list[psutil.Process]:
        return workers(started) if self.whom == "worker" else find(started, f"steps.{self.during}")


STATIONS = [
    Station("mlflow run", "load"),
    Station("main", "load"),
    Station("load", "load"),
    Station("preprocess", "preprocess"),
    Station("train_rf", "train_rf"),
    Station("worker", "train_rf"),
    Station("all", "train_rf_kmeans"),
    Station("train_rf_kmeans", "train_rf_kmeans"),
    Station("evaluate", "evaluate"),
    Station("register", "register"),
]


@pytest.fixture
def chain(client: mlflow.MlflowClient, folder: Path, environment: dict[str, str]) -> Chain:
    tables.numeric_binary(1500).drop(columns=["c", "d"]).to_csv(folder / "t.csv", index=False)
    return Chain(client, folder, environment)


def is_late(position: int, number: signal.Signals) -> bool:
    """Return whether to hit a step at work, not when it starts: at every station one of SIGTERM and SIGKILL does so."""
    return {
        signal.SIGTERM: position % 2 == 0,
        signal.SIGKILL: position % 2 == 1,
        signal.SIGINT: (position + 1) // 2 % 2 == 1,
    }[number]


def hit(chain: Chain, started: subprocess.Popen[str], station: Station, number: signal.Signals, late: bool) -> None:
    """Send the signal at some moment, when the step starts or when it is at work, and wait until all is over."""
    found: list[psutil.Process] = []

    def is_there() -> bool:
        found[:] = station.targets(started)
        return bool(found) or started.poll() is not None

    wait_until(is_there, PATIENCE)
    assert found, f"{station} never came:\n{chain.said()}"
    wait_until(lambda: not late or chain.is_at_work(station.during) or not found[0].is_running(), PATIENCE)
    time.sleep(random.uniform(0, 0.3))
    everyone = [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]
    try:
        if station.whom == "all":
            os.killpg(started.pid, number)
        elif station.whom in ("main", "mlflow run"):
            started.send_signal(number)
        else:
            found[0].send_signal(number)
    except psutil.NoSuchProcess:  # it ended before
        os.killpg(started.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(everyone, timeout=PATIENCE)
    assert alive == []


def break_off(chain: Chain, station: Station, number: signal.Signals, late: bool) -> None:
    """Start main and hit it, again where the step had finished before that, and look at what is left."""
    before = names(chain.finished())
    for _ in range(ATTEMPTS):
        left = chain.running()
        with chain.begin(is_typed=station.whom == "mlflow run", is_new=station.whom == "worker") as started:
            hit(chain, started, station, number, late)
        finished = chain.finished(STEPS[STEPS.index(station.during) :])
        for run in finished:
            chain.client.delete_run(run.info.run_id)
        # A step may still finish before it sees that its main is gone.
        if not finished or (station.whom in ("main", "mlflow run") and names(finished) == {station.during}):
            break
    else:
        raise AssertionError(f"{station} finished each time before {number.name} came")
    check(chain, station, number, late, before, left)


def check(
    chain: Chain, station: Station, number: signal.Signals, late: bool, before: set[str], left: list[Run]
) -> None:
    """Assert that what the last main left is true, and that it took what was finished and marked what was left."""
    said, running, main = chain.said(), chain.running(), chain.last("main")
    where = f"{station} hit by {number.name}, {'at work' if late else 'at its start'}:\n{said}"
    for step in before:
        assert f"{step}: cached" in said, where
    for run in left:
        ended = chain.client.get_run(run.info.run_id)
        assert ended.info.status == "KILLED", where
        assert f"Marked by run {main.info.run_id}" in ended.data.tags["grove.failure"], where
    if number is signal.SIGKILL and station.whom in ("main", "all"):
        assert "main" in names(running), where
    else:
        assert running == [], where
        assert main.info.status in ("FAILED", "KILLED"), where
    if late or number is not signal.SIGINT:  # of Python itself, before Grove can be there
        assert 'File "' + str(PROJECT / "steps") not in said, where
    if number is signal.SIGKILL and station.whom in STEPS:
        assert "Its process ended without a word" in main.data.tags["grove.failure"], where
    if station.whom == "worker":
        assert "worker process" in said or "interrupted" in said, where
    if number is not signal.SIGKILL:
        assert chain.temporary() == [], where


def close_the_terminal(chain: Chain) -> None:
    """Start main in a terminal, close that while the workers are at work, and look at what is left."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)

    def are_at_work() -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(master, 1 << 16)  # or the chain would wait until somebody reads
        return bool(workers(started))

    with chain.begin(is_typed=True, is_new=True, terminal=slave) as started:
        os.close(slave)
        wait_until(are_at_work, PATIENCE)
        everyone = [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]
        os.close(master)  # the kernel sends SIGHUP, and what is written from now on fails
        _, alive = psutil.wait_procs(everyone, timeout=PATIENCE)
        assert alive == []
    assert chain.running() == []
    for run in (chain.last("main"), chain.last("train_rf")):
        assert run.info.status in ("KILLED", "FAILED"), "MLflow says the latter of what it has started, if it ends last"
        assert "interrupted" in run.data.tags["grove.failure"]
    assert chain.temporary() == []


def take_the_memory(chain: Chain) -> None:
    """Start main, let a trainer get no more memory than it has when it begins, and look at what is left."""
    # The last of what it records before it reads its input.
    at_work = "attributes.status = 'RUNNING' and tags.mlflow.project.entryPoint = 'train_rf' and "
    at_work += "tags.grove.source.dirty != ''"
    with chain.begin(is_new=True) as started:
        wait_until(lambda: chain.runs(at_work), PATIENCE)
        (process,) = find(started, "steps.train_rf")
        limit = process.memory_info().vms
        process.rlimit(psutil.RLIMIT_AS, (limit, limit))
        assert started.wait(PATIENCE) == 1, chain.said()
    for run in (chain.last("main"), chain.last("train_rf")):
        assert run.info.status == "FAILED"
        # As Python says it, of a worker process as the search does, or after a library's abort as main does.
        assert re.search(r"too little memory|for want of memory", run.data.tags["grove.failure"])
        assert "sample_rows" in run.data.tags["grove.failure"]
    assert chain.running() == []


def test_a_chain_that_breaks_again_and_again_comes_to_its_end(chain: Chain) -> None:
    for position, station in enumerate(STATIONS):
        for number in SIGNALS:
            break_off(chain, station, number, is_late(position, number))
        if station.whom == "worker":
            close_the_terminal(chain)
            if sys.platform == "linux":  # which limits the memory of another process
                take_the_memory(chain)
    with chain.begin() as started:
        assert started.wait(2 * PATIENCE) == 0, chain.said()
    assert chain.running() == []
    assert chain.temporary() == [], "what was left is removed"
    assert sorted(run.info.run_name for run in chain.finished()) == sorted(STEPS), "each step once"
    assert chain.client.get_model_version_by_alias("grove", "champion").version in ("1", 1)
    assert chain.client.search_registered_models("name LIKE 'grove move %'") == []
