"""What is known of a version: all that its runs left, what is gone as unknown, and nothing that was changed since."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import mlflow
import pandas as pd
import pytest
from mlflow.entities.model_registry import ModelVersion

from steps.registry.known import evidence_of
from steps.registry.versions import version_named
from steps.table.profile import PROFILE
from tests.conftest import stored
from tests.registry.chains import make_split, run_step, table, train, verdict_on, write_verdict

SECRET = "nobody's business"


def register(registry: mlflow.MlflowClient, name: str, verdict: str, **given: str) -> ModelVersion:
    run = run_step("register", verdict=verdict, model_name=name, **given)
    return registry.get_model_version(name, run.data.tags["grove.model_version"])


def version_on(registry: mlflow.MlflowClient, name: str, frame: pd.DataFrame) -> ModelVersion:
    split = make_split(frame)
    return register(registry, name, write_verdict(split, train(split)))


@contextlib.contextmanager
def away(*files: Path) -> Iterator[None]:
    """Take files away for a while."""
    kept = {file: file.read_bytes() for file in files}
    for file in files:
        file.unlink()
    yield
    for file, content in kept.items():
        file.write_bytes(content)


def artifact(registry: mlflow.MlflowClient, version: ModelVersion, step: str, path: str) -> Path:
    return stored(registry, version.tags[f"grove.run.{step}"], path)


def test_the_evidence_is_what_the_runs_left(registry: mlflow.MlflowClient, name: str) -> None:
    frame = table("plain").assign(same="x", d=lambda it: it["d"].where(it.index >= 30))
    version = version_on(registry, name, frame)
    found = json.loads(json.dumps(evidence_of(version), allow_nan=False))
    assert (found["name"], found["version"]) == (name, "1")
    assert found["verdict"] == json.loads(artifact(registry, version, "evaluate", "verdict/verdict.json").read_text())
    assert found["gate"]["champion"] == "not asked: there was no champion"
    assert set(found["gate"]) == {"min_score", "thresholds", "class_recall", "slice_score", "schema", "champion"}
    data = found["data"]
    assert data["rows"] == 300
    assert [column["name"] for column in data["columns"]] == ["a", "b", "c", "d", "label", "same"]
    assert data["columns"][3] == {"name": "d", "role": "numeric", "type": "number", "missing": 0.1}
    assert data["columns"][4] == {"name": "label", "role": "target", "type": "text", "missing": 0.0}
    assert list(data["left_out_columns"]) == ["same"]
    assert sum(data["classes"]["training"].values()) == found["verdict"]["rows"]["train.parquet"]
    assert set(data["classes"]["training"]) == {"sick", "well"}
    provenance = found["provenance"]
    assert provenance["data_fingerprint"] == version.tags["grove.data.fingerprint"]
    assert provenance["seed"] == 0
    assert provenance["runs"] == {step: version.tags[f"grove.run.{step}"] for step in provenance["runs"]}
    assert set(provenance["runs"]) == {"load", "preprocess", "train_rf", "evaluate"}


def test_no_cell_of_the_table_is_in_it(registry: mlflow.MlflowClient, name: str) -> None:
    frame = table("plain")
    marked = frame.assign(note=[f"{SECRET} {number}" for number in range(len(frame))], place=f"{SECRET} place")
    marked.loc[::3, "place"] = f"{SECRET} elsewhere"
    version = version_on(registry, name, marked)
    found = evidence_of(version)
    assert [column["name"] for column in found["data"]["columns"]][-3:] == ["label", "note", "place"]
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.com/grove.git", "https://example.com/grove.git"),
        ("git@example.com:grove.git", "git@example.com:grove.git"),
        ("/home/ann/for a client/grove", None),
        ("file:///home/ann/grove", None),
    ],
)
def test_a_folder_of_somebodys_machine_is_not_told(
    url: str, told: str | None, registry: mlflow.MlflowClient, name: str
) -> None:
    version = register(registry, name, verdict_on("good"))
    registry.set_model_version_tag(name, version.version, "grove.source.url", url)
    found = evidence_of(registry.get_model_version(name, version.version))
    assert found["provenance"]["repository"] == told


def test_what_is_gone_is_unknown(registry: mlflow.MlflowClient, name: str) -> None:
    version = register(registry, name, verdict_on("good"))
    whole = evidence_of(version)
    table_manifest, profile = (artifact(registry, version, "load", path) for path in ("table/manifest.json", PROFILE))
    split = [artifact(registry, version, "preprocess", f"split/{name}") for name in ("manifest.json", PROFILE)]
    with away(profile):
        found = evidence_of(version)["data"]
        assert {column["missing"] for column in found["columns"]} == {None}
    with away(table_manifest):
        found = evidence_of(version)["data"]
        assert found["rows"] is None
        assert found["columns"] == whole["data"]["columns"], "the split knows them"
        assert found["classes"] == whole["data"]["classes"]
    with away(table_manifest, *split):
        found = evidence_of(version)
        assert found["data"]["columns"] == []
        assert found["data"]["classes"]["training"] == {}
        assert found["provenance"]["seed"] is None
    assert evidence_of(version) == whole


def test_without_the_verdict_there_is_no_evidence(registry: mlflow.MlflowClient, name: str) -> None:
    version = register(registry, name, verdict_on("good"))
    with (
        away(artifact(registry, version, "evaluate", "verdict/verdict.json")),
        pytest.raises(ValueError, match=r"^Got no file .*verdict\.json, expected it"),
    ):
        evidence_of(version)


def test_of_runs_that_were_deleted_for_good_nothing_is_known(registry: mlflow.MlflowClient, name: str) -> None:
    version = register(registry, name, verdict_on("good"))
    tags = {step: uuid4().hex for step in ("load", "train_rf")}
    for step, run_id in tags.items():
        registry.set_model_version_tag(name, version.version, f"grove.run.{step}", run_id)
    found = evidence_of(registry.get_model_version(name, version.version))
    assert found["provenance"]["trained"] is None
    assert found["provenance"]["python"] is None


@pytest.mark.parametrize(
    ("step", "path", "word"),
    [
        ("evaluate", "verdict/manifest.json", "another verdict"),
        ("load", "table/manifest.json", "another table"),
        ("preprocess", "split/manifest.json", "another split"),
        ("preprocess", "split/profile.json", "split/profile.json"),
    ],
)
def test_what_was_changed_is_refused(step: str, path: str, word: str, registry: mlflow.MlflowClient, name: str) -> None:
    version = register(registry, name, verdict_on("good"))
    file = artifact(registry, version, step, path)
    before = file.read_bytes()
    with away(file):
        file.write_bytes(before + b" ")
        with pytest.raises(ValueError, match=rf"^Got {word} .*expected"):
            evidence_of(version)


def test_of_another_model_than_the_verdicts_there_is_none(registry: mlflow.MlflowClient, name: str) -> None:
    version = register(registry, name, verdict_on("good"))
    other = register(registry, name, verdict_on("equal"))
    registry.set_model_version_tag(name, version.version, "grove.run.evaluate", other.tags["grove.run.evaluate"])
    with pytest.raises(ValueError, match=r"which is not the winner of the verdict of run"):
        evidence_of(registry.get_model_version(name, version.version))


def test_a_version_of_another_program_is_refused(registry: mlflow.MlflowClient, name: str) -> None:
    registry.create_registered_model(name)
    foreign = registry.create_model_version(name, "file:///elsewhere")
    with pytest.raises(ValueError, match=r"^Got version 1 of .*, which Grove did not register; expected"):
        evidence_of(foreign)


def test_a_version_is_named_by_alias_or_number(registry: mlflow.MlflowClient, name: str) -> None:
    register(registry, name, verdict_on("good"))
    register(registry, name, verdict_on("poor"))
    for named, number in {"champion": 1, "challenger": 2, "1": 1, "2": 2}.items():
        assert int(version_named(registry, name, named).version) == number
    with pytest.raises(ValueError, match=r"^Got version=champ, .*; expected .* one of challenger, champion\.$"):
        version_named(registry, name, "champ")
    with pytest.raises(ValueError, match=r"^Got version 7 of .*; expected one of 1, 2\.$"):
        version_named(registry, name, "7")
    with pytest.raises(ValueError, match=r"^Got model_name=nope, which the model registry does not have"):
        version_named(registry, "nope", "champion")
