"""How an entry point ends, whatever its step does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest

from steps.lineage.process import is_gone
from tests.conftest import PROJECT

TOO_MUCH = """
import click, numpy
from steps.lineage.entry_point import EntryPoint

@click.command("load", cls=EntryPoint)
def load():
    try:
        numpy.empty(1 << 60, dtype="uint8")
    except MemoryError as error:
        raise ValueError("Got t.csv damaged") from error

load()
"""


def test_a_lack_of_memory_is_one_sentence_and_the_run_says_who_did_it(
    client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOO_MUCH], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (run,) = client.search_runs(["1"])
    assert run.info.status == "FAILED"
    reason = run.data.tags["grove.failure"]
    assert reason.startswith("Got too little memory (Unable to allocate 1.00 EiB")
    assert done.stderr.endswith(f"Error: {reason}\n")
    assert "Traceback" not in done.stderr
    assert is_gone(run.data.tags["grove.process"], time.time())
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


FULL = """
import contextlib, resource
import click
from steps.lineage import entry_point

limits = resource.getrlimit(resource.RLIMIT_FSIZE)
folder = entry_point.temporary_folder

@contextlib.contextmanager
def on_full_disks():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LEFT, limits[1]))
    try:
        with folder() as made:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            yield made
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

entry_point.temporary_folder = on_full_disks

@click.command("load", cls=entry_point.EntryPoint)
def load():
    print("not reached")

load()
"""


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("0", "Got no place for temporary files that has space and may be written to, of ['{}', '/tmp', "),
        ("4", "Got no space left on the disk that holds temporary files (TMPDIR), {}, expected some: free it, or set "),
    ],
)
def test_no_space_for_temporary_files_at_the_start_is_one_sentence(
    left: str, said: str, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    run = client.create_run("1")
    done = subprocess.run(
        [sys.executable, "-c", FULL.replace("LEFT", left)],
        cwd=PROJECT,
        env={**environment, "MLFLOW_RUN_ID": run.info.run_id},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    ended = client.get_run(run.info.run_id)
    assert ended.info.status == "FAILED"
    reason = ended.data.tags["grove.failure"]
    assert reason.startswith(said.format(environment["TMPDIR"]))
    assert done.stderr == f"Error: {reason}\n"
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
