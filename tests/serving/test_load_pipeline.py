"""A model that somebody else wrote can be refused, but can't run anything."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import skops.io
import yaml
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from steps.inference.model import read_model
from steps.lineage.model_files import content_digest
from steps.lineage.models import load_model
from steps.serving.grove_model import MODEL_FILE, load_pipeline
from tests import tables
from tests.inference.models import register


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model as Grove logs it."""
    folder = tmp_path_factory.mktemp("model")
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("grove", artifact_location=(folder / "artifacts").as_uri())
    register(client, tables.all_categorical(), "label", folder)
    (found,) = folder.glob("artifacts/models/*/artifacts")
    return found


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that is there if something ran."""
    return tmp_path / "something-ran"


class Runs:
    """What unpickling turns into a command."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.canary}'",)


def edit(model: Path, **flavor: Any) -> None:
    """Change what MLmodel says of the scikit-learn flavor."""
    about = yaml.safe_load((model / "MLmodel").read_text(encoding="utf-8"))
    about["flavors"]["sklearn"] |= flavor
    (model / "MLmodel").write_text(yaml.safe_dump(about), encoding="utf-8")


def edit_schema(model: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the description of the objects in the skops file."""
    path = model / MODEL_FILE
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(content["schema.json"])
    content["schema.json"] = json.dumps(change(schema) or schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def refused(model: Path) -> str:
    """Return the one sentence with which all that load a model refuse it."""
    with pytest.raises(ValueError) as caught:
        load_pipeline(model, "m")
    with pytest.raises(ValueError) as by_score:
        read_model(str(model))
    assert str(by_score.value).startswith(f"Got the model {model}")
    return str(caught.value)


def test_a_model_of_grove_is_loaded_although_mlflow_is_to_unpickle_nothing(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    assert isinstance(load_pipeline(model, "m"), Pipeline)
    assert isinstance(read_model(str(model)).pipeline, Pipeline)


@pytest.mark.parametrize("saved_as", ["pickle", "cloudpickle", None])
@pytest.mark.parametrize("file", ["model.pkl", MODEL_FILE])
def test_pickle_is_not_touched(model: Path, canary: Path, saved_as: str | None, file: str) -> None:
    (model / MODEL_FILE).write_bytes(pickle.dumps(Runs(canary)))
    (model / "model.pkl").write_bytes(pickle.dumps(Runs(canary)))
    edit(model, serialization_format=saved_as, pickled_model=file)
    assert f"saved as {saved_as!r} in {file!r}, expected skops" in refused(model)
    with pytest.raises(ValueError, match="damaged"):
        load_model(str(model), "0" * 64)
    assert not canary.exists()


def test_a_list_of_trusted_types_that_names_more(model: Path) -> None:
    edit(model, skops_trusted_types=["numpy.dtype", "posix.system", "builtins.eval"])
    assert "asks to trust builtins.eval, posix.system, expected only types" in refused(model)


def test_a_function_that_runs_commands(model: Path, canary: Path) -> None:
    runs = FunctionTransformer(os.system, kw_args={"command": f"touch '{canary}'"})
    skops.io.dump(Pipeline([("runs", runs)]), model / MODEL_FILE)
    edit(model, skops_trusted_types=["posix.system"])
    assert "asks to trust posix.system" in refused(model)
    edit(model, skops_trusted_types=[])
    assert "asks to trust posix.system" in refused(model), "the list is not asked"
    with pytest.raises(ValueError, match="asks to trust"):
        load_model(str(model), content_digest(model / MODEL_FILE))
    assert not canary.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: [schema],
        lambda schema: {"protocol": schema["protocol"]},
        lambda schema: schema.update(protocol=99),
        lambda schema: schema.update(protocol=True),
        lambda schema: schema.update(__loader__="NoSuchNode"),
        lambda schema: schema.update(__loader__="JsonNode", content="1"),
        lambda schema: schema.update(content=None),
        lambda schema: schema["content"]["content"].update(
            steps={**schema, "__loader__": "CachedNode", "content": None}
        ),
        lambda schema: schema.update(__module__="no.such.module"),
        lambda schema: schema.update(__module__="subprocess", __class__="Popen"),
        lambda schema: schema.update(__loader__="TypeNode", __module__="antigravity", __class__="fly"),
        lambda schema: schema.update(__loader__="OperatorFuncNode", __module__="operator", __class__="methodcaller"),
        lambda schema: schema.update(__loader__="MethodNode", content={"obj": dict(schema), "func": "predict"}),
    ],
)
def test_a_hostile_schema(model: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    edit_schema(model, change)
    assert refused(model).startswith("Got ")
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N."])
def test_what_is_no_skops_file(model: Path, content: bytes) -> None:
    (model / MODEL_FILE).write_bytes(content)
    assert "damaged" in refused(model)


@pytest.mark.parametrize(
    "text", ["", "- 1", "flavors: 1", "flavors: {sklearn: {}}", "a: !!python/name:os.system", "a: ["]
)
def test_what_is_no_mlmodel(model: Path, text: str) -> None:
    (model / "MLmodel").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="damaged MLmodel"):
        load_pipeline(model, "m")
    with pytest.raises(ValueError, match="which does not say what its columns were"):
        read_model(str(model))


def test_code_that_travels_is_not_imported(model: Path, canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("skops", "grove_model", "sklearn", "pandas", "evil"):
        (model / "code" / name).mkdir()
        (model / "code" / name / "__init__.py").write_text(f"open({str(canary)!r}, 'w')", encoding="utf-8")
    about = yaml.safe_load((model / "MLmodel").read_text(encoding="utf-8"))
    about["flavors"]["python_function"] |= {"loader_module": "evil", "code": "code"}
    about["flavors"]["sklearn"] |= {"code": "code"}
    (model / "MLmodel").write_text(yaml.safe_dump(about), encoding="utf-8")
    places, loaded = list(sys.path), set(sys.modules)
    assert read_model(str(model)).class_texts == ["NA", "green"]
    assert load_model(str(model), content_digest(model / MODEL_FILE)).classes_.tolist() == ["NA", "green"]
    assert sys.path == places
    assert not {name for name in set(sys.modules) - loaded if name.partition(".")[0] in ("evil", "grove_model")}
    assert not canary.exists()


@pytest.mark.parametrize("field", ["left_child", "right_child", "feature"])
@pytest.mark.parametrize("value", [-2, 0, 2**40])
def test_a_tree_that_leads_out_of_its_memory_or_round_in_circles(model: Path, field: str, value: int) -> None:
    found = load_pipeline(model, "m")
    forest = found[-1]
    tree = next(estimator.tree_ for estimator in forest.estimators_ if estimator.tree_.node_count > 1)
    state = tree.__getstate__()
    nodes = np.array(state["nodes"])
    if field == "feature":
        value = value or forest.n_features_in_  # the first one that is not there
    nodes[field][0] = value
    tree.__setstate__({**state, "nodes": nodes})
    skops.io.dump(found, model / MODEL_FILE)
    assert "expected a pipeline with whole trees" in refused(model)


def test_a_tree_without_a_node(model: Path) -> None:
    found = load_pipeline(model, "m")
    tree = found[-1].estimators_[0]
    kind, sizes, _ = tree.tree_.__reduce__()
    tree.tree_ = kind(*sizes)
    skops.io.dump(found, model / MODEL_FILE)
    assert "expected a pipeline with whole trees" in refused(model)
