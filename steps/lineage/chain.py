"""Steps as nested runs: started with mlflow.run, watched, and ended together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.projects import ExecutionException

from steps.lineage.entry_point import FAILURE_TAG
from steps.lineage.interruption import end_children
from steps.table.manifest import MANIFEST

OUTPUTS = {"load": "table", "preprocess": "split", "evaluate": "verdict", "register": None}
"""What a step leaves as an artifact of its run; a trainer leaves its search, and a model."""


class Chain:
    """Runs steps below the active run; a context manager that leaves no process behind.

    Parameters
    ----------
    parameters
        Each entry point's parameters, as MLproject names them.
    values
        The values that the user gave, handed to each step that has a parameter of the name.
    """

    def __init__(self, parameters: Mapping[str, Sequence[str]], values: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._values = values
        self._parent = mlflow.active_run().info
        # An MLflow run is active in its own thread only. It is entered in each of these without being ended there.
        self._pool = ThreadPoolExecutor(initializer=mlflow.start_run, initargs=(self._parent.run_id,))
        self._closing = threading.Event()
        self._quiet = logging.getLogger("mlflow.projects")

    def __enter__(self) -> Chain:
        """Keep MLflow's log lines about its own commands out of the output."""
        self._quiet.setLevel(logging.ERROR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs."""
        if error is not None:
            self._closing.set()
            end_children()
        self._pool.shutdown(wait=error is None, cancel_futures=True)

    def run(self, step: str, **inputs: str) -> str:
        """Run one step and return its run's ID."""
        return self.run_together({step: inputs})[step]

    def run_together(self, steps: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Run the steps side by side and return their runs' IDs; when one fails the others are ended.

        Raises
        ------
        RuntimeError
            Saying which step failed, and why.
        """
        started = {self._pool.submit(self._run, step, inputs): step for step, inputs in steps.items()}
        done, _ = wait(started, return_when=FIRST_EXCEPTION)
        for future in done:
            self._check(future, started[future])
        return {step: future.result() for future, step in started.items()}

    def _check(self, future: Future[str], step: str) -> None:
        try:
            future.result()
        except ExecutionException as error:
            raise RuntimeError(f"{step} failed: {self._why(step)}") from error

    def _run(self, step: str, inputs: Mapping[str, str]) -> str:
        if self._closing.is_set():
            raise ExecutionException(f"{step} is not started, as the chain is being ended")
        values = {name: self._values[name] for name in self._parameters[step] if name in self._values}
        run = mlflow.run(
            ".",
            entry_point=step,
            parameters={**values, **inputs},
            experiment_id=self._parent.experiment_id,
            env_manager="local",
            run_name=step,
        )
        self._check_output(step, run.run_id)
        return run.run_id

    def _check_output(self, step: str, run_id: str) -> None:
        output = OUTPUTS.get(step, "search")
        if output is None:
            return
        files = mlflow.MlflowClient().list_artifacts(run_id, output)
        if f"{output}/{MANIFEST}" not in {file.path for file in files}:
            mlflow.MlflowClient().set_terminated(run_id, "FAILED")
            raise ExecutionException(f"{step} ended without {output}/{MANIFEST}")

    def _why(self, step: str) -> str:
        for run in self.children():
            if run.info.run_name == step and run.info.status != "FINISHED":
                return run.data.tags.get(FAILURE_TAG, "it ended without a word; its output above may tell")
        return "it did not start"

    def children(self) -> list[Run]:
        """Return the runs of the steps so far, in the order of their start."""
        return list(
            mlflow.MlflowClient().search_runs(
                [self._parent.experiment_id],
                f"tags.mlflow.parentRunId = '{self._parent.run_id}'",
                order_by=["attributes.start_time ASC"],
            )
        )


def artifact(run_id: str, path: str) -> str:
    """Return the URI of a run's artifact."""
    return f"runs:/{run_id}/{path}"
