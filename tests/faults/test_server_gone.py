"""The tracking server dies in the middle of a run, or loses an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import psutil
import pytest

from tests import tables
from tests.conftest import TRIVIAL, Result, Started
from tests.faults.proxies import proxy
from tests.faults.trackers import Tracker
from tests.processes import find, wait_until

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things

STEPS = ["load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register"]


@pytest.fixture
def tracker(folder: Path) -> Iterator[Tracker]:
    server = Tracker(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def client(tracker: Tracker) -> mlflow.MlflowClient:
    client = mlflow.MlflowClient(tracker.url)
    assert client.create_experiment("grove") == "1"
    return client


@pytest.fixture
def given(folder: Path) -> dict[str, str]:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    return {"data": str(folder / "t.csv"), "target": "sick", **TRIVIAL}


@pytest.fixture
def impatient(environment: dict[str, str]) -> None:
    """Let what is started wait six seconds for a server, instead of a minute."""
    environment.update({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"})


@pytest.fixture
def until_trained(start: Callable[..., Started], given: dict[str, str]) -> Started:
    """A main whose trainers have been started."""
    process, run = start("main", **given)
    wait_until(lambda: find(process, "steps.train_rf"), 900)
    return process, run


@pytest.mark.slow
def test_a_server_that_is_back_after_ten_seconds_costs_nothing(
    until_trained: Started, tracker: Tracker, client: mlflow.MlflowClient
) -> None:
    process, run = until_trained
    time.sleep(2)
    tracker.kill()
    time.sleep(10)
    tracker.start()
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, out + err
    found = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert sorted(each.info.run_name for each in found) == sorted(STEPS)
    assert {each.info.status for each in client.search_runs(["1"])} == {"FINISHED"}
    assert len(client.search_model_versions()) == 1


@pytest.mark.slow
def test_a_server_that_stays_away_is_said_and_the_next_main_goes_on(
    impatient: None,
    until_trained: Started,
    start: Callable[..., Started],
    given: dict[str, str],
    tracker: Tracker,
    client: mlflow.MlflowClient,
) -> None:
    process, _ = until_trained
    below = psutil.Process(process.pid).children(recursive=True)
    tracker.kill()
    started = time.monotonic()
    out, err = process.communicate(timeout=600)
    assert time.monotonic() - started < 200, "of which twice six to ten seconds are patience"
    assert process.returncode == 1
    sentence = (
        f"Error: Got no answer from the tracking server {tracker.url} any more, expected it to be there: start it"
    )
    assert err.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in out + err
    _, alive = psutil.wait_procs(below, timeout=30)
    assert alive == []

    tracker.start()
    again, run = start("main", **given)
    out, err = again.communicate(timeout=600)
    assert again.returncode == 0, out + err
    assert "load: cached, from " in out
    assert "preprocess: cached, from " in out
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


@pytest.mark.slow
def test_lost_answers_leave_no_second_run_and_half_of_one_is_asked_for_again(
    environment: dict[str, str],
    step: Callable[..., Result],
    given: dict[str, str],
    tracker: Tracker,
    client: mlflow.MlflowClient,
) -> None:
    lost: list[str] = []

    def spoil(method: str, path: str) -> str | None:
        created = method == "POST" and path.endswith(("runs/create", "model-versions/create"))
        fetched = method == "GET" and path.endswith("table/table.parquet")
        if (created or fetched) and path not in lost:
            lost.append(path)
            return "lose" if created else "cut"
        return None

    with proxy(tracker.port, spoil) as url:
        environment["MLFLOW_TRACKING_URI"] = url
        main = step("main", **given)
    assert main.code == 0, main.out
    assert len(lost) == 3
    found = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{main.run.info.run_id}'")
    assert sorted(each.info.run_name for each in found if each.info.status == "FINISHED") == sorted(STEPS)
    assert [each.info.status for each in found if each.info.status != "FINISHED"] == ["KILLED"], "one that nobody ran"
    assert client.search_runs(["1"], "attributes.status = 'RUNNING'") == []
    assert len(client.search_model_versions()) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, ["Got ", " artifact"]),
        (500, ["Got the answer 500 to /api/2.0/mlflow-artifacts/", "again and again"]),
    ],
)
@pytest.mark.slow
def test_a_server_that_takes_no_artifacts(
    status: int,
    words: list[str],
    environment: dict[str, str],
    step: Callable[..., Result],
    given: dict[str, str],
    tracker: Tracker,
) -> None:
    def spoil(method: str, path: str) -> int | None:
        return status if method == "PUT" and "/table/" in path else None

    environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    table = {"data": given["data"], "target": "sick"}
    with proxy(tracker.port, spoil) as url:
        environment["MLFLOW_TRACKING_URI"] = url
        refused = step("load", **table)
    assert refused.code == 1
    assert refused.run.info.status == "FAILED"
    assert "Traceback" not in refused.out
    for word in words:
        assert word in refused.reason
    assert "grove.output.table" not in refused.run.data.tags
    environment["MLFLOW_TRACKING_URI"] = tracker.url
    assert step("load", **table).code == 0
