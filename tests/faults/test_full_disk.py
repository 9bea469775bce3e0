"""A disk is full where a step writes; then there is room again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from tests import tables
from tests.conftest import TRIVIAL, Result, Started, stored
from tests.faults.disks import FOREST, Disk, may_mount, small_disk, whole
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things

needs_mount = pytest.mark.skipif(not may_mount(), reason="a small disk needs the right to mount one")


@dataclass
class Machine:
    """Its store, its artifacts and its temporary files lie on disks of their own."""

    store: Disk
    artifacts: Disk
    temporary: Disk


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with (
        small_disk(tmp_path / "store disk") as store,
        small_disk(tmp_path / "artifact disk") as artifacts,
        small_disk(tmp_path / "temporary disk") as temporary,
    ):
        yield Machine(store, artifacts, temporary)


@pytest.fixture
def client(machine: Machine, _empty_store: Path) -> mlflow.MlflowClient:
    shutil.copy(_empty_store, machine.store.folder / "mlflow.db")
    client = mlflow.MlflowClient(f"sqlite:///{machine.store.folder / 'mlflow.db'}")
    client.create_experiment("grove", artifact_location=machine.artifacts.folder.as_uri())
    return client


@pytest.fixture
def environment(environment: dict[str, str], machine: Machine) -> dict[str, str]:
    environment["TMPDIR"] = str(machine.temporary.folder)
    return environment


@pytest.fixture
def chain(step: Callable[..., Result], client: mlflow.MlflowClient, folder: Path) -> tuple[Result, dict[str, str]]:
    """A finished main, and what it was given."""
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    given = {"data": str(folder / "t.csv"), "target": "sick", **TRIVIAL}
    main = step("main", **given)
    assert main.code == 0, main.out
    return main, given


@needs_mount
@pytest.mark.slow
def test_every_step_says_which_disk_is_full_and_what_was_finished_stays(
    chain: tuple[Result, dict[str, str]],
    machine: Machine,
    step: Callable[..., Result],
    start: Callable[..., Started],
    client: mlflow.MlflowClient,
) -> None:
    main, given = chain
    inputs = inputs_of(client, main.run, given)
    # Of a new version register writes nothing that is large.
    for name, disk in [
        *((name, machine.artifacts) for name in ("load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate")),
        ("load", machine.temporary),
        ("train_rf", machine.temporary),
        ("register", machine.store),
    ]:
        process, run = start(name, **inputs[name])
        wait_until(lambda: any(machine.temporary.folder.glob("grove-*")), 600)  # the process is there
        disk.fill()
        out, err = process.communicate(timeout=600)
        disk.empty()
        assert process.returncode == 1, out + err
        sentence = err.splitlines()[-1]
        assert sentence.startswith("Error: Got no space left on the disk that holds "), err
        assert str(disk.folder) in sentence
        assert "Traceback" not in out + err
        assert not any(machine.temporary.folder.iterdir())
        ended = client.get_run(run.info.run_id)
        if disk is not machine.store:
            assert ended.info.status == "FAILED"
            assert ended.data.tags["grove.failure"] in sentence
        assert not [tag for tag in ended.data.tags if tag.startswith("grove.output.")]
        assert whole(machine.artifacts.folder / run.info.run_id)

    with sqlite3.connect(machine.store.folder / "mlflow.db") as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    again = step("main", **given)
    assert again.code == 0, again.out
    assert again.out.count(": cached, from ") == 6


def inputs_of(client: mlflow.MlflowClient, main: Run, given: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return what main handed to each of its steps."""
    runs = {name: main.data.tags[f"grove.step.{name}"] for name in ("load", "preprocess", "train_rf", "evaluate")}
    verdict = json.loads(stored(client, runs["evaluate"], "verdict/manifest.json").read_text(encoding="utf-8"))
    split = {"split": f"runs:/{runs['preprocess']}/split"}
    return {
        "load": {"data": given["data"], "target": "sick"},
        "preprocess": {"table": f"runs:/{runs['load']}/table"},
        "train_rf": {**split, **FOREST, "cache": "off"},
        "train_rf_kmeans": {**split, **TRIVIAL, "cache": "off"},
        "evaluate": {**split, "models": ",".join(verdict["apart"]["model_uris"].values())},
        "register": {"verdict": f"runs:/{runs['evaluate']}/verdict", "model_name": "other"},
    }
