"""What a step finds damaged of what an earlier one left, and what main does then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from tests import tables
from tests.conftest import TRIVIAL, Result, stored

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things

FOREST = {name: value for name, value in TRIVIAL.items() if name not in ("n_clusters", "cluster_features")}


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.slow
def test_every_step_refuses_what_was_damaged_and_main_makes_it_again(
    step: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    given = {"data": str(folder / "t.csv"), "target": "sick", **TRIVIAL}
    main = step("main", **given)
    assert main.code == 0, main.out
    runs = {
        tag.removeprefix("grove.step."): run for tag, run in main.run.data.tags.items() if tag.startswith("grove.step.")
    }
    about = json.loads(stored(client, runs["evaluate"], "verdict/manifest.json").read_text(encoding="utf-8"))["apart"]
    split = {"split": f"runs:/{runs['preprocess']}/split"}
    evaluate = ("evaluate", {**split, "models": ",".join(about["model_uris"].values())})
    model = client.get_logged_model(about["model_uris"]["train_rf"].removeprefix("models:/"))
    for path, damage, (name, inputs) in [
        (stored(client, runs["preprocess"], "split/train.parquet"), flipped, ("train_rf", {**split, **FOREST})),
        (stored(client, runs["preprocess"], "split/manifest.json"), cut, ("train_rf", {**split, **FOREST})),
        (Path(local_file_uri_to_path(model.artifact_location)) / "model.skops", flipped, evaluate),
        (stored(client, runs["train_rf"], "search/search.json"), cut, evaluate),
        (
            stored(client, runs["evaluate"], "verdict/verdict.json"),
            cut,
            ("register", {"verdict": f"runs:/{runs['evaluate']}/verdict"}),
        ),
    ]:
        intact = path.read_bytes()
        path.write_bytes(damage(intact))
        refused = step(name, **inputs)
        path.write_bytes(intact)
        assert refused.code == 1
        assert "Traceback" not in refused.out
        assert refused.out.splitlines()[-1].startswith("Error: Got "), refused.out
        assert (path.name if path.suffix != ".skops" else model.model_id) in refused.reason

    # What the manifest does not list is nobody's.
    stored(client, runs["load"], "table").joinpath("more.parquet").write_bytes(b"not a table")
    beside = step("preprocess", table=f"runs:/{runs['load']}/table")
    assert beside.code == 0, beside.out
    outputs = [
        client.get_run(run).data.tags["grove.output.split"] for run in (runs["preprocess"], beside.run.info.run_id)
    ]
    assert outputs[0] == outputs[1]

    stored(client, runs["load"], "files.json").write_bytes(b"{")
    stored(client, runs["train_rf_kmeans"], "cluster_map.png").unlink()
    verdict = stored(client, runs["evaluate"], "verdict/verdict.json")
    verdict.write_bytes(cut(verdict.read_bytes()))
    again = step("main", **given)
    assert again.code == 0, again.out
    for name in ("load", "train_rf_kmeans", "evaluate"):
        assert f"{name}: run {runs[name]} can't be taken: Got " in again.out
    assert again.run.data.tags["grove.cached"].startswith("preprocess,train_rf")
    assert again.run.data.metrics == main.run.data.metrics
