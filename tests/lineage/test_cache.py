"""What is taken for a step, and what is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.entities import Run

from steps.lineage.artifacts import publish
from steps.lineage.cache import Cache, Found, _every_share
from steps.lineage.keys import KEY_FILE, KEY_TAG, StepKey
from steps.lineage.run_files import record_files
from steps.table.stored import write_table
from tests.conftest import stored

KEY = StepKey("load", {"target": "label"}, None, {"data": "a"}, {"steps/load.py": "1"}, {"python": "3.11.7"})
Record = Callable[..., str]


@pytest.fixture
def store(client: mlflow.MlflowClient) -> Iterator[None]:
    mlflow.set_tracking_uri(client.tracking_uri)
    yield
    mlflow.set_tracking_uri(None)


@pytest.fixture
def record(store: None, tmp_path: Path) -> Record:
    """Record a run of load that ended with a status."""

    def made(key: StepKey = KEY, status: str = "FINISHED", experiment_id: str = "1", **tags: str) -> str:
        with mlflow.start_run(experiment_id=experiment_id) as run:
            folder = tmp_path / run.info.run_id
            folder.mkdir()
            write_table(pa.table({"a": list(range(1000))}), folder / "table.parquet")
            publish(folder, "table", step="load")
            mlflow.log_text("a picture", "figure.svg")
            mlflow.log_text("a page", "report/page.html")
            mlflow.log_dict(key.components, KEY_FILE)
            digests = {f"{KEY_TAG}.{name}": digest for name, digest in key.digests.items()}
            mlflow.set_tags({KEY_TAG: key.digest, **digests, **tags})
            record_files()
        mlflow.MlflowClient().set_terminated(run.info.run_id, status)
        return str(run.info.run_id)

    return made


def accept(run: Run) -> None:
    """Find nothing wrong with a registered version."""


def find(key: StepKey = KEY, experiment_id: str = "1") -> Found:
    return Cache(experiment_id, 0.0, accept).find(key)


def taken(found: Found) -> str:
    assert found.run is not None
    return str(found.run.info.run_id)


def test_the_newest_finished_run_with_the_key_is_taken(record: Record) -> None:
    record()
    newest = record()
    assert taken(find()) == newest


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "KILLED", "SCHEDULED"])
def test_what_did_not_finish_is_never_taken(status: str, record: Record) -> None:
    record(status=status)
    found = find()
    assert found.run is None
    assert found.reasons == []


def test_a_run_that_is_to_stay_apart_is_not_taken(record: Record) -> None:
    record(**{"grove.cache": "off"})
    assert find().run is None


def test_many_that_are_to_stay_apart_do_not_hide_the_others(record: Record) -> None:
    older = record()
    for _ in range(25):
        record(**{"grove.cache": "off"})
    assert taken(find()) == older


def test_a_run_of_another_experiment_is_not_taken(record: Record) -> None:
    other = mlflow.create_experiment("other")
    record(experiment_id=other)
    assert find().run is None
    assert find(experiment_id=other).run is not None


def test_a_deleted_run_is_not_taken(record: Record) -> None:
    mlflow.delete_run(record())
    assert find().run is None


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite_manifest(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"kind": "table"', '"kind": "table", "more": 1'), "utf-8")


def rewrite_what_stands_apart(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"apart": {}', '"apart": {"models": {}}'), "utf-8")


DAMAGES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "file deleted": ("table/table.parquet", Path.unlink),
    "manifest deleted": ("table/manifest.json", Path.unlink),
    "truncated": ("table/table.parquet", lambda path: path.write_bytes(path.read_bytes()[:-10])),
    "emptied": ("table/table.parquet", lambda path: path.write_bytes(b"")),
    "a bit flipped": ("table/table.parquet", flip),
    "manifest cut": ("table/manifest.json", lambda path: path.write_bytes(path.read_bytes()[:50])),
    "manifest written anew": ("table/manifest.json", rewrite_manifest),
    "what stands apart written anew": ("table/manifest.json", rewrite_what_stands_apart),
    "figure deleted": ("figure.svg", Path.unlink),
    "figure altered": ("figure.svg", flip),
    "report deleted": ("report", shutil.rmtree),
    "report truncated": ("report/page.html", lambda path: path.write_bytes(b"a p")),
    "list of files deleted": ("files.json", Path.unlink),
    "key deleted": ("key.json", Path.unlink),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_damaged_is_a_miss_that_says_so_and_an_older_intact_run_is_taken(damage: str, record: Record) -> None:
    name, spoil = DAMAGES[damage]
    run_id = record()
    spoil(stored(mlflow.MlflowClient(), run_id, name))
    found = find()
    assert found.run is None
    (reason,) = found.reasons
    assert reason.startswith(f"run {run_id} can't be taken: Got ")
    older = record()
    newer = record()
    spoil(stored(mlflow.MlflowClient(), newer, name))
    found = find()
    assert taken(found) == older
    assert found.reasons[0].startswith(f"run {newer} can't be taken: Got ")


def test_the_nearest_earlier_run_explains_a_miss(record: Record) -> None:
    near = replace(KEY, parameters={"target": "label", "drop": "a"})
    record(near)
    record(replace(near, inputs={"data": "b"}, source={"steps/load.py": "2"}))
    record(replace(KEY, entry_point="preprocess"))
    found = find()
    assert found.run is None
    assert found.reasons == ["parameter drop a → not there"]


def test_a_key_that_was_altered_explains_nothing_and_stops_nothing(record: Record) -> None:
    run_id = record(replace(KEY, parameters={"target": "other"}))
    path = stored(mlflow.MlflowClient(), run_id, KEY_FILE)
    for text in (path.read_text(encoding="utf-8").replace('"parameters"', '"parameter"'), "[]", "not JSON", "{}"):
        path.write_text(text, encoding="utf-8")
        (reason,) = find().reasons
        assert reason.startswith(f"the key of run {run_id} can't be read: ")


def test_nothing_is_said_where_there_is_no_earlier_run(record: Record) -> None:
    assert find() == Found(None, [])


@given(st.floats(0, 1), st.integers(1, 200))
def test_the_share_of_audits_is_kept(share: float, hits: int) -> None:
    audited = sum(islice(_every_share(share), hits))
    assert abs(audited - share * hits) <= 1
    if share in (0, 1):
        assert audited == share * hits
