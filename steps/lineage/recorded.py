"""A past run as it was recorded: its chain of steps, what each was given, and what it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from steps.lineage.cache import output_of, read_key
from steps.lineage.errors import client_errors, one_line
from steps.lineage.keys import CANDIDATE_TAG, KEY_FILE
from steps.lineage.pipeline import STEP_TAG
from steps.lineage.provenance import REPRODUCE, read_record
from steps.lineage.repository import PATCH
from steps.lineage.run_files import has_artifact
from steps.table.manifest import MANIFEST

LAST = "register"
"""Is not repeated: it has no result of its own, and would move the champion."""

DESCRIBE = "describe"
"""Is not repeated either: an LLM writes something else each time."""

ACTS = ("history", "rollback", DESCRIBE)
"""They have no result to compare with."""

_ORDER = {"load": 0, "preprocess": 1, "evaluate": 3}
_TRAINER = 2


@dataclass(frozen=True)
class RecordedStep:
    """One step of a past run.

    Attributes
    ----------
    run
        The step's own run.
    parameters
        As typed.
    key
        The components of its key.
    manifest
        Of its output.
    """

    step: str
    run: Run
    parameters: dict[str, str]
    key: dict[str, Any]
    manifest: dict[str, Any]

    @property
    def inputs(self) -> dict[str, str]:
        """The fingerprint of each input, by name, in the step's order."""
        return dict(self.key["inputs"])


@dataclass(frozen=True)
class RecordedRun:
    """A past run that can be repeated.

    Attributes
    ----------
    run
        The run that was asked for.
    steps
        Its steps, or for a step those up to it, in an order in which they can run.
    source, environment
        As `provenance.record` recorded them.
    """

    run: Run
    steps: dict[str, RecordedStep]
    source: dict[str, Any]
    environment: dict[str, Any]


def read_recorded(run_id: str) -> RecordedRun:
    """Return the run with this ID.

    Raises
    ------
    ValueError
        Saying why it can't be repeated: unknown, deleted, not finished, not recorded, artifacts or patch gone.
    """
    run = _finished_run(run_id)
    if CANDIDATE_TAG in run.data.tags:
        raise ValueError(
            f"Got run_id={run_id}, which is a candidate of a search; expected the trainer's run, "
            f"{run.data.tags['mlflow.parentRunId']}."
        )
    record = read_record(run_id)
    entry_point = record["entry_point"]
    if entry_point == REPRODUCE:
        raise ValueError(
            f"Got run_id={run_id}, which is a reproduction itself; expected the run that it repeats, "
            f"{record['parameters']['run_id']}."
        )
    if entry_point in ACTS:
        raise ValueError(f"Got run_id={run_id}, a run of {entry_point}; expected one of main or of a step.")
    _check_source(record["source"], run_id)
    ids = _steps_of(run, entry_point, record["parameters"])
    _check_names(ids, run_id)
    # The store gives tags in any order, and trainers that ran side by side tagged main in any.
    in_order = sorted(ids, key=lambda step: (_ORDER.get(step, _TRAINER), step))
    steps = {step: _read_step(step, ids[step]) for step in in_order}
    if "load" not in steps:
        raise ValueError(
            f"Got the run {run_id} of {entry_point}, which does not name the runs of its steps; expected a run of main "
            f"or of a step."
        )
    _check_one_code(steps)
    return RecordedRun(run, steps, record["source"], record["environment"])


def _finished_run(run_id: str) -> Run:
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        raise ValueError(
            f"Got run_id={run_id}, which the tracking store does not give ({one_line(error)}); expected the ID of a "
            f"run of main or of a step: is MLFLOW_TRACKING_URI the store that the run is in?"
        ) from error
    if run.info.lifecycle_stage != "active":
        raise ValueError(f"Got the run {run_id}, which was deleted; restore it with `mlflow runs restore` first.")
    if run.info.status != "FINISHED":
        raise ValueError(
            f"Got the run {run_id}, whose status is {run.info.status}; expected a FINISHED one, as others have no "
            f"result to compare with."
        )
    return run


