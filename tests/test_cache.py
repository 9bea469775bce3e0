"""main twice: what is taken from the cache, what runs, and what main says of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import mlflow
import psutil
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from steps.lineage.artifacts import Artifact
from steps.table.manifest import MANIFEST, write_manifest
from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, Started, children, stored
from tests.processes import find, wait_until

STEPS = ["load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register"]
FROM_TRAINERS = STEPS[2:]
Main = Callable[..., Result]


@pytest.fixture
def table(folder: Path) -> Path:
    path = folder / "table.csv"
    tables.numeric_binary().to_csv(path, index=False)
    return path


@pytest.fixture
def main(step: Main, table: Path) -> Main:
    """Run main on the table, in this project or in another."""

    def run(project: Path = PROJECT, **given: str) -> Result:
        return step("main", project, **{"data": str(table), "target": "sick", **TRIVIAL, **given})

    return run


def steps_of(result: Result) -> dict[str, str]:
    """Return the ID of the run of each step of a main, which must have gone well."""
    assert result.code == 0, result.out
    return {step: result.run.data.tags[f"grove.step.{step}"] for step in STEPS}


def ran(client: mlflow.MlflowClient, result: Result) -> list[str]:
    """Return the steps that a main started; it must have taken all others."""
    assert result.code == 0, result.out
    started = sorted(children(client, result.run), key=STEPS.index)
    cached = [step for step in STEPS if step not in started]
    assert result.run.data.tags["grove.cached"] == (",".join(cached) or "none")
    assert [step for step in STEPS if f"{step}: cached, from " in result.out] == cached
    return started


def test_the_second_time_nothing_runs_and_one_value_runs_what_it_decides(
    main: Main, client: mlflow.MlflowClient, table: Path, folder: Path
) -> None:
    first = main(run_name="the first one")
    assert ran(client, first) == STEPS

    table.touch()
    second = main()
    assert ran(client, second) == []
    assert steps_of(second) == steps_of(first)
    assert "load: cached, from the first one of " in second.out
    for run_id in steps_of(first).values():
        assert run_id in second.note, "the description shows which run each step is"
    assert second.run.data.metrics == first.run.data.metrics
    assert "Registered train_rf as grove, version 1: models:/grove@champion" in second.out

    (folder / "elsewhere").mkdir()
    moved = folder / "elsewhere" / "renamed.csv"
    moved.write_bytes(table.read_bytes())
    assert ran(client, main(data=str(moved), n_jobs="1")) == [], "a file's place and the threads decide nothing"

    other = main(n_clusters="3")
    assert ran(client, other) == ["train_rf_kmeans", "evaluate", "register"]
    assert "train_rf_kmeans: parameter n_clusters 2 → 3" in other.out
    assert "evaluate: train_rf_kmeans changed" in other.out
    assert "parameter n\\_clusters 2 → 3" in other.note

    assert ran(client, main()) == [], "the winner is the same model, and the champion still"
    assert len(client.search_model_versions("name = 'grove'")) == 1


@pytest.mark.slow
def test_appended_rows_run_everything(main: Main, client: mlflow.MlflowClient, table: Path) -> None:
    main()
    tables.numeric_binary(312).to_csv(table, index=False)
    result = main()
    assert ran(client, result) == STEPS
    assert "load: data changed" in result.out
    assert "load: 12 rows more" in result.out
    assert "12 rows more" in result.note


@pytest.mark.slow
def test_refresh_replaces_and_off_neither_reads_nor_writes(main: Main, client: mlflow.MlflowClient) -> None:
    first = main()
    assert ran(client, main(cache="off")) == STEPS, "off reads nothing"
    third = main()
    assert ran(client, third) == ["register"], "the champion is now the model of the run with cache=off"
    for step in STEPS[:-1]:
        assert steps_of(third)[step] == steps_of(first)[step], "off writes nothing, or the newest would be taken"
    refreshed = main(cache="refresh")
    assert ran(client, refreshed) == STEPS
    taken = steps_of(main())
    assert taken == steps_of(refreshed)


@pytest.mark.slow
def test_equal_output_of_a_step_that_ran_again_spares_the_later_ones(main: Main, client: mlflow.MlflowClient) -> None:
    first = steps_of(main(min_class_rows="2"))
    result = main(min_class_rows="3")
    assert ran(client, result) == ["preprocess"]
    assert "preprocess: parameter min_class_rows 2 → 3" in result.out
    assert steps_of(result)["train_rf"] == first["train_rf"]


def model(client: mlflow.MlflowClient, run_id: str) -> Path:
    """Return the folder of the model that a trainer logged."""
    manifest = json.loads(stored(client, run_id, "search/manifest.json").read_text(encoding="utf-8"))
    logged = client.get_logged_model(manifest["apart"]["model_uri"].removeprefix("models:/"))
    return Path(local_file_uri_to_path(logged.artifact_location))


@pytest.mark.slow
def test_damaged_outputs_are_made_again(main: Main, client: mlflow.MlflowClient) -> None:
    first = main()
    steps = steps_of(first)
    stored(client, steps["load"], "table/table.parquet").unlink()
    split = stored(client, steps["preprocess"], "split/train.parquet")
    split.write_bytes(split.read_bytes()[:-1])
    stored(client, steps["train_rf_kmeans"], "cluster_map.png").unlink()
    skops = model(client, steps["train_rf"]) / "model.skops"
    content = bytearray(skops.read_bytes())
    content[len(content) // 2] ^= 1
    skops.write_bytes(content)

    again = main()
    # evaluate's own output is intact, but names the damaged model.
    assert ran(client, again) == STEPS
    for step in STEPS[:4]:
        assert f"{step}: run {steps[step]} can't be taken: Got " in again.out
    assert again.run.data.metrics == first.run.data.metrics
    # The champion is the damaged model, which can't be compared with; as the sentence says, its alias is deleted.
    assert "Not promoted: version 1 can't be asked: Got " in again.out
    assert "delete the alias champion" in again.out
    mlflow.set_tracking_uri(client.tracking_uri)
    mlflow.pyfunc.load_model("models:/grove@challenger")
    client.delete_registered_model_alias("grove", "champion")
    assert ran(client, main()) == ["register"]
    mlflow.pyfunc.load_model("models:/grove@champion")
    assert ran(client, main()) == []


@pytest.mark.slow
def test_audit_proves_hits_and_finds_one_that_lies(main: Main, client: mlflow.MlflowClient) -> None:
    first = main()
    audited = main(cache_audit="1.0")
    assert audited.code == 0, audited.out
    assert sorted(children(client, audited.run)) == sorted(STEPS[:-1]), "all but register, which makes nothing"
    assert steps_of(audited) == steps_of(first)
    assert audited.note.count("identical") == 5

    # What a nondeterministic step would leave: another result under the same key, whole in itself.
    forge(client, steps_of(first)["train_rf"])
    failed = main(cache_audit="1.0")
    assert failed.code == 1
    assert "The audit of train_rf found another result than that of run " in failed.reason
    assert "search/search.json: mean_score" in failed.reason
    assert failed.run.info.status == "FAILED"


def forge(client: mlflow.MlflowClient, run_id: str) -> None:
    """Change a score in a recorded search, and its manifest and tag so that they agree with it."""
    folder = stored(client, run_id, "search")
    found = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    found["mean_score"] += 0.01
    (folder / "search.json").write_text(json.dumps(found), encoding="utf-8")
    about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del about["files"]
    manifest = write_manifest(folder, **about)
    forged = Artifact(folder, manifest)
    client.set_tag(run_id, "grove.output.search", forged.fingerprint)
    client.set_tag(run_id, "grove.manifest.search", forged.manifest_digest)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cache": "maybe"}, "cache"),
        ({"cache_audit": "1.5"}, "Got '1.5', expected a share"),
        ({"cache_audit": "0.5", "cache": "off"}, "Got cache_audit=0.5 with cache=off, expected cache=use"),
        ({"strict": "perhaps"}, "strict"),
    ],
)
def test_what_the_cache_options_may_be(given: dict[str, str], said: str, main: Main) -> None:
    result = main(**given)
    assert result.code == 1
    assert said in result.reason


@pytest.mark.slow
def test_code_of_the_forest_runs_the_trainers_and_of_the_readme_nothing(
    main: Main, client: mlflow.MlflowClient, clone: Path
) -> None:
    first = main(clone)
    assert first.code == 0, first.out
    with (clone / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("More.\n")
    with (clone / "steps" / "load.py").open("a", encoding="utf-8") as code:
        code.write("# A comment in another step.\n")
    assert ran(client, main(clone)) == ["load"], "equal output spares the later ones"
    with (clone / "steps" / "forest" / "search.py").open("a", encoding="utf-8") as code:
        code.write("# A comment.\n")
    result = main(clone)
    assert ran(client, result) == FROM_TRAINERS
    assert "train_rf: source steps/forest/search.py changed" in result.out


@pytest.mark.slow
def test_a_killed_trainer_leaves_the_finished_steps_to_be_taken(
    main: Main, start: Callable[..., Started], client: mlflow.MlflowClient, table: Path
) -> None:
    given = {"data": str(table), "target": "sick", **TRIVIAL, "n_estimators": "20000"}
    driver, run = start("main", **given)
    wait_until(lambda: any(trainer.num_threads() > 8 for trainer in plain_trainers(driver)), 120)
    (trainer,) = plain_trainers(driver)
    trainer.kill()
    assert driver.wait(60) != 0
    failed = client.get_run(run.info.run_id)
    assert failed.data.tags["grove.failure"].startswith("train_rf failed: ")
    assert failed.data.tags["grove.step.preprocess"] in failed.data.tags["mlflow.note.content"]
    assert ran(client, main()) == FROM_TRAINERS


def plain_trainers(driver: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the process of train_rf, once there is one."""
    return [process for process in find(driver, "steps.train_rf") if process.cmdline()[2:3] == ["steps.train_rf"]]


@pytest.mark.slow
def test_code_that_is_edited_while_main_runs_stops_it_before_the_next_step(
    start: Callable[..., Started], client: mlflow.MlflowClient, table: Path, clone: Path
) -> None:
    driver, run = start("main", clone, data=str(table), target="sick", **TRIVIAL)
    wait_until(lambda: children(client, run), 60)
    with (clone / "steps" / "evaluate.py").open("a", encoding="utf-8") as code:
        code.write("# Edited.\n")
    assert driver.wait(120) == 1
    stopped = client.get_run(run.info.run_id)
    assert "Got steps/evaluate.py edited while main runs" in stopped.data.tags["grove.failure"]
    assert "evaluate" not in children(client, stopped)
