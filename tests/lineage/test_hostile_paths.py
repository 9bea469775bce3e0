"""Names that a stranger wrote never lead out of the folder that they belong to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import download, fetched
from steps.lineage.run_files import FILES, check_files
from steps.table.digest import file_digest
from steps.table.manifest import MANIFEST, verify, write_manifest
from tests.conftest import stored

OUTSIDE = ["../secret", "a/../../secret", "..", "{outside}", "//{outside}", "..\\secret", "link", "folder/secret"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two links that lead out of it, and a file beside it."""
    (tmp_path / "secret").write_text("mine", encoding="utf-8")
    found = tmp_path / "place"
    found.mkdir()
    (found / "link").symlink_to(tmp_path / "secret")
    (found / "folder").symlink_to(tmp_path)
    return found


@pytest.mark.parametrize("name", OUTSIDE)
def test_lists_of_files(place: Path, tmp_path: Path, name: str) -> None:
    name = name.format(outside=tmp_path / "secret")
    digest = file_digest(tmp_path / "secret")
    (place / MANIFEST).write_text(json.dumps({"files": {name: {"sha256": digest, "bytes": 4}}}), encoding="utf-8")
    with pytest.raises(ValueError, match="which leads out of it; expected files below it"):
        verify(place)
    (place / FILES).write_text(json.dumps({name: digest}), encoding="utf-8")
    with pytest.raises(ValueError, match="which leads out of it; expected files below it"):
        check_files(place)


def test_links_in_a_store_that_is_a_folder(client: mlflow.MlflowClient, place: Path) -> None:
    mlflow.set_tracking_uri(client.tracking_uri)
    try:
        run = client.create_run("1")
        (place / "link").unlink()
        (place / "folder").unlink()
        (place / "a.txt").write_text("a", encoding="utf-8")
        client.log_artifacts(run.info.run_id, str(place), "table")
        kept, uri = stored(client, run.info.run_id, "table"), f"{run.info.artifact_uri}/table"
        (kept / "b.txt").symlink_to(kept / "a.txt")
        assert (fetched(uri) / "b.txt").read_text(encoding="utf-8") == "a", "a link inside is harmless"
        (kept / "c.txt").symlink_to(place.parent / "secret")
        with pytest.raises(ValueError, match=r"with the link c\.txt, which leads out of it to .*secret; expected the"):
            fetched(uri)
        with pytest.raises((ValueError, MlflowException)):
            fetched(f"runs:/{run.info.run_id}/table")
    finally:
        mlflow.set_tracking_uri(None)


class _Hostile(BaseHTTPRequestHandler):
    """An artifact server that lists, or names, what it is told to."""

    listed = ""

    def do_GET(self) -> None:
        is_list = urlsplit(self.path).path.endswith("/mlflow-artifacts/artifacts")
        found = {"files": [{"path": self.listed, "is_dir": False, "file_size": 4}]}
        body = json.dumps(found).encode() if is_list else b"a,b\n1,2\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.path.startswith("/data"):
            self.send_header("Content-Disposition", f'attachment; filename="{self.listed}"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hostile() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/tmp/evil", "..", "%2e%2e/evil", "..%2fevil", "..\\evil", "file:///tmp/evil"]
)
def test_a_server_that_lists_or_names_what_lies_elsewhere(
    hostile: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Hostile, "listed", name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "downloads" / "here"))
    (tmp_path / "downloads" / "here").mkdir(parents=True)
    try:
        fetched(f"{hostile}/api/2.0/mlflow-artifacts/artifacts/1/table")
        download(f"{hostile}/data", "data")
    except (ValueError, MlflowException) as error:
        assert "Traceback" not in str(error)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(tmp_path / "downloads" / "here") for path in written), written
    assert not Path("/tmp/evil").exists()


def test_a_manifest_is_of_files_below(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "..c").write_text("x", encoding="utf-8")
    write_manifest(tmp_path / "a", step="load")
    assert list(verify(tmp_path / "a")["files"]) == ["b/..c"]
