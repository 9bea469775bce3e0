"""The whole chain, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import requests
from mlflow.entities import Run

from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, children
from tests.registry.chains import judge, run_step
from tests.servers import free_port, wait_for
from tests.verdicts import check_verdict

STEPS = ["load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register"]


@pytest.fixture(scope="module")
def small_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every tenth row of the shipped table, for what does not depend on its size."""
    path = tmp_path_factory.mktemp("data") / "small.csv"
    frame = pd.read_parquet(PROJECT / "data" / "portal_rodents.parquet")
    frame.iloc[::10].to_csv(path, index=False)
    return path


def test_main_in_a_clone_whose_path_has_a_space_and_again_from_the_cache(
    clone: Path, mlflow_run: Callable[..., Result], client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    result = mlflow_run(clone, **TRIVIAL)
    assert result.code == 0, result.out
    found = children(client, result.run)
    assert sorted(found) == sorted(STEPS)
    assert {run.info.status for run in [result.run, *found.values()]} == {"FINISHED"}
    assert result.run.info.run_name == "main"
    for name, run in found.items():
        assert run.data.tags["mlflow.note.content"], name
        assert run.info.run_id in result.note, "main's description links to its steps"
    champion = client.get_model_version_by_alias("grove", "champion")
    assert str(champion.version) == "1"
    assert champion.tags["grove.variant"] == "train_rf"
    assert champion.tags["grove.run.load"] == found["load"].info.run_id
    assert champion.description
    assert "models:/grove@champion" in result.out
    assert "mlflow ui --backend-store-uri" in result.out
    assert "helps here is not decided, so the simpler forest wins: cross-validated" in result.out
    check_verdict(found["evaluate"])
    check_pages(found, result)
    assert not (clone / "mlruns").exists()
    assert subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, check=True).stdout == b""
    left = [path for path in Path(environment["TMPDIR"]).iterdir() if any(path.iterdir())]
    assert left == [], "what Grove put into temporary folders is gone"

    again = mlflow_run(clone, **TRIVIAL)
    assert again.code == 0, again.out
    assert children(client, again.run) == {}
    assert again.out.count(": cached, from main of ") == len(STEPS)
    assert again.run.data.metrics == result.run.data.metrics


@pytest.mark.parametrize("name", ["main", "load", "preprocess", "history", "reproduce"])
def test_what_fits_nothing_does_not_wait_for_scikit_learn(name: str) -> None:
    code = f"import sys, steps.{name}; sys.exit('sklearn' in sys.modules or 'scipy.stats' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)


def check_pages(found: dict[str, Run], main: Result) -> None:
    """Each step has a card, and the report says where all comes from."""
    for step in ("load", "preprocess", "train_rf", "train_rf_kmeans", "register"):
        assert "</html>" in mlflow.artifacts.load_text(f"{found[step].info.artifact_uri}/card.html")
    evaluate = found["evaluate"]
    report = mlflow.artifacts.load_text(f"{evaluate.info.artifact_uri}/report.html")
    assert len(report.encode()) < 2_000_000
    tags = evaluate.data.tags
    for told in (
        "helps here is not decided, so the simpler forest wins: cross-validated",
        *(run.info.run_id for step, run in found.items() if step != "register"),
        "train_rf_kmeans costs ",
        " times the size of train_rf, for a score that differs by ",
        f"mlflow run . -e reproduce --env-manager uv -P run_id={evaluate.info.run_id}",
        tags["grove.source.commit"],
        tags["grove.key"],
        found["load"].data.tags["grove.data.fingerprint"],
    ):
        assert told in report
    assert report.count("<img ") == 13
    assert "no such picture" not in report
    for run in (main.run, evaluate):
        link = f"(#/experiments/1/runs/{evaluate.info.run_id}/artifacts/report.html)"
        assert link in run.data.tags["mlflow.note.content"]


