"""A file that may not grow, a clock that goes back, and a project's folder that nobody may write to."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from tests import tables
from tests.conftest import TRIVIAL, Result, Started, children, stored
from tests.faults.disks import FOREST, whole

pytestmark = pytest.mark.timeout(1500)  # on a machine that is busy with other things

CLOCK = Path(__file__).parent / "clock"


@pytest.fixture
def given(folder: Path) -> dict[str, str]:
    tables.numeric_binary().to_csv(folder / "t.csv", index=False)
    return {"data": str(folder / "t.csv"), "target": "sick", **TRIVIAL}


@pytest.mark.slow
def test_a_clock_that_goes_back_hour_by_hour_mixes_nothing_up(
    given: dict[str, str], environment: dict[str, str], step: Callable[..., Result], client: mlflow.MlflowClient
) -> None:
    true = dict(environment)
    environment["PYTHONPATH"] = str(CLOCK)
    first = step("main", **given)
    assert first.code == 0, first.out
    steps = children(client, first.run)
    below = [run for name in ("train_rf", "train_rf_kmeans") for run in children(client, steps[name]).values()]
    assert len(below) == 2
    for run in below:
        assert run.info.start_time < first.run.info.start_time - 2 * 3_600_000, "or the clock did not go back"
        assert 0 <= run.info.end_time - run.info.start_time < 200_000
    for run in [first.run, *steps.values(), *below]:
        assert all(value >= 0 for name, value in run.data.metrics.items() if "seconds" in name)

    second = step("main", **given)
    assert second.run.data.tags["grove.cached"] == ",".join(steps_in_order(first))
    environment.clear()
    environment.update(true)
    assert step("main", **given).run.data.tags["grove.cached"] == ",".join(steps_in_order(first))
    (version,) = client.search_model_versions()
    assert client.get_registered_model("grove").aliases == {"champion": version.version}


def steps_in_order(main: Result) -> list[str]:
    return [tag.removeprefix("grove.step.") for tag in main.run.data.tags if tag.startswith("grove.step.")]


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of all files, but for Python's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def read_only(clone: Path) -> Iterator[Path]:
    """The project in a folder that nobody may write to, as far as this machine allows to make one."""
    with contextlib.ExitStack() as undo:
        if os.geteuid() != 0:
            undo.callback(subprocess.run, ["chmod", "-R", "u+w", str(clone)], check=True)
            subprocess.run(["chmod", "-R", "a-w", str(clone)], check=True)
        elif (
            subprocess.run(["mount", "--bind", str(clone), str(clone)], check=False, capture_output=True).returncode
            == 0
        ):
            undo.callback(subprocess.run, ["umount", "--lazy", str(clone)], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", str(clone)], check=True)
        yield clone


@pytest.mark.slow
def test_the_projects_folder_may_be_read_only(
    read_only: Path, given: dict[str, str], mlflow_run: Callable[..., Result], client: mlflow.MlflowClient
) -> None:
    before = state(read_only)
    main = mlflow_run(read_only, **given)
    assert main.code == 0, main.out
    assert main.run.data.tags["grove.source.commit"]
    assert state(read_only) == before
    assert {run.info.status for run in client.search_runs(["1"])} == {"FINISHED"}


NO_SPACE = "Error: Got no space left on the disk that holds "


@pytest.fixture
def limited(start: Callable[..., Started], client: mlflow.MlflowClient, folder: Path) -> Callable[..., tuple[str, Run]]:
    """Run a step whose files may hardly become larger than the store is; it must fail, and leave nothing in part."""

    def run(name: str, **given: str) -> tuple[str, Run]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        store = (folder / "mlflow.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (store + 100_000, hard))
        try:
            process, run = start(name, **given)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        out, err = process.communicate(timeout=600)
        assert process.returncode == 1, out + err
        assert err.splitlines()[-1].startswith(NO_SPACE), err
        assert "Traceback" not in out + err
        ended = client.get_run(run.info.run_id)
        assert ended.info.status == "FAILED"
        assert ended.data.tags["grove.failure"] in err
        assert not [tag for tag in ended.data.tags if tag.startswith("grove.output.")]
        assert whole(stored(client, run.info.run_id, ""))
        return err, ended

    return run


def noisy(path: Path, rows: int) -> None:
    """Write a table of 32 bytes a row, of which the models are large, too."""
    random = np.random.default_rng(0)
    values = random.random((rows, 4))
    pd.DataFrame(values, columns=list("abcd")).assign(sick=random.random(rows) > 0.5).to_parquet(path)


def test_a_file_that_may_not_grow_is_a_full_disk(
    limited: Callable[..., tuple[str, Run]], environment: dict[str, str], folder: Path, client: mlflow.MlflowClient
) -> None:
    noisy(folder / "t.parquet", 60_000)
    said, run = limited("load", data=str(folder / "t.parquet"), target="sick")
    assert f"{NO_SPACE}temporary files (TMPDIR), {environment['TMPDIR']}/" in said
    assert not stored(client, run.info.run_id, "table").exists()


@pytest.mark.slow
def test_steps_say_that_their_files_may_not_grow_and_succeed_when_they_may(
    limited: Callable[..., tuple[str, Run]], step: Callable[..., Result], folder: Path, client: mlflow.MlflowClient
) -> None:
    """Where nobody may mount a small disk, too; what evaluate and register write is smaller than a store."""
    noisy(folder / "t.parquet", 20_000)
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as store:
        store.execute("PRAGMA page_size = 512")  # it takes less than a fifth of the place
        store.execute("VACUUM")
    load = step("load", data=str(folder / "t.parquet"), target="sick")
    assert load.code == 0, load.out
    table = {"table": f"runs:/{load.run.info.run_id}/table"}
    limited("preprocess", **table)
    preprocess = step("preprocess", **table)
    assert preprocess.code == 0, preprocess.out
    split = {"split": f"runs:/{preprocess.run.info.run_id}/split", "cache": "off"}
    for name, grid in (("train_rf", FOREST), ("train_rf_kmeans", TRIVIAL)):
        limited(name, **split, **grid)
        trainer = step(name, **split, **grid)
        assert trainer.code == 0, trainer.out
