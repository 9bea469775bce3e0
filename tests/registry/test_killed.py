"""Killed between every two writes, what moves aliases leaves the old champion or the new one, complete."""

from __future__ import annotations

import json
import subprocess
import sys

import mlflow
import pytest

from steps.registry import turn
from steps.registry.history import champions, read_history, what_became
from tests.conftest import PROJECT
from tests.registry.chains import run_step, verdict_on

WRITES = {"first": 7, "next": 8, "rollback": 5}
"""Model, version, description; turn, record, alias `previous` unless it is the first, `champion`, turn."""


def killed(registry: mlflow.MlflowClient, step: str, name: str, **given: str) -> int:
    """Kill the step before its first, second, … write, on the models `name 1`, `name 2`, …; return how many it has."""
    command = [sys.executable, "-m", "tests.registry.killed", registry.tracking_uri, step, f"{name} {{}}"]
    done = subprocess.run(
        [*command, json.dumps(given)], cwd=PROJECT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.rsplit("writes: ", 1)[1])


def end_runs(registry: mlflow.MlflowClient) -> None:
    """Mark those that were killed, as `mlflow run` does."""
    for run in registry.search_runs(["1"], "attributes.status = 'RUNNING'"):
        registry.set_terminated(run.info.run_id, "FAILED")


def aliases(registry: mlflow.MlflowClient, name: str) -> dict[str, str]:
    return {alias: str(version) for alias, version in registry.get_registered_model(name).aliases.items()}


def check_complete(registry: mlflow.MlflowClient, name: str) -> None:
    """Assert that the champion, if there is one, has its evidence, and its record as the last one that moved it."""
    model = registry.get_registered_model(name)
    history = read_history(model)
    assert not history.faults
    champion = aliases(registry, name).get("champion")
    if champion is None:
        return
    version = registry.get_model_version(name, champion)
    assert version.tags["grove.gate"] == "passed"
    assert version.description
    became = what_became(history.records, aliases(registry, name))
    moved = [
        record
        for record, note in zip(history.records, became, strict=True)
        if "champion" in record.moves and "champion did not move" not in note
    ]
    assert moved[-1].moves["champion"][1] == champion
    assert champions(history.records, champion)[-1] == champion


def check_nothing_left(registry: mlflow.MlflowClient, name: str) -> None:
    assert not registry.search_registered_models(f"name LIKE '{name} move %'")


@pytest.mark.slow
@pytest.mark.parametrize("before", [None, "poor"])
def test_register_killed_before_each_of_its_writes(
    before: str | None, registry: mlflow.MlflowClient, name: str
) -> None:
    expected = WRITES["next" if before else "first"]
    for number in range(1, expected + 2) if before else ():
        run_step("register", verdict=verdict_on(before), model_name=f"{name} {number}")
    new = {"champion": "2", "previous": "1"} if before else {"champion": "1"}
    writes = killed(registry, "register", name, verdict=verdict_on("good"))
    assert writes == expected
    end_runs(registry)
    found = []
    for number in range(1, writes + 2):
        each = f"{name} {number}"
        if registry.search_registered_models(f"name = '{each}'"):
            check_complete(registry, each)
            found.append(aliases(registry, each).get("champion"))
        run_step("register", verdict=verdict_on("good"), model_name=each)
        assert aliases(registry, each) == new, f"killed before write {number}, and run again"
        check_complete(registry, each)
        assert len(registry.search_model_versions(f"name = '{each}'")) == len(new)
        check_nothing_left(registry, each)
    assert {*found} == {"1" if before else None, new["champion"]}
    assert found == sorted(found, key=lambda version: version == new["champion"]), "the old ones, then the new ones"


@pytest.mark.slow
def test_rollback_killed_before_each_of_its_writes(registry: mlflow.MlflowClient, name: str) -> None:
    for number in range(1, WRITES["rollback"] + 2):
        for model in ("poor", "good"):
            run_step("register", verdict=verdict_on(model), model_name=f"{name} {number}")
    writes = killed(registry, "rollback", name, why="it looks odd")
    assert writes == WRITES["rollback"]
    end_runs(registry)
    for number in range(1, writes + 2):
        each = f"{name} {number}"
        check_complete(registry, each)
        if aliases(registry, each)["champion"] == "2":
            run_step("rollback", model_name=each, why="once more")
        assert aliases(registry, each) == {"champion": "1", "previous": "2"}
        check_complete(registry, each)
        run_step("register", verdict=verdict_on("good"), model_name=each)
        check_nothing_left(registry, each)


def test_a_killed_run_that_still_counts_as_running_is_waited_for_no_longer_than_a_while(
    registry: mlflow.MlflowClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "PATIENCE", 1.0)
    run_step("register", verdict=verdict_on("poor"), model_name=name)
    holder = registry.create_run("1").info.run_id
    registry.create_registered_model(f"{name} move 000002.1", tags={"grove.run": holder})
    run_step("register", verdict=verdict_on("good"), model_name=name)
    assert aliases(registry, name)["champion"] == "2"
    check_nothing_left(registry, name)


def test_who_is_late_gives_up(registry: mlflow.MlflowClient, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_LATE", -1.0)
    with pytest.raises(TimeoutError, match=r"^Got a model registry that took more than .* Run this step again"):
        run_step("register", verdict=verdict_on("good"), model_name=name)
    assert aliases(registry, name) == {}
    monkeypatch.undo()
    run_step("register", verdict=verdict_on("good"), model_name=name)
    assert aliases(registry, name) == {"champion": "1"}
    check_nothing_left(registry, name)


def test_who_has_nothing_to_move_leaves_those_alone_that_move(registry: mlflow.MlflowClient, name: str) -> None:
    run_step("register", verdict=verdict_on("good"), model_name=name)
    holder = registry.create_run("1").info.run_id
    registry.create_registered_model(f"{name} move 000001.1", tags={"grove.run": holder})
    run_step("register", verdict=verdict_on("good"), model_name=name)
    assert registry.get_registered_model(f"{name} move 000001.1"), "its record is written, its aliases may not be"
    registry.set_terminated(holder, "KILLED")
    run_step("register", verdict=verdict_on("good"), model_name=name)
    check_nothing_left(registry, name)
