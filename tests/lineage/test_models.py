from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io as sio

from steps.forest.encoder import encoder
from steps.forest.pipelines import kmeans_pipeline, settings, with_classes
from steps.lineage.model_files import content_digest
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
