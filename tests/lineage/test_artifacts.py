from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mlflow
import pyarrow as pa
import pytest

from steps.lineage.artifacts import NotFetchedError, download, fetch, fetched, publish, resolve
from steps.lineage.source import PROJECT
from steps.table.stored import write_table
from tests.conftest import Result


@pytest.fixture
def run(client: mlflow.MlflowClient) -> Iterator[mlflow.ActiveRun]:
    mlflow.set_tracking_uri(client.tracking_uri)
    with mlflow.start_run(experiment_id="1") as active:
        yield active
    mlflow.set_tracking_uri(None)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A plain web server with one file on it."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "web")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "uri",
    [
        "runs:/1/table",
        "mlflow-artifacts:/1/ab/artifacts/table",
        "models:/m-1",
        "s3://bucket/t.csv",
        "https://example.org/t.csv",
    ],
)
def test_a_uri_stays(uri: str) -> None:
    assert resolve(uri) == uri


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("a b/t.csv") == str(tmp_path / "a b" / "t.csv")
    assert resolve("/x/t.csv") == "/x/t.csv"
    assert resolve("~/t.csv") == str(Path.home() / "t.csv")
    assert resolve("project:data/t.csv") == str(PROJECT / "data" / "t.csv")


def test_a_file_on_the_web_is_downloaded(web: str) -> None:
    assert download(f"{web}/t.csv", "data").read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_a_query_is_no_part_of_the_files_name(web: str) -> None:
    assert download(f"{web}/t.csv?sig=secret", "data").suffix == ".csv"


@pytest.mark.parametrize("query", ["", "?sig=secret&part=1"])
def test_what_is_not_there_is_said_without_secrets(web: str, query: str) -> None:
    with pytest.raises(ValueError, match=r"Got data=http://127.*/no\.csv.*, which can't be fetched: ") as caught:
        download(f"{web.replace('//', '//me:secret@')}/no.csv{query}", "data")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("query", ["", "?sig=secret"])
def test_nobody_answering_is_said_soon_and_without_secrets(query: str) -> None:
    with pytest.raises(ValueError, match=r"Got data=http://127.*/no\.csv.*, which can't be fetched: ") as caught:
        download(f"http://127.0.0.1:9/no.csv{query}", "data")
    assert "secret" not in str(caught.value)


def test_a_storage_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"Got data=s3://bucket/t\.csv, which can't be fetched: Could not connect"):
        download("s3://bucket/t.csv", "data")
    with pytest.raises(NotFetchedError, match=r"Got s3://bucket/table, which can't be fetched: Could not connect"):
        fetched("s3://bucket/table")


def write(folder: Path) -> Path:
    folder.mkdir()
    write_table(pa.table({"a": [1, 2]}), folder / "table.parquet")
    return folder


def test_what_is_published_can_be_fetched(run: mlflow.ActiveRun, tmp_path: Path) -> None:
    publish(write(tmp_path / "out"), "table", step="load", note="ü")
    found = fetch(f"runs:/{run.info.run_id}/table", "table")
    assert (found.folder / "table.parquet").read_bytes() == (tmp_path / "out" / "table.parquet").read_bytes()
    assert found.manifest["note"] == "ü"
    assert found.chain == {"load": run.info.run_id}


def test_equal_content_has_an_equal_fingerprint_whatever_stands_apart(run: mlflow.ActiveRun, tmp_path: Path) -> None:
    def published(name: str, **about: object) -> str:
        publish(write(tmp_path / name), "table", step="load", **about)
        found = fetch(f"runs:/{run.info.run_id}/table", "table").fingerprint
        assert mlflow.get_run(run.info.run_id).data.tags["grove.output.table"] == found
        return found

    first = published("one", apart={"source": "/here"}, notes=["a"])
    assert published("two", apart={"source": "/there"}, notes=["a"]) == first
    assert published("three", apart={"source": "/here"}, notes=["b"]) != first


def test_the_chain_grows(run: mlflow.ActiveRun, tmp_path: Path) -> None:
    publish(write(tmp_path / "one"), "table", step="load")
    source = fetch(f"runs:/{run.info.run_id}/table", "table")
    publish(write(tmp_path / "two"), "split", step="preprocess", inputs=(source,))
    assert fetch(f"runs:/{run.info.run_id}/split", "split").chain == dict.fromkeys(
        ("load", "preprocess"), run.info.run_id
    )


def test_another_kind_is_refused(run: mlflow.ActiveRun, tmp_path: Path) -> None:
    publish(write(tmp_path / "out"), "table", step="load")
    with pytest.raises(ValueError, match="which is a table; expected a split"):
        fetch(f"runs:/{run.info.run_id}/table", "split")


def test_a_file_that_is_not_the_manifests_is_refused(tmp_path: Path, run: mlflow.ActiveRun) -> None:
    folder = write(tmp_path / "out")
    publish(folder, "table", step="load")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["table.parquet"]["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ValueError, match=r"table\.parquet"):
        fetch(str(folder), "table")


@pytest.mark.slow
def test_a_table_in_a_storage_that_is_not_there_ends_the_step(
    environment: dict[str, str], step: Callable[..., Result]
) -> None:
    secret = "not-to-be-seen"
    environment |= {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "key"}
    environment |= {"AWS_SECRET_ACCESS_KEY": secret}
    load = step("load", data="s3://bucket/t.csv", target="sick")
    assert load.code == 1
    assert load.run.info.status == "FAILED"
    sentence = load.out.splitlines()[-1]
    assert sentence.startswith("Error: Got data=s3://bucket/t.csv, which can't be fetched: Could not connect")
    assert "Traceback" not in load.out
    assert secret not in load.out
