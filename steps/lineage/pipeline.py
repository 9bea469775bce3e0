"""The steps of main: each taken from the cache or run, and why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import click
import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import fetch
from steps.lineage.cache import Cache, Found, output_of, read_key
from steps.lineage.chain import Chain, StepRun
from steps.lineage.comparison import Outcome, compare_artifacts
from steps.lineage.explain import differences
from steps.lineage.in_progress import InProgress
from steps.lineage.keys import APART_TAG, KEY_TAG, StepKey, step_key
from steps.table.difference import rows_more

STEP_TAG = "grove.step"
"""Of main: the run of each step, be it main's own or one that was taken."""


@dataclass(frozen=True)
class Parameters:
    """What main hands to its steps.

    Attributes
    ----------
    names
        Each entry point's parameters, as MLproject names them.
    values
        The user's, as typed.
    types
        What turns them into the values that a step gets.
    """

    names: Mapping[str, Sequence[str]]
    values: Mapping[str, str]
    types: Mapping[str, click.ParamType]

    def of(self, step: str) -> dict[str, str]:
        """Return those of the step that main has too."""
        return {name: self.values[name] for name in self.names[step] if name in self.values}

    def parsed(self, step: str) -> dict[str, Any]:
        """Return them as the step will see them."""
        text = click.STRING
        return {name: self.types.get(name, text).convert(value, None, None) for name, value in self.of(step).items()}


class Pipeline:
    """Runs the steps of main, or takes finished runs for them.

    Parameters
    ----------
    chain
        Starts them.
    finished
        Where to look for finished runs; None not to look.
    parameters
        What main hands to its steps.
    in_progress
        Where to wait for runs that other mains will have finished soon; None not to wait, and to be waited for by none.
    """

    def __init__(
        self, chain: Chain, finished: Cache | None, parameters: Parameters, in_progress: InProgress | None = None
    ) -> None:
        self._chain = chain
        self._cache = finished
        self._parameters = parameters
        self._in_progress = in_progress
        self._done: dict[str, StepRun] = {}

    @property
    def steps(self) -> dict[str, StepRun]:
        """Those that are done, in MLproject's order."""
        return {step: self._done[step] for step in self._parameters.names if step in self._done}

    def run(self, step: str, inputs: Mapping[str, str | None], **uris: str) -> StepRun:
        """Take or run one step.

        Parameters
        ----------
        inputs
            The fingerprint of what it reads, by name, as the step itself names it in its key; None if unknown.
        uris
            Where that is, by the step's parameter.
        """
        return self.run_together({step: (inputs, uris)})[step]

    def run_together(
        self, steps: Mapping[str, tuple[Mapping[str, str | None], Mapping[str, str]]]
    ) -> dict[str, StepRun]:
        """Take or run steps side by side; each with its inputs and URIs as `run` has them.

        Raises
        ------
        RuntimeError
            When one fails, was not what main expected, or does not repeat what it is audited against.
        """
        return self._chain.together(
            {step: (lambda step=step, given=given: self._take_or_run(step, *given)) for step, given in steps.items()}
        )

    def run_always(self, step: str, **more: str) -> StepRun:
        """Run a step that no finished run stands for, with these parameters beside those that main has too."""

        def run() -> StepRun:
            return StepRun(step, self._chain.start(step, {**self._parameters.of(step), **more}))

        self._done |= self._chain.together({step: run})
        mlflow.set_tag(f"{STEP_TAG}.{step}", self._done[step].run_id)
        return self._done[step]

    def _take_or_run(self, step: str, inputs: Mapping[str, str | None], uris: Mapping[str, str]) -> StepRun:
        self._chain.check()  # for a step that is taken, too
        known = {name: value for name, value in inputs.items() if value is not None}
        key = step_key(step, self._parameters.parsed(step), known) if len(known) == len(inputs) else None
        with self._found(step, key) as found:
            if found.run is None:
                done = self._run(step, key, uris, found)
            elif output_of(step) and self._cache is not None and self._cache.is_to_audit():
                done = self._audit(step, key, uris, found.run)
            else:
                click.echo(f"{step}: cached, from {origin(found.run)}")
                done = StepRun(step, found.run, cached=True, reasons=found.reasons)
        mlflow.set_tag(f"{STEP_TAG}.{step}", done.run_id)
        self._done[step] = done
        return done

    @contextlib.contextmanager
    def _found(self, step: str, key: StepKey | None) -> Iterator[Found]:
        """Find a finished run of the step; without one, other mains wait for this one as long as the context lasts."""
        if self._cache is None or key is None:
            yield Found(None, [])
            return
        cache, said = self._cache, list[str]()

        def say(reason: str) -> None:
            if reason not in said:
                click.echo(f"{step}: {reason}")
                said.append(reason)

        def find_same() -> Run | None:
            again = cache.find_same(key)
            for reason in again.reasons:
                say(reason)
            return again.run

        found = cache.find(key)
        for reason in found.reasons:
            say(reason)
        if found.run is not None or self._in_progress is None:
            yield found
        else:
            with self._in_progress.turn(step, key.digest, find_same, say) as run:
                yield replace(found, run=run, reasons=said)

    def _run(self, step: str, key: StepKey | None, uris: Mapping[str, str], miss: Found) -> StepRun:
        run = self._chain.start(step, {**self._parameters.of(step), **uris})
        _check_key(step, run, key)
        more_rows = _more_rows(miss.nearest, run)
        for reason in more_rows:
            click.echo(f"{step}: {reason}")
        return StepRun(step, run, reasons=[*miss.reasons, *more_rows])

    def _audit(self, step: str, key: StepKey | None, uris: Mapping[str, str], hit: Run) -> StepRun:
        click.echo(f"{step}: cached, from {origin(hit)}; it runs once more as an audit")
        anew = {"cache": "off"} if "cache" in self._parameters.names[step] else {}
        again = self._chain.start(step, {**self._parameters.of(step), **uris, **anew}, apart=True)
        _check_key(step, again, key)
        kind = str(output_of(step))
        found = compare_artifacts(step, kind, *(fetch(f"runs:/{run.info.run_id}/{kind}", kind) for run in (hit, again)))
        if found.outcome is not Outcome.IDENTICAL:
            raise RuntimeError(
                f"The audit of {step} found another result than that of run {hit.info.run_id}, expected the same to "
                f"the last bit: {found.difference}. Run main with cache=refresh, and find out what makes {step} differ."
            )
        return StepRun(step, hit, cached=True, reasons=[f"audited by run {again.info.run_id}: identical"])