@pytest.mark.slow
def test_steps_chained_by_hand_then_loaded_and_served(
    small_table: Path,
    mlflow_run: Callable[..., Result],
    client: mlflow.MlflowClient,
    environment: dict[str, str],
    folder: Path,
) -> None:
    grids = {name: TRIVIAL[name] for name in ("n_estimators", "max_features", "min_samples_leaf", "cv")}
    (folder / "mine.csv").write_bytes(small_table.read_bytes())

    load = succeed(mlflow_run(PROJECT, "load", data="mine.csv"))
    preprocess = succeed(mlflow_run(PROJECT, "preprocess", table=f"runs:/{load}/table"))
    split = f"runs:/{preprocess}/split"
    plain = succeed(mlflow_run(PROJECT, "train_rf", split=split, **grids))
    clusters = {"n_clusters": "2", "cluster_features": "both"}
    kmeans = succeed(mlflow_run(PROJECT, "train_rf_kmeans", split=split, **grids, **clusters))
    models = f"runs:/{plain}/model,runs:/{kmeans}/model"
    evaluate = succeed(mlflow_run(PROJECT, "evaluate", split=split, models=models))
    verdict = f"runs:/{evaluate}/verdict"
    succeed(mlflow_run(PROJECT, "register", verdict=verdict, model_name="my model"))

    assert len(client.search_model_versions("name = 'my model'")) == 1
    rows = raw_rows(small_table)
    assert predict_in_fresh_process(rows, "models:/my model@champion", environment, folder) == predict_over_http(
        rows, "models:/my model@champion", environment, folder
    )


def succeed(result: Result) -> str:
    """Return the ID of the run, which must have gone well under its step's name."""
    assert result.code == 0, result.out
    assert result.run.info.status == "FINISHED"
    assert result.run.info.run_name == result.run.data.tags["mlflow.project.entryPoint"]
    return str(result.run.info.run_id)


def raw_rows(path: Path) -> pd.DataFrame:
    """Return rows as they come: missing values, also among integers, and a category that no training row has."""
    rows = pd.read_csv(path, keep_default_na=False, na_values=[""]).drop(columns=["species_id", "record_id"]).head(6)
    rows.loc[0, "hindfoot_length"] = None
    rows.loc[1, "plot_type"] = "A new kind of plot"
    rows.loc[2, "sex"] = None
    rows.loc[3, ["year", "plot_id"]] = None
    return rows


