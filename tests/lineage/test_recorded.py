"""What can't be repeated is said before anything runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
import pytest

from steps.lineage.artifacts import publish
from steps.lineage.keys import KEY_FILE, KEY_TAG, StepKey
from steps.lineage.recorded import _check_present, read_recorded
from steps.table.stored import write_table
from tests.conftest import stored

KEY = StepKey("load", {"target": "label"}, None, {"data": "a"}, {"steps/load.py": "1"}, {"python": "3.11.7"})
SOURCE = {"url": "/x", "folder": "", "commit": "0123456789" * 4, "dirty": False, "patch": None, "problem": None}
RECORD = {
    "entry_point": "load",
    "parameters": {"data": "t.csv"},
    "source": SOURCE,
    "environment": {"python": "3.11.7", "packages": {}, "lock": "b"},
}


@pytest.fixture
def load(client: mlflow.MlflowClient, tmp_path: Path) -> Iterator[str]:
    """The ID of a run of load."""
    mlflow.set_tracking_uri(client.tracking_uri)
    with mlflow.start_run(experiment_id="1") as run:
        (tmp_path / "table").mkdir()
        write_table(pa.table({"a": [1, 2]}), tmp_path / "table" / "table.parquet")
        publish(tmp_path / "table", "table", step="load")
        mlflow.log_dict(KEY.components, KEY_FILE)
        mlflow.log_dict(RECORD, "provenance.json")
        mlflow.set_tag(KEY_TAG, KEY.digest)
    yield run.info.run_id
    mlflow.set_tracking_uri(None)


def test_a_step_is_read_as_it_was_recorded(load: str) -> None:
    found = read_recorded(load)
    assert found.source == SOURCE
    assert list(found.steps) == ["load"]
    assert found.steps["load"].parameters == {"data": "t.csv"}
    assert found.steps["load"].inputs == {"data": "a"}


def altered(**parts: Any) -> Callable[[str], object]:
    return lambda run_id: mlflow.MlflowClient().log_dict(run_id, RECORD | parts, "provenance.json")


def removed(path: str) -> Callable[[str], object]:
    def remove(run_id: str) -> None:
        place = stored(mlflow.MlflowClient(), run_id, path)
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    return remove


def tagged(name: str, value: str) -> Callable[[str], object]:
    return lambda run_id: mlflow.MlflowClient().set_tag(run_id, name, value)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run_id: mlflow.delete_run(run_id), "which was deleted; restore it"),
        (lambda run_id: mlflow.MlflowClient().set_terminated(run_id, "KILLED"), "whose status is KILLED; expected a"),
        (tagged("grove.candidate", "2"), "which is a candidate of a search; expected the trainer's run"),
        (altered(entry_point="reproduce", parameters={"run_id": "77"}), "the run that it repeats, 77"),
        (altered(entry_point="main"), "which does not name the runs of its steps"),
        (altered(entry_point="register", parameters={"verdict": "/folder"}), "which was given the folder /folder"),
        (altered(source={**SOURCE, "problem": "Got 11 MB."}), "whose code was not kept: Got 11 MB."),
        (altered(source={**SOURCE, "patch": "0" * 32}), "expected the artifact source.patch of run 0"),
        (altered(source={}), "without its source"),
        (altered(source={**SOURCE, "url": ["/x"]}), "with ['/x'] as the url of its code, expected a text"),
        (altered(source={**SOURCE, "folder": None}), "with None as the folder of its code, expected a text"),
        (removed("provenance.json"), "which has no provenance.json"),
        (removed("key.json"), "without key.json; expected it, it was deleted"),
        (removed("table"), "without table/manifest.json; expected it, the artifact was deleted"),
        (removed("table/table.parquet"), "/table/table.parquet; expected it, it was deleted"),
    ],
)
def test_what_is_missing_is_said(spoil: Callable[[str], object], said: str, load: str) -> None:
    mlflow.MlflowClient().set_tag(load, "mlflow.parentRunId", "1")
    spoil(load)
    with pytest.raises(ValueError) as caught:
        read_recorded(load)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["/tmp/evil.sh", "../evil.py", ".ci/run.sh", "--help", "load "])
def test_a_step_that_mlflow_would_take_for_a_script(load: str, name: str) -> None:
    altered(entry_point="main")(load)
    tagged(f"grove.step.{name}", load)(load)
    with pytest.raises(ValueError, match="as one of its steps, expected names of entry points"):
        read_recorded(load)


def test_an_unknown_run(load: str) -> None:
    with pytest.raises(ValueError, match=r"which the tracking store does not give .* is MLFLOW_TRACKING_URI the store"):
        read_recorded("0" * 32)


def test_a_model_that_is_gone(load: str) -> None:
    path = stored(mlflow.MlflowClient(), load, "table/manifest.json")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["apart"]["models"] = {"models:/m-0123": {"model.skops": "a"}}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ValueError, match=r"whose models:/m-0123 can't be listed \(.*not found\.?\); expected it"):
        read_recorded(load)


def test_a_storage_that_is_not_there_is_said(load: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    models = {"s3://bucket/model": {"MLmodel": "0"}}
    with pytest.raises(ValueError, match=r"of load, whose s3://bucket/model can't be listed \(Could not connect"):
        _check_present("load", load, {"files": {}, "apart": {"models": models}})
