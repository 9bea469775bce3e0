from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import skops.io as sio

from steps.forest.encoder import encoder
from steps.forest.pipelines import kmeans_pipeline, settings, with_classes
from steps.lineage.model_files import content_digest
from steps.lineage.models import trainer_run
from tests.conftest import PROJECT


def save(path: Path, *, seed: int = 0, n_jobs: int = 1, label: str = "c") -> Path:
    random = np.random.default_rng(0)
    codes = np.arange(60) % 3
    rows = pd.DataFrame({"x": random.normal(codes), "word": random.choice(["a", "b"], 60)})
    candidate = {"n_estimators": 7, "n_clusters": 3, "cluster_features": "both"}
    pipeline = kmeans_pipeline(encoder(["x"], [], ["word"], 5), seed)
    pipeline.set_params(**settings(candidate), forest__n_jobs=n_jobs).fit(rows, codes).set_params(forest__n_jobs=None)
    sio.dump(with_classes(pipeline, np.array(["a", "b", label])), path)
    return path


def test_equal_models_have_equal_digests_though_their_files_differ(tmp_path: Path) -> None:
    one, two = save(tmp_path / "one.skops"), save(tmp_path / "two.skops", n_jobs=2)
    assert one.read_bytes() != two.read_bytes()
    assert content_digest(one) == content_digest(two)


def test_another_process_gives_the_same_digest(tmp_path: Path) -> None:
    code = (
        "import steps.forest, sys, pathlib\nfrom tests.lineage.test_models import *\nsave(pathlib.Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "two.skops")], cwd=PROJECT, check=True)
    assert content_digest(save(tmp_path / "one.skops")) == content_digest(tmp_path / "two.skops")


@pytest.mark.parametrize("change", [{"seed": 1}, {"label": "d"}])
def test_another_model_has_another(tmp_path: Path, change: dict) -> None:
    assert content_digest(save(tmp_path / "one.skops")) != content_digest(save(tmp_path / "two.skops", **change))


def test_every_flipped_byte_of_the_content_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path / "model.skops")
    content, digest = path.read_bytes(), content_digest(path)
    for place in np.random.default_rng(0).integers(100, len(content) // 2, 40):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        try:
            assert content_digest(path) in (digest,), "in what is no content, such as a date"
        except ValueError as error:
            assert "damaged" in str(error)


class _Refusing(BaseHTTPRequestHandler):
    """A tracking server with users, to whom this one is nobody."""

    def do_GET(self) -> None:
        body = b"Permission denied"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("uri", ["models:/m-1", "models:/grove/1", "models:/grove@champion", "runs:/1/model"])
def test_a_server_that_refuses_a_model_is_said_in_our_words(uri: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mlflow.set_tracking_uri(f"http://127.0.0.1:{server.server_port}")
        try:
            with pytest.raises(ValueError, match=f"Got the model {uri}, which can't be fetched: Got a refusal from"):
                trainer_run(uri)
        finally:
            mlflow.set_tracking_uri(None)
            server.shutdown()
