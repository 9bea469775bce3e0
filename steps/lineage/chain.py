"""Steps as nested runs: started with mlflow.run or taken from the cache, watched, and ended together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.projects import ExecutionException

from steps.lineage.artifacts import OUTPUT_TAG
from steps.lineage.cache import output_of
from steps.lineage.entry_point import FAILURE_TAG, give_reason
from steps.lineage.errors import WITHOUT_A_WORD
from steps.lineage.interruption import end_children
from steps.lineage.keys import APART_TAG, stay_apart


@dataclass(frozen=True)
class StepRun:
    """A finished run of a step.

    Attributes
    ----------
    step
        The entry point's name.
    run
        As it was when it had finished.
    cached
        Whether it was taken instead of running the step.
    reasons
        Why it was not, in words; empty when nothing is known.
    """

    step: str
    run: Run
    cached: bool = False
    reasons: list[str] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """The run's ID."""
        return str(self.run.info.run_id)

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of what later steps read; None for the last step."""
        return self.run.data.tags.get(f"{OUTPUT_TAG}.{output_of(self.step)}")

    @property
    def output(self) -> str:
        """The URI of what later steps read."""
        return self.artifact(str(output_of(self.step)))

    def artifact(self, path: str) -> str:
        """Return the URI of one of the run's artifacts."""
        return f"runs:/{self.run_id}/{path}"


class Chain:
    """Runs steps below the active run; a context manager that leaves no process behind.

    Parameters
    ----------
    project
        The folder with their MLproject.
    before
        Called before a step is started, to raise RuntimeError if it must not be.
    apart
        Whether no later main may take these runs for its own.
    """

    def __init__(self, project: str = ".", *, before: Callable[[], None] = lambda: None, apart: bool = False) -> None:
        if apart:
            stay_apart()
        self._apart = apart
        self._project = project
        self._before = before
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

    def together(self, steps: Mapping[str, Callable[[], StepRun]]) -> dict[str, StepRun]:
        """Call the functions, which run the steps, side by side; when one fails the others are ended.

        Raises
        ------
        RuntimeError
            Saying which step failed, and why.
        """
        started = {self._pool.submit(work): step for step, work in steps.items()}
        done, _ = wait(started, return_when=FIRST_EXCEPTION)
        for future in done:
            self._check(future, started[future])
        return {step: future.result() for future, step in started.items()}

    def _check(self, future: Future[StepRun], step: str) -> None:
        try:
            future.result()
        except ExecutionException as error:
            raise RuntimeError(f"{step} failed: {self._why(step)}") from error

    def check(self) -> None:
        """Raise RuntimeError if the chain must not go on."""
        self._before()

    def pause(self, seconds: float) -> None:
        """Sleep, or raise ExecutionException as soon as the chain is being ended; to be called below `together`."""
        if self._closing.wait(seconds):
            raise ExecutionException("the chain is being ended")

    def start(self, step: str, parameters: Mapping[str, Any], *, apart: bool = False) -> Run:
        """Run one step and return its finished run; to be called below `together`.

        Parameters
        ----------
        parameters
            The entry point's; those left out have MLproject's defaults.
        apart
            Whether no later main may take this run for its own.
        """
        if self._closing.is_set():
            raise ExecutionException(f"{step} is not started, as the chain is being ended")
        self.check()
        started = mlflow.run(
            self._project,
            entry_point=step,
            parameters=dict(parameters),
            experiment_id=self._parent.experiment_id,
            env_manager="local",
            run_name=step,
        )
        if apart or self._apart:  # the code of an older commit may not know the variable
            mlflow.MlflowClient().set_tag(started.run_id, APART_TAG, "off")
        return self._finished(step, started.run_id)

    def _finished(self, step: str, run_id: str) -> Run:
        run = mlflow.get_run(run_id)
        output = output_of(step)
        if output is not None and f"{OUTPUT_TAG}.{output}" not in run.data.tags:
            mlflow.MlflowClient().set_terminated(run_id, "FAILED")
            raise ExecutionException(f"{step} ended without its {output}")
        return run

    def _why(self, step: str) -> str:
        ended = [run for run in self.children() if run.info.run_name == step and run.info.status != "FINISHED"]
        said = [run.data.tags[FAILURE_TAG] for run in ended if FAILURE_TAG in run.data.tags]
        if said:
            return said[0]
        return _explain_silence(ended[0]) if ended else "it did not start"

    def children(self) -> list[Run]:
        """Return the runs of the steps so far, in the order of their start."""
        return list(
            mlflow.MlflowClient().search_runs(
                [self._parent.experiment_id],
                f"tags.mlflow.parentRunId = '{self._parent.run_id}'",
                order_by=["attributes.start_time ASC"],
            )
        )


def _explain_silence(run: Run) -> str:
    """Record why a step failed that could not do so itself, and return it."""
    reason = (
        f"{WITHOUT_A_WORD}. If nobody did so, the system did for want of memory: train on fewer rows with sample_rows, "
        f"or do fewer fits at a time with a smaller n_jobs. What it had printed may tell more."
    )
    give_reason(run, "FAILED", reason)
    return reason
