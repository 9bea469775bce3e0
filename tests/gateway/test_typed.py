"""describe as a user types it, alone and at the end of main; and how main is repeated then."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import mlflow
import pytest

from tests import described, tables
from tests.conftest import PROJECT, TRIVIAL, copy_project
from tests.described import honest
from tests.llm_server import LLMServer

pytestmark = pytest.mark.slow


def typed(folder: Path, variables: Mapping[str, str], entry_point: str, project: Path = PROJECT, **given: str) -> str:
    """Type `mlflow run`; return what it says."""
    words = [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
    done = subprocess.run(
        ["mlflow", "run", str(project), "-e", entry_point, "--env-manager", "local", *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_version_is_described(
    registry_store: Path,
    registry: mlflow.MlflowClient,
    name: str,
    environment: dict[str, str],
    built_in: str,
    llm: LLMServer,
    folder: Path,
) -> None:
    described.register(name)
    llm.behaviours["one"] = honest
    variables = {**environment, "MLFLOW_TRACKING_URI": f"sqlite:///{registry_store}"}
    said = typed(
        folder, {**variables, "MLFLOW_DEPLOYMENTS_TARGET": built_in}, "describe", model_name=name, endpoint="one"
    )
    version = registry.get_model_version(name, "1")
    kept, _, written = version.tags["grove.card.kept"].split()
    assert kept == written
    assert f"{kept} of {kept} sentences are small-model-1's by endpoint one, 0 were cut" in said
    assert "Evaluation completed" not in said
    assert "Evaluating:" not in said
    run = registry.get_run(version.tags["grove.card.run"])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["kept/mean"] == 1
    assert {"model_card.md", "model_card.html", "model_card.json", "evidence.json", "draft_1.txt"} <= {
        file.path for file in registry.list_artifacts(run.info.run_id)
    }
    left = [path for path in Path(environment["TMPDIR"]).iterdir() if any(path.iterdir())]
    assert left == [], "what Grove put into temporary folders is gone"


def test_main_describes_what_it_registers_and_is_repeated_without(
    tmp_path: Path, folder: Path, built_in: str, llm: LLMServer
) -> None:
    llm.behaviours["one"] = honest
    clone = copy_project(tmp_path / "a clone")
    tables.numeric_binary().to_csv(folder / "table.csv", index=False)
    client = mlflow.MlflowClient(built_in)
    client.create_experiment("described")
    variables = {"MLFLOW_TRACKING_URI": built_in, "MLFLOW_EXPERIMENT_NAME": "described"}
    given = {"data": "table.csv", "target": "sick", **TRIVIAL, "describe": "one"}
    typed(folder, variables, "main", clone, **given)
    version = client.get_model_version("grove", "1")
    kept, _, written = version.tags["grove.card.kept"].split()
    assert kept == written
    described_by = client.get_run(version.tags["grove.card.run"])
    main = client.get_run(described_by.data.tags["mlflow.parentRunId"])
    assert main.data.tags["grove.step.describe"] == described_by.info.run_id
    assert f"/runs/{described_by.info.run_id})" in main.data.tags["mlflow.note.content"]

    said = typed(folder, variables, "main", clone, **{**given, "describe": "empty"})
    assert said.count(": cached, from main of ") == 6
    assert "describe: Got an empty answer from empty" in said
    assert client.get_model_version("grove", "1").tags["grove.card.why"].startswith("Got an empty answer")

    before = client.get_model_version("grove", "1")
    said = typed(folder, variables, "reproduce", clone, run_id=main.info.run_id)
    assert "reproduce: leaves out describe, as an LLM does not write the same card twice" in said
    assert "identical: all 5 steps give the same to the last bit" in said
    assert client.get_model_version("grove", "1").tags == before.tags

    with pytest.raises(AssertionError, match="a run of describe; expected one of main or of a step"):
        typed(folder, variables, "reproduce", clone, run_id=described_by.info.run_id)
