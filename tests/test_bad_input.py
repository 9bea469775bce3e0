"""A user's mistake ends with one clear sentence, exit code 1, a FAILED run, and no traceback."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import click
import mlflow
import pytest

from steps.lineage.errors import expected_errors
from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, children
from tests.registry.chains import run_step, split_of, train


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


def refusal(name: str, **given: str) -> str:
    """Run an entry point in this process, which spares the seconds of a new one; return what it ends with."""
    with pytest.raises((click.ClickException, *expected_errors())) as caught:
        run_step(name, **given)
    return caught.value.format_message() if isinstance(caught.value, click.ClickException) else str(caught.value)


def test_a_step_that_refuses_is_one_sentence(step: Callable[..., Result], folder: Path) -> None:
    (folder / "empty.csv").touch()
    assert_one_sentence(step("load", data=str(folder / "empty.csv"), target="label", drop=""), "empty.csv")


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
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
    content: bytes,
    options: dict[str, str],
    words: list[str],
    registry: mlflow.MlflowClient,
    tmp_path: Path,
) -> None:
    (tmp_path / name).write_bytes(content)
    said = refusal("load", **({"data": str(tmp_path / name), "target": "label", "drop": ""} | options))
    for word in words:
        assert word in said


def test_load_says_that_it_classifies(registry: mlflow.MlflowClient, tmp_path: Path) -> None:
    tables.numeric_binary().to_csv(tmp_path / "t.csv", index=False)
    assert "Grove classifies" in refusal("load", data=str(tmp_path / "t.csv"), target="a")


def test_main_refuses_before_anything_runs(step: Callable[..., Result], client: mlflow.MlflowClient) -> None:
    result = step("main", compute="tcp://127.0.0.1:9")
    assert_one_sentence(result, "Dask scheduler", "tcp://127.0.0.1:9", "is it running")
    assert children(client, result.run) == {}


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
        ({"cache": "maybe"}, ["cache"]),
        ({"cache_audit": "1.5"}, ["Got '1.5', expected a share"]),
        ({"cache_audit": "0.5", "cache": "off"}, ["Got cache_audit=0.5 with cache=off, expected cache=use"]),
        ({"wait": "0.5"}, ["Got '0.5', expected a whole number from 0 upwards"]),
        ({"strict": "perhaps"}, ["strict"]),
    ],
)
def test_main_refuses(options: dict[str, str], words: list[str], registry: mlflow.MlflowClient) -> None:
    said = refusal("main", **options)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("options", "failing", "words"),
    [
        pytest.param({"n_clusters": "500"}, "train_rf_kmeans", ["n_clusters=500"], marks=pytest.mark.slow),
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


@pytest.mark.slow
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


@pytest.mark.parametrize("nasty", ['it\'s $(touch /tmp/grove-was-here) `x`; "y"\n--z', "--help me"])
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


def test_a_damaged_artifact_is_refused(step: Callable[..., Result], folder: Path) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    load = step("load", data=str(folder / "t.csv"), target="sick")
    (path,) = folder.glob("artifacts/*/artifacts/table/table.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = step("preprocess", table=f"runs:/{load.run.info.run_id}/table")
    assert_one_sentence(result, "table.parquet")


def test_models_of_another_split_are_refused(registry: mlflow.MlflowClient) -> None:
    models = ",".join(train(split_of("plain"), n_estimators=trees) for trees in ("1", "2"))
    assert "another split" in refusal("evaluate", split=split_of("other seed"), models=models)


def test_tracking_server_that_does_not_answer(step: Callable[..., Result], environment: dict[str, str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment["MLFLOW_TRACKING_URI"] = uri.replace("http://", "http://me:secret@")
        environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        started = time.monotonic()
        result = step("main")
        assert time.monotonic() - started < 60, "of which 5 seconds are for starting Python, on a quiet machine"
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
