"""A user's mistake ends with one clear sentence, exit code 1, a FAILED run, and no traceback."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest

from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, children


def assert_one_sentence(result: Result, *words: str) -> None:
    assert result.code == 1, result.out
    assert "Traceback" not in result.out
    errors = [line for line in result.out.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.out
    assert result.run.info.status == "FAILED"
    assert result.reason == errors[0].removeprefix("Error: ")
    assert result.reason.split()[0] in result.note
    for word in words:
        assert word in result.reason


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("empty.csv", b"", {}, ["empty.csv"]),
        ("page.csv", b"<!DOCTYPE html><html><body>Not here</body></html>", {}, ["HTML"]),
        ("latin.csv", "a,label\nGr\xfc\xdfe,x\nb,y\n".encode("latin-1"), {}, ["encoding"]),
        ("no_target.csv", b"a,labels\n1,x\n2,y\n", {}, ["target=label", "'labels'"]),
        ("one_class.csv", b"a,label\n1,x\n2,x\n", {}, ["label", "x"]),
        ("unknown.csv", b"a,label\n1,x\n2,y\n", {"drop": "aa"}, ["drop=aa", "'a'"]),
        ("not.parquet", b"a,label\n1,x\n", {}, ["not.parquet"]),
    ],
)
def test_load_refuses(
    name: str,
    content: bytes | None,
    options: dict[str, str],
    words: list[str],
    step: Callable[..., Result],
    folder: Path,
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    result = step("load", **({"data": str(folder / name), "target": "label", "drop": ""} | options))
    assert_one_sentence(result, *words)


def test_load_says_that_it_classifies(step: Callable[..., Result], folder: Path) -> None:
    frame = tables.numeric_binary()
    frame.to_csv(folder / "t.csv", index=False)
    assert_one_sentence(step("load", data=str(folder / "t.csv"), target="a"), "Grove classifies")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_estimators": "10,many"}, ["'many'", "whole numbers"]),
        ({"cluster_features": "distance"}, ["'distance'", "distances, label, both"]),
        ({"scoring": "balanced_acuracy"}, ["balanced_accuracy"]),
        ({"model_name": "a/b"}, ["model_name='a/b'"]),
        ({"test_size": "1.5"}, ["test_size", "1.5"]),
        ({"cv": "1"}, ["cv", "1"]),
        ({"compute": "dask"}, ["compute='dask'", "tcp://host:8786"]),
        ({"compute": "tcp://127.0.0.1:9"}, ["Dask scheduler", "tcp://127.0.0.1:9", "is it running"]),
    ],
)
def test_main_refuses_before_anything_runs(
    options: dict[str, str], words: list[str], step: Callable[..., Result], client: mlflow.MlflowClient
) -> None:
    result = step("main", **options)
    assert_one_sentence(result, *words)
    assert children(client, result.run) == {}


@pytest.mark.parametrize(
    ("options", "failing", "words"),
    [
        pytest.param({"cv": "400"}, "train_rf", ["cv=400"], marks=pytest.mark.slow),
        ({"n_clusters": "500"}, "train_rf_kmeans", ["n_clusters=500"]),
        ({"min_class_rows": "1000"}, "preprocess", ["min_class_rows=1000", "rare_classes=drop"]),
    ],
)
def test_main_says_which_step_failed_and_why_and_registers_nothing(
    options: dict[str, str],
    failing: str,
    words: list[str],
    step: Callable[..., Result],
    client: mlflow.MlflowClient,
    folder: Path,
) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    result = step("main", **(TRIVIAL | {"data": str(folder / "t.csv"), "target": "sick", "n_jobs": "1"} | options))
    assert result.code == 1
    assert "Traceback" not in result.out
    assert result.run.info.status == "FAILED"
    assert result.reason.startswith(f"{failing} failed: ")
    found = children(client, result.run)
    assert found[failing].info.status == "FAILED"
    for word in words:
        assert word in result.reason
    assert client.search_model_versions() == []


def test_main_refuses_an_unknown_slice_before_it_trains(
    step: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    tables.all_categorical().to_parquet(folder / "t.parquet", index=False)
    result = step("main", data=str(folder / "t.parquet"), target="label", **TRIVIAL | {"slices": "shape,sex"})
    assert_one_sentence(result, "slices='shape,sex'", "'sex' is no feature", "colour, shape")
    assert sorted(children(client, result.run)) == ["load", "preprocess"]


def test_what_is_odd_but_usable_is_used_and_said(step: Callable[..., Result], folder: Path) -> None:
    frame = tables.numeric_binary(100)
    frame = frame.assign(a=frame["a"].astype(object), b=frame["b"].astype(object))
    frame.loc[0, "a"], frame.loc[1, "b"] = "?", "inf"
    frame.assign(price="1,000", note=[f"note {i}" for i in range(100)]).to_csv(folder / "t.csv", index=False, sep=";")
    result = step("load", data=str(folder / "t.csv"), target="sick", drop="")
    assert result.code == 0, result.out
    for word in ("'a'", "?", "'b'", "'price'", "'note'"):
        assert word in result.out
        assert word.strip("'") in result.note


@pytest.mark.parametrize("nasty", ['it\'s $(touch /tmp/grove-was-here) `x`; "y"\n--z', "--help me", "-- -"])
def test_parameters_pass_unharmed(nasty: str, mlflow_run: Callable[..., Result], folder: Path) -> None:
    frame = tables.numeric_binary(100).rename(columns={"sick": nasty})
    frame.to_parquet(folder / "t.parquet")
    result = mlflow_run(PROJECT, "load", data="t.parquet", target=nasty)
    assert result.code == 0, result.out
    assert not Path("/tmp/grove-was-here").exists()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("runs:/0123456789abcdef0123456789abcdef/table", ["0123456789abcdef", "not found"]),
        ("no/such/folder", ["no/such/folder", "runs:/<run ID>/table"]),
    ],
)
def test_an_artifact_that_is_not_there(table: str, words: list[str], mlflow_run: Callable[..., Result]) -> None:
    assert_one_sentence(mlflow_run(PROJECT, "preprocess", table=table), *words)


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_artifact_is_refused(damage: str, step: Callable[..., Result], folder: Path) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    load = step("load", data=str(folder / "t.csv"), target="sick")
    (path,) = folder.glob("artifacts/*/artifacts/table/table.parquet")
    content = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content[:-1] if damage == "truncate" else content)
    result = step("preprocess", table=f"runs:/{load.run.info.run_id}/table")
    assert_one_sentence(result, "table.parquet")


@pytest.mark.slow
def test_models_of_another_split_are_refused(step: Callable[..., Result], folder: Path) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    main = step("main", data=str(folder / "t.csv"), target="sick", **TRIVIAL)
    assert main.code == 0, main.out
    chain = (main.run.info.run_id, folder)
    (verdict,) = chain[1].glob("artifacts/*/artifacts/verdict/manifest.json")
    uris = json.loads(verdict.read_text(encoding="utf-8"))["apart"]["model_uris"].values()
    (load,) = folder.glob("artifacts/*/artifacts/table")
    other = step("preprocess", table=str(load), seed="7")
    assert other.code == 0, other.out
    result = step("evaluate", split=f"runs:/{other.run.info.run_id}/split", models=",".join(uris))
    assert_one_sentence(result, "another split")


def test_tracking_server_that_does_not_answer(step: Callable[..., Result], environment: dict[str, str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment["MLFLOW_TRACKING_URI"] = uri.replace("http://", "http://me:secret@")
        started = time.monotonic()
        result = step("main")
        assert time.monotonic() - started < 15 + 5, "of which 5 seconds are for starting Python"
    assert result.code == 1
    assert "Traceback" not in result.out
    assert uri in result.out
    assert "secret" not in result.out


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sqlite:///mlflow.db", "expected an absolute one"),
        ("./mlruns", "mlflow migrate-filestore"),
        ("file:///tmp/mlruns", "mlflow migrate-filestore"),
    ],
)
def test_tracking_uri_that_can_not_work(
    uri: str, words: str, step: Callable[..., Result], environment: dict[str, str]
) -> None:
    environment["MLFLOW_TRACKING_URI"] = uri
    result = step("load")
    assert result.code == 1
    assert "Traceback" not in result.out
    assert words in result.out


def test_artifact_folder_that_can_not_be_written(step: Callable[..., Result], folder: Path) -> None:
    (folder / "artifacts").write_text("a file where the folder should be", encoding="utf-8")
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    result = step("load", data=str(folder / "t.csv"), target="sick")
    assert_one_sentence(result, "artifacts")