def _check_names(steps: Mapping[str, str], run_id: str) -> None:
    # MLflow takes an entry point that it does not know, and that ends in .py or .sh, for a file to run.
    odd = [step for step in steps if not re.fullmatch(r"\w+", step)]
    if odd:
        raise ValueError(f"Got the run {run_id} with {odd[0]!r} as one of its steps, expected names of entry points.")


def _check_source(source: Mapping[str, Any], run_id: str) -> None:
    for name in ("url", "folder", "commit", "patch"):
        if not isinstance(source[name], str if name == "folder" else str | None):
            raise ValueError(f"Got the run {run_id} with {source[name]!r} as the {name} of its code, expected a text.")
    if source["problem"]:
        raise ValueError(f"Got the run {run_id}, whose code was not kept: {source['problem']}")
    if source["patch"] and not _is_kept(source["patch"]):
        raise ValueError(
            f"Got the run {run_id}, made from a work tree that differed from its commit; expected the artifact {PATCH} "
            f"of run {source['patch']}, which is gone."
        )


def _is_kept(run_id: str) -> bool:
    try:
        return has_artifact(run_id, PATCH)
    except MlflowException:  # the run itself is gone
        return False


def _steps_of(run: Run, entry_point: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the ID of the run of each step."""
    if entry_point == "main":
        prefix = f"{STEP_TAG}."
        tags = {tag.removeprefix(prefix): value for tag, value in run.data.tags.items() if tag.startswith(prefix)}
        return {step: run_id for step, run_id in tags.items() if step not in (LAST, DESCRIBE)}
    if entry_point == LAST:
        verdict = parameters["verdict"]
        if not verdict.startswith("runs:/"):
            raise ValueError(
                f"Got the run {run.info.run_id} of {LAST}, which was given the folder {verdict}; expected the ID of "
                f"the run that wrote it."
            )
        return _steps_of(_finished_run(verdict.split("/")[1]), "evaluate", {})
    return dict(_manifest(entry_point, run.info.run_id)["chain"])


def _read_step(step: str, run_id: str) -> RecordedStep:
    try:
        run = _finished_run(run_id)
        record = read_record(run_id)
    except ValueError as error:
        raise ValueError(f"Its step {step} can't be compared with. {error}") from error
    if not has_artifact(run_id, KEY_FILE):
        raise ValueError(f"Got the run {run_id} of {step} without {KEY_FILE}; expected it, it was deleted.")
    manifest = _manifest(step, run_id)
    _check_present(step, run_id, manifest)
    return RecordedStep(step, run, record["parameters"], read_key(run), manifest)


def _check_present(step: str, run_id: str, manifest: Mapping[str, Any]) -> None:
    places = {f"runs:/{run_id}/{output_of(step)}": manifest["files"], **manifest["apart"].get("models", {})}
    for place, files in places.items():
        try:
            there = {file.path.rpartition("/")[2] for file in mlflow.artifacts.list_artifacts(artifact_uri=place)}
        except (MlflowException, OSError, *client_errors()) as error:
            raise ValueError(
                f"Got the run {run_id} of {step}, whose {place} can't be listed ({one_line(error)}); expected it as it "
                f"was recorded."
            ) from error
        gone = [name for name in files if name.split("/")[0] not in there]
        if gone:
            raise ValueError(f"Got the run {run_id} of {step} without {place}/{gone[0]}; expected it, it was deleted.")


def _check_one_code(steps: Mapping[str, RecordedStep]) -> None:
    """Raise ValueError if steps that were chained by hand ran different code: there is one checkout for all."""
    seen: dict[str, tuple[str, str]] = {}
    for step in steps.values():
        for file, digest in step.key["source"].items():
            other, known = seen.setdefault(file, (step.step, digest))
            if digest != known:
                raise ValueError(
                    f"Got {other} and {step.step} run with different code ({file} differs), expected one version: "
                    f"reproduce {other} alone, -P run_id={steps[other].run.info.run_id}."
                )


def _manifest(step: str, run_id: str) -> dict[str, Any]:
    path = f"{output_of(step)}/{MANIFEST}"
    if not has_artifact(run_id, path):
        raise ValueError(f"Got the run {run_id} of {step} without {path}; expected it, the artifact was deleted.")
    return dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/{path}"))
