"""Mains of one store, one after another, that a test breaks off."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import psutil
from mlflow.entities import Run

from tests.conftest import MLPROJECT, PROJECT

GIVEN = {
    "target": "sick",
    "n_estimators": "250",
    "max_features": "1,2",
    "n_clusters": "2",
    "cluster_features": "distances",
    "cv": "3",
    "n_jobs": "2",
}
"""So many trees that fits are done by worker processes."""
STEPS = ("load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register")
WORKER = "joblib.externals.loky.backend.popen_loky"


@dataclass(frozen=True)
class Chain:
    """The mains of one store, one after another."""

    client: mlflow.MlflowClient
    folder: Path
    environment: dict[str, str]
    new_sizes: Iterator[int] = field(default_factory=lambda: itertools.count(int(GIVEN["n_estimators"]) + 1))

    @contextlib.contextmanager
    def begin(
        self, *, is_typed: bool = False, is_new: bool = False, terminal: int | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Start one in a process group of its own, typed as `mlflow run` or as that would start it.

        A new one searches over forests of a size that none had before: what earlier ones fitted is of no use to it, so
        that its workers have work.
        """
        given = GIVEN | {"data": str(self.folder / "t.csv")}
        if is_new:
            given["n_estimators"] = str(next(self.new_sizes))
        typed = ["mlflow", "run", str(PROJECT), "-e", "main", "--env-manager", "local"]
        typed += [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
        values = {key: str(about["default"]) for key, about in MLPROJECT["main"]["parameters"].items()} | given
        direct = [sys.executable, "-m", "steps.main", *(f"--{key}={value}" for key, value in values.items())]
        tags = {"mlflow.project.entryPoint": "main"}
        run_id = {}
        if not is_typed:
            run_id["MLFLOW_RUN_ID"] = self.client.create_run("1", run_name="main", tags=tags).info.run_id
        with (
            (self.folder / "output").open("w", encoding="utf-8") as output,
            subprocess.Popen(
                typed if is_typed else direct,
                cwd=self.folder if is_typed else PROJECT,
                env=self.environment | run_id,
                stdin=terminal,
                stdout=output if terminal is None else terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=None if terminal is None else lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def runs(self, condition: str = "") -> list[Run]:
        """Return them, the last one first."""
        return list(self.client.search_runs(["1"], condition, order_by=["attributes.start_time DESC"]))

    def last(self, entry_point: str) -> Run:
        return self.runs(f"tags.mlflow.project.entryPoint = '{entry_point}'")[0]

    def running(self) -> list[Run]:
        return self.runs("attributes.status = 'RUNNING'")

    def is_at_work(self, step: str) -> bool:
        """Return whether a run of the step has said who it is, so that it has begun its work."""
        found = self.runs("attributes.status = 'RUNNING' and tags.grove.process != ''")
        return step in names(found)

    def finished(self, steps: Sequence[str] = STEPS) -> list[Run]:
        return [run for run in self.runs("attributes.status = 'FINISHED'") if run.info.run_name in steps]

    def said(self) -> str:
        """Return what the last main said."""
        return (self.folder / "output").read_text(encoding="utf-8")

    def temporary(self) -> list[Path]:
        """Return Grove's temporary folders; MLflow leaves empty ones of its own."""
        return list(Path(self.environment["TMPDIR"]).glob("grove-*"))


def names(found: list[Run]) -> set[str]:
    return {run.info.run_name for run in found}


def workers(started: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    for process in psutil.Process(started.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(WORKER in word for word in process.cmdline()):
                found.append(process)
    return found