def predict_in_fresh_process(rows: pd.DataFrame, uri: str, environment: dict[str, str], folder: Path) -> list[str]:
    rows.to_parquet(folder / "rows.parquet")
    code = (
        "import sys, json, mlflow, pandas as pd\n"
        "rows = pd.read_parquet('rows.parquet')\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "assert not any(name.startswith('steps') for name in sys.modules)\n"
        "print(json.dumps(list(model.predict(rows))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, uri], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    predicted = json.loads(done.stdout)
    assert len(predicted) == len(rows)
    return list(predicted)


def predict_over_http(rows: pd.DataFrame, uri: str, environment: dict[str, str], folder: Path) -> list[str]:
    port = free_port()
    command = ["mlflow", "models", "serve", "-m", uri, "--env-manager", "local", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            wait_for(port, server)
            body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split", index=False))})
            answer = requests.post(
                f"http://127.0.0.1:{port}/invocations",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=60,
            )
            assert answer.status_code == 200, answer.text
            return list(answer.json()["predictions"])
        finally:
            os.killpg(server.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("make", "target", "label"),
    [
        (tables.all_categorical, "label", str),
        pytest.param(tables.many_classes, "label", int, marks=pytest.mark.slow),
        pytest.param(tables.wide, "grade", float, marks=pytest.mark.slow),
        (tables.dates, "weekend", str),
    ],
)
def test_other_tables_go_through(
    make: Callable[[], pd.DataFrame], target: str, label: type, registry: mlflow.MlflowClient, name: str
) -> None:
    """The steps are the real ones, in this process."""
    table = make()
    run_step("register", verdict=judge(table, target), model_name=name)
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    predicted = list(model.predict(table.drop(columns=target).head(20)))
    assert {type(value.item() if hasattr(value, "item") else value) for value in predicted} == {label}
    assert set(predicted) <= set(table[target])


def test_git_url_with_a_table_where_the_command_is_typed_and_with_the_shipped_one(
    daemon: str, mlflow_run: Callable[..., Result], folder: Path, small_table: Path
) -> None:
    """Of main see tests/test_reproduce.py."""
    (folder / "mine.csv").write_bytes(small_table.read_bytes())
    for given, rows in (({"data": "mine.csv"}, 3374), ({}, 33737)):
        result = mlflow_run(f"{daemon}/repo", "load", **given)
        assert result.code == 0, result.out
        assert result.run.data.metrics["rows"] == rows


@pytest.mark.slow
def test_equal_inputs_give_equal_results(
    step: Callable[..., Result], client: mlflow.MlflowClient, small_table: Path
) -> None:
    grids = TRIVIAL | {"n_estimators": "20", "n_clusters": "2,5", "cluster_features": "distances,label"}
    outcomes = []
    for n_jobs in ("1", "-1"):
        # -1 is two cores at least on a machine of today; on one it would compare the order of the trainers only.
        result = step("main", data=str(small_table), n_jobs=n_jobs, cache="off", **grids)
        assert result.code == 0, result.out
        outcomes.append(outcome(client, children(client, result.run)))
    assert outcomes[0] == outcomes[1]
    for name, tags in outcomes[0]["keys"].items():
        assert set(tags) == {"grove.key", *(f"grove.key.{part}" for part in outcomes[0]["components"][name])}


def outcome(client: mlflow.MlflowClient, steps: dict[str, mlflow.entities.Run]) -> dict[str, Any]:
    """Return all that must be equal: file digests, fold scores, holdout metrics, predictions."""

    def read(name: str, path: str) -> object:
        local = mlflow.artifacts.download_artifacts(
            run_id=steps[name].info.run_id, artifact_path=path, tracking_uri=client.tracking_uri
        )
        return json.loads(Path(local).read_text(encoding="utf-8"))

    verdict = read("evaluate", "verdict/verdict.json")
    return {
        "fingerprints": {
            name: {tag: value for tag, value in run.data.tags.items() if tag.startswith("grove.output.")}
            for name, run in steps.items()
        },
        "keys": {
            name: {tag: value for tag, value in run.data.tags.items() if tag.startswith("grove.key")}
            for name, run in steps.items()
        },
        "components": {name: read(name, "key.json") for name in steps},
        "table": read("load", "table/manifest.json")["files"],
        "split": read("preprocess", "split/manifest.json")["files"],
        "folds": {name: model["fold_scores"] for name, model in verdict["models"].items()},
        "holdout": {name: model["holdout"] for name, model in verdict["models"].items()},
        "predictions": read("evaluate", "verdict/manifest.json")["files"]["predictions.parquet"],
        "searches": {name: read(name, "search/manifest.json")["files"] for name in verdict["models"]},
        "models": {name: read(name, "search/manifest.json")["model_digest"] for name in verdict["models"]},
    }


@pytest.mark.slow
def test_uv_builds_the_environment_from_a_python_that_has_mlflow_and_uv_only(
    clone: Path, mlflow_run: Callable[..., Result], environment: dict[str, str], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", "--seed", str(bare)], check=True)
    python = bare / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python)]
    subprocess.run([*install, "uv", f"mlflow=={mlflow.__version__}"], check=True)
    environment["PATH"] = f"{bare / 'bin'}{os.pathsep}/usr/bin:/bin"
    environment["MLFLOW_ENV_ROOT"] = str(tmp_path / "environments")
    result = mlflow_run(clone, env_manager="uv", **TRIVIAL)
    assert result.code == 0, result.out
    assert result.run.data.tags["mlflow.project.env"] == "uv"
