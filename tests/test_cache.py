"""main twice: what is taken from the cache, what runs, and what main says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest

from steps.lineage.artifacts import Artifact
from steps.table.manifest import MANIFEST, write_manifest
from tests import tables
from tests.conftest import MLPROJECT, PROJECT, TRIVIAL, Result, Started, children, stored
from tests.processes import wait_until

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


@pytest.mark.slow
def test_the_second_time_nothing_runs_then_what_changes_and_what_hangs_on_it(
    main: Main, client: mlflow.MlflowClient, table: Path, folder: Path, clone: Path
) -> None:
    first = main(clone, run_name="the first one")
    assert ran(client, first) == STEPS

    (folder / "elsewhere").mkdir()
    moved = folder / "elsewhere" / "renamed.csv"
    moved.write_bytes(table.read_bytes())
    second = main(clone, data=str(moved), n_jobs="1")
    assert ran(client, second) == [], "a file's place and the threads decide nothing"
    assert steps_of(second) == steps_of(first)
    assert "load: cached, from the first one of " in second.out
    for run_id in steps_of(first).values():
        assert run_id in second.note, "the description shows which run each step is"
    assert second.run.data.metrics == first.run.data.metrics
    assert "Registered train_rf as grove, version 1: models:/grove@champion" in second.out

    other = main(clone, n_clusters="3")
    assert ran(client, other) == ["train_rf_kmeans", "evaluate", "register"]
    assert "train_rf_kmeans: parameter n_clusters 2 → 3" in other.out
    assert "evaluate: train_rf_kmeans changed" in other.out
    assert "parameter n\\_clusters 2 → 3" in other.note

    assert ran(client, main(clone)) == [], "the winner is the same model, and the champion still"
    assert len(client.search_model_versions("name = 'grove'")) == 1

    equal = main(clone, min_class_rows="3")
    assert ran(client, equal) == ["preprocess"], "equal output spares the later ones"
    default = MLPROJECT["main"]["parameters"]["min_class_rows"]["default"]
    assert f"preprocess: parameter min_class_rows {default} → 3" in equal.out
    assert steps_of(equal)["train_rf"] == steps_of(first)["train_rf"]

    tables.numeric_binary(312).to_csv(table, index=False)
    grown = main(clone)
    assert ran(client, grown) == STEPS
    assert "load: data changed" in grown.out
    assert "load: 12 rows more" in grown.out
    assert "12 rows more" in grown.note

    for name in ("README.md", "steps/load.py", "steps/forest/search.py"):
        with (clone / name).open("a", encoding="utf-8") as file:
            file.write("# A comment.\n")
    edited = main(clone)
    assert ran(client, edited) == ["load", *FROM_TRAINERS], "equal output of load spares the step after it"
    assert "train_rf: source steps/forest/search.py changed" in edited.out


@pytest.mark.slow
def test_refresh_replaces_off_neither_reads_nor_writes_and_audit_finds_what_lies(
    main: Main, client: mlflow.MlflowClient
) -> None:
    assert ran(client, main()) == STEPS
    refreshed = main(cache="refresh")
    assert ran(client, refreshed) == STEPS
    assert ran(client, main(cache="off")) == STEPS, "off reads nothing"

    # What a nondeterministic step would leave: another result under the same key, whole in itself.
    trainer = steps_of(refreshed)["train_rf"]
    forge(client, trainer)
    audited = main(cache_audit="1.0")
    assert audited.code == 1
    assert audited.run.info.status == "FAILED"
    assert audited.note.count(": identical |") >= 2, "load and preprocess"
    said = f"The audit of train_rf found another result than that of run {trainer}"
    assert said in audited.reason, "refresh has replaced the first one, and off writes nothing"
    assert "search/search.json: mean_score" in audited.reason


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