def _check_key(step: str, run: Run, key: StepKey | None) -> None:
    if key is None or run.data.tags.get(KEY_TAG) == key.digest:
        return
    mlflow.MlflowClient().set_tag(run.info.run_id, APART_TAG, "off")  # what it ran may not be what it recorded
    changed = "; ".join(differences(key.components, read_key(run)))
    raise RuntimeError(
        f"{step} did not run as main expected it to, as something changed meanwhile ({changed}): run main again, "
        f"finished steps are taken from the cache."
    )


def _more_rows(before: Run | None, now: Run) -> list[str]:
    # Only load counts rows under this name.
    if before is None or "rows" not in before.data.metrics or "rows" not in now.data.metrics:
        return []
    counts = [int(run.data.metrics["rows"]) for run in (before, now)]
    return [rows_more(*counts)] if counts[0] != counts[1] else []


def origin(run: Run) -> str:
    """Return where a run was made, in words: the main's name or its own, when, and its ID."""
    name = _name(run.data.tags.get("mlflow.parentRunId", run.info.run_id))
    return f"{name} of {to_the_minute(run.info.end_time)}, run {run.info.run_id}"


def to_the_minute(milliseconds: int) -> str:
    """Return a time of MLflow's, milliseconds since 1970, as this machine's clock showed it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


@cache
def _name(run_id: str) -> str:
    try:
        return str(mlflow.get_run(run_id).info.run_name)
    except MlflowException:  # the main is deleted, its step is not
        return "a deleted run"
