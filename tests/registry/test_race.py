"""Several runs at once that would move the same alias: one after the other does, and who comes too late says so."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from steps.registry.history import read_history, what_became
from tests.registry.chains import run_step, verdict_on
from tests.registry.racing import Act, race
from tests.servers import free_port, wait_for

ROUNDS = 3


@pytest.fixture
def server(registry_store: Path, registry: mlflow.MlflowClient) -> Iterator[str]:
    """A tracking server on the store."""
    port = free_port()
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
    store = ["--backend-store-uri", registry.tracking_uri, "--no-serve-artifacts"]
    with subprocess.Popen(
        [*command, *store], cwd=registry_store.parent, stderr=subprocess.DEVNULL, start_new_session=True
    ) as started:
        try:
            wait_for(port, started)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(started.pid, signal.SIGTERM)


def check(registry: mlflow.MlflowClient, name: str, tags: list[dict[str, str]]) -> None:
    """Assert that the history tells one story without a gap, which ends at the aliases, and that every run tells it."""
    model = registry.get_registered_model(name)
    history = read_history(model)
    aliases = {alias: str(version) for alias, version in model.aliases.items()}
    assert not history.faults
    assert what_became(history.records, aliases) == [""] * len(history.records), history.records
    moved = [record.moves["champion"] for record in history.records if "champion" in record.moves]
    assert [end for _, end in moved[:-1]] == [start for start, _ in moved[1:]]
    assert moved[-1][1] == aliases["champion"]
    assert registry.get_model_version(name, aliases["champion"]).tags["grove.gate"] == "passed"
    records = {record.run: record for record in history.records}
    for tag in tags:
        if tag.get("grove.model_alias") == "challenger":
            assert "while this model was judged: register it again" in tag["grove.not_promoted"]
            version = registry.get_model_version(name, tag["grove.model_version"])
            assert version.tags["grove.gate"] == "not passed"
    assert not registry.search_registered_models(f"name LIKE '{name} move %'")
    assert len(records) == len(history.records)


def run_rounds(
    registry: mlflow.MlflowClient, store: str, name: str, rounds: int, *acts: Act
) -> list[list[dict[str, str]]]:
    names = [f"{name} {number}" for number in range(rounds)]
    for each in names:
        for model in ("poor", "wider"):
            run_step("register", verdict=verdict_on(model), model_name=each, rope="1", allow_schema_change="true")
    found = race(store, names, acts)
    for each, tags in found.items():
        check(registry, each, tags)
    return list(found.values())


def registering(*models: str) -> list[Act]:
    return [
        ("register", {"verdict": verdict_on(model), "rope": "1", "allow_schema_change": "true"}) for model in models
    ]


@pytest.mark.slow
def test_two_registrations_at_once(registry: mlflow.MlflowClient, name: str) -> None:
    for first, second in run_rounds(registry, registry.tracking_uri, name, ROUNDS, *registering("good", "equal")):
        assert {first["grove.model_alias"], second["grove.model_alias"]} == {"champion", "challenger"}


@pytest.mark.slow
def test_the_same_model_twice_at_once_is_one_version(registry: mlflow.MlflowClient, name: str) -> None:
    for tags in run_rounds(registry, registry.tracking_uri, name, ROUNDS, *registering("good", "good")):
        assert [(tag["grove.model_version"], tag["grove.model_alias"]) for tag in tags] == [("3", "champion")] * 2


@pytest.mark.slow
def test_registrations_and_a_rollback_at_once_on_a_server(
    registry: mlflow.MlflowClient, name: str, server: str
) -> None:
    acts = [*registering("good", "equal", "other seed"), ("rollback", {"why": "it looks odd"})]
    found = run_rounds(registry, server, name, 4 * ROUNDS, *acts)
    for *registered, back in found:
        assert not any("error" in tag for tag in registered)
        winners = [tag for tag in registered if tag["grove.model_alias"] == "champion"]
        if "error" in back:
            assert "another run has moved it meanwhile" in back["error"]
        assert len(winners) + ("error" not in back) == 1, "all had seen the same champion"
