"""A past run is repeated from its ID, and the verdict is true."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from tests import tables
from tests.conftest import TRIVIAL, Result, children, stored
from tests.repositories import commit, state

SMALL = {"data": "table.csv", "target": "sick", **TRIVIAL}
REPEATED = ["load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate"]
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def table(folder: Path) -> Path:
    path = folder / "table.csv"
    tables.numeric_binary().to_csv(path, index=False)
    return path


def reproduction(client: mlflow.MlflowClient, result: Result) -> dict:
    path = stored(client, result.run.info.run_id, "reproduction/reproduction.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def check_identical(client: mlflow.MlflowClient, result: Result, original: Result) -> dict:
    assert result.code == 0, result.out
    assert "\nidentical: " in result.out
    content = reproduction(client, result)
    assert content["verdict"] == "identical"
    assert {step["outcome"] for step in content["steps"]} == {"identical"}
    tags = client.get_run(original.run.info.run_id).data.tags
    assert tags["grove.reproduced"] == result.run.info.run_id
    assert tags["grove.reproduction"] == result.run.data.tags["grove.reproduction"] == "identical"
    assert result.run.data.tags["grove.reproduces"] == original.run.info.run_id
    return content


def change_the_results(project: Path) -> None:
    """Let the code split in another way than before, so that running it instead of the recorded code would show."""
    path = project / "steps" / "table" / "split.py"
    text = path.read_text(encoding="utf-8")
    assert text.count("% seed") == 2
    path.write_text(text.replace("% seed", "% (seed + 1)"), encoding="utf-8")


def loaded_and_split(mlflow_run: Run, project: Path) -> Result:
    """Type the first two steps by hand, which is enough for what does not hang on how long a chain is."""
    load = mlflow_run(project, "load", data="table.csv", target="sick")
    assert load.code == 0, load.out
    preprocess = mlflow_run(project, "preprocess", table=f"runs:/{load.run.info.run_id}/table")
    assert preprocess.code == 0, preprocess.out
    return preprocess


@pytest.mark.slow
def test_an_older_commit_by_what_the_report_says_to_type_and_a_tampered_artifact(
    clone: Path, mlflow_run: Run, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    """Although main failed later; of a main that did not see tests/gateway/test_typed.py."""
    main = mlflow_run(clone, strict="true", **SMALL)
    assert main.code == 0, main.out
    client.set_terminated(main.run.info.run_id, "FAILED")
    original = Result(0, "", client.get_run(main.run.data.tags["grove.step.evaluate"]))
    report = stored(client, original.run.info.run_id, "report.html").read_text(encoding="utf-8")
    (run_id,) = set(re.findall(r"-e reproduce --env-manager uv -P run_id=(\w+)", report))
    change_the_results(clone)
    commit(clone)
    (clone / "untracked.txt").write_text("mine", encoding="utf-8")
    before = state(clone)

    result = mlflow_run(clone, "reproduce", run_id=run_id)
    content = check_identical(client, result, original)
    assert [step["step"] for step in content["steps"]] == REPEATED
    assert "original data" in content["data"]
    assert state(clone) == before
    assert sorted(children(client, result.run)) == sorted(REPEATED), "nothing is registered"
    assert len(client.search_model_versions("name = 'grove'")) == 1
    for repeated in children(client, result.run).values():
        assert repeated.data.tags["mlflow.source.name"] == original.run.data.tags["grove.source.url"] == str(clone)
    left = [path for path in Path(environment["TMPDIR"]).iterdir() if any(path.iterdir())]
    assert left == []
    check_tampered(mlflow_run, client, clone, main.run.data.tags["grove.step.train_rf"])


def check_tampered(mlflow_run: Run, client: mlflow.MlflowClient, project: Path, trainer: str) -> None:
    """What somebody changes in the results of a step is found, and what was deleted is named."""
    search = stored(client, trainer, "search/search.json")
    search.write_text(search.read_text(encoding="utf-8").replace('"sqrt"', '"None"'), encoding="utf-8")
    tampered = mlflow_run(project, "reproduce", run_id=trainer)
    assert [step["step"] for step in reproduction(client, tampered)["steps"]] == ["load", "preprocess", "train_rf"]
    assert tampered.code != 0
    assert tampered.run.info.status == "FAILED"
    assert "diverged: first in train_rf: " in tampered.reason
    assert "search.json" in tampered.reason
    assert tampered.run.data.tags["grove.reproduction"] == "diverged"
    assert "| train\\_rf |" in tampered.note

    manifest = json.loads(stored(client, trainer, "search/manifest.json").read_text(encoding="utf-8"))
    model = client.get_logged_model(manifest["apart"]["model_uri"].removeprefix("models:/"))
    (Path(local_file_uri_to_path(model.artifact_location)) / "model.skops").unlink()
    gone = mlflow_run(project, "reproduce", run_id=trainer)
    assert "/model.skops; expected it, it was deleted" in gone.reason
    assert children(client, gone.run) == {}


@pytest.mark.slow
def test_a_dirty_tree_with_an_untracked_module_and_data_that_changed(
    clone: Path, mlflow_run: Run, client: mlflow.MlflowClient, folder: Path
) -> None:
    (clone / "steps" / "table" / "ways.py").write_text("OFFSET = 7\n", encoding="utf-8")
    path = clone / "steps" / "table" / "split.py"
    text = path.read_text(encoding="utf-8").replace("% seed", "% (seed + OFFSET)")
    path.write_text(text.replace("\nimport ", "\nfrom steps.table.ways import OFFSET\nimport ", 1), encoding="utf-8")
    original = loaded_and_split(mlflow_run, clone)
    assert original.run.data.tags["grove.source.dirty"] == "true"

    subprocess.run(["git", "checkout", "-q", "."], cwd=clone, check=True)
    (clone / "steps" / "table" / "ways.py").unlink()
    tables.numeric_binary(310).to_csv(folder / "table.csv", index=False)
    result = mlflow_run(clone, "reproduce", run_id=original.run.info.run_id)
    content = check_identical(client, result, original)
    assert "from the recorded table" in content["data"]
    assert content["recorded"]["dirty"]

    (clone / "README.md").write_text("changed", encoding="utf-8")
    refused = mlflow_run(clone, strict="true", **SMALL)
    assert refused.code != 0
    assert "Got strict=true and a work tree that differs from commit" in refused.reason


@pytest.mark.slow
def test_code_that_gives_something_else_has_diverged(clone: Path, mlflow_run: Run, client: mlflow.MlflowClient) -> None:
    """The recorded patch is replaced by one that alters results."""
    (clone / "steps" / "more.txt").write_text("1\n", encoding="utf-8")
    original = loaded_and_split(mlflow_run, clone)
    change_the_results(clone)
    other = loaded_and_split(mlflow_run, clone)
    patches = [stored(client, run.run.info.run_id, "source.patch") for run in (other, original)]
    shutil.copy(*patches)
    result = mlflow_run(clone, "reproduce", run_id=original.run.info.run_id)
    assert result.code != 0
    assert "diverged: first in preprocess: split/" in result.reason
    content = reproduction(client, result)
    assert "source steps/table/split.py changed" in content["explanations"]


@pytest.mark.slow
def test_a_plain_folder_without_git(clone: Path, mlflow_run: Run, client: mlflow.MlflowClient) -> None:
    shutil.rmtree(clone / ".git")
    original = loaded_and_split(mlflow_run, clone)
    change_the_results(clone)
    check_identical(client, mlflow_run(clone, "reproduce", run_id=original.run.info.run_id), original)


@pytest.mark.slow
def test_a_git_daemon_seen_from_a_machine_that_never_had_the_project(
    daemon: str, mlflow_run: Run, client: mlflow.MlflowClient, environment: dict[str, str], tmp_path: Path
) -> None:
    main = mlflow_run(f"{daemon}/larger#tools/grove", **SMALL)
    assert main.code == 0, main.out
    for run in [main.run, *children(client, main.run).values()]:
        assert run.data.tags["mlflow.source.name"] == f"{daemon}/larger#tools/grove"
    larger = tmp_path / "served" / "larger"
    change_the_results(larger / "tools" / "grove")
    commit(larger)
    environment["HOME"] = str(tmp_path / "another home")
    Path(environment["HOME"]).mkdir()
    (tmp_path / "a user's folder" / "table.csv").unlink()
    split = client.get_run(main.run.data.tags["grove.step.preprocess"])
    result = mlflow_run(f"{daemon}/larger#tools/grove", "reproduce", run_id=split.info.run_id)
    check_identical(client, result, Result(0, "", split))


@pytest.mark.slow
def test_the_recorded_environment(clone: Path, mlflow_run: Run, client: mlflow.MlflowClient) -> None:
    original = mlflow_run(clone, "load", data="table.csv", target="sick")
    assert original.code == 0, original.out
    # As if it had been made with an older package than the lock names now.
    path = stored(client, original.run.info.run_id, "provenance.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    now = record["environment"]["packages"]["tqdm"]
    record["environment"]["packages"]["tqdm"] = "4.66.5"
    path.write_text(json.dumps(record), encoding="utf-8")

    here = mlflow_run(clone, "reproduce", run_id=original.run.info.run_id)
    check_identical(client, here, original)
    assert f"reproduce: environment: package tqdm 4.66.5 → {now}" in here.out

    rebuilt = mlflow_run(clone, "reproduce", run_id=original.run.info.run_id, env="recorded")
    content = check_identical(client, rebuilt, original)
    assert not [difference for difference in content["environment"] if "tqdm" in difference]
    repeated = stored(client, content["steps"][0]["repeated_run"], "provenance.json")
    packages = json.loads(repeated.read_text(encoding="utf-8"))["environment"]["packages"]
    assert packages["tqdm"] == "4.66.5"
    assert "pytest" not in packages, "it is an environment of its own"


def test_what_cant_be_reproduced_is_said_before_anything_runs(
    step: Run, client: mlflow.MlflowClient, folder: Path
) -> None:
    unknown = step("reproduce", run_id="0" * 32)
    assert unknown.code == 1
    assert "which the tracking store does not give" in unknown.reason
    load = step("load", data=str(folder / "table.csv"), target="sick")
    path = stored(client, load.run.info.run_id, "provenance.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["source"] |= {"patch": None, "problem": None, "commit": "0123456789" * 4, "url": str(folder)}
    path.write_text(json.dumps(record), encoding="utf-8")
    foreign = step("reproduce", run_id=load.run.info.run_id)
    assert foreign.code == 1
    assert f"whose code is commit 012345678901 of {folder}: that is another repository than" in foreign.reason
    assert foreign.reason.endswith("add -P trust=true.")
    assert children(client, foreign.run) == {}
    unreachable = step("reproduce", run_id=load.run.info.run_id, trust="true")
    assert unreachable.code == 1
    assert f"Got nothing from {folder}" in unreachable.reason
    assert children(client, unreachable.run) == {}
