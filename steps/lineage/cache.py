"""Finished runs that a step need not repeat: found by their key, and verified before use."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click
import mlflow
from mlflow.entities import Run

from steps.lineage.artifacts import OUTPUT_TAG, WHOLE_TAG, Artifact, fetch, read_artifact
from steps.lineage.errors import expected_errors, one_line
from steps.lineage.explain import differences
from steps.lineage.keys import APART_TAG, KEY_FILE, KEY_TAG, StepKey, key_digest, part_digest
from steps.lineage.model_files import check_model
from steps.lineage.run_files import check_files, run_folder
from steps.table.options import Share, WholeNumber

CACHE_OPTIONS: dict[str, click.ParamType] = {
    "cache": click.Choice(["use", "refresh", "off"]),
    "cache_audit": Share(closed=True),
    "wait": WholeNumber(min=0),
    "strict": click.BOOL,
}
"""Option to its type; `cache` is the trainers' too, for candidates."""

OUTPUTS = {"load": "table", "preprocess": "split", "evaluate": "verdict", "register": None, "describe": None}
"""What a step leaves for later ones as an artifact of its run; a trainer leaves its search, and a model."""

_NEAREST_OF = 50
_SEARCHED = 1000
"""Runs asked for; those to stay apart, which a search can't leave out, are among them."""


def output_of(step: str) -> str | None:
    """Return the artifact that later steps read, None for the last step."""
    return OUTPUTS.get(step, "search")


@dataclass
class Found:
    """What the cache has for a step.

    Attributes
    ----------
    run
        The one to take; None for a miss.
    reasons
        Why there is none, or why not a newer one, in words.
    nearest
        Of a miss the earlier run that differs least.
    """

    run: Run | None
    reasons: list[str]
    nearest: Run | None = None


class Cache:
    """The finished steps of one experiment.

    Parameters
    ----------
    experiment_id
        Where to look.
    audit
        The share of hits to prove by running the step again.
    check_registered
        Raises ValueError when what a run of register did holds no longer.
    """

    def __init__(self, experiment_id: str, audit: float, check_registered: Callable[[Run], None]) -> None:
        self._client = mlflow.MlflowClient()
        self._experiment_id = experiment_id
        self._check_registered = check_registered
        self._audits = _every_share(audit)
        self._lock = threading.Lock()

    def find(self, key: StepKey) -> Found:
        """Return the newest finished run with the key whose outputs are as they were written, or why there is none."""
        found = self.find_same(key)
        return found if found.run is not None or found.reasons else self._explain(key)

    def find_same(self, key: StepKey) -> Found:
        """Return the same; where no run has the key, without a reason."""
        damages: list[str] = []
        for run in self._search(f"tags.`{KEY_TAG}` = '{key.digest}'"):
            try:
                self._check(run, key.entry_point)
            except expected_errors() as error:
                damages.append(f"run {run.info.run_id} can't be taken: {one_line(error)}")
            else:
                return Found(run, damages[:1])
        return Found(None, damages[:1])

    def is_to_audit(self) -> bool:
        """Return whether the hit at hand is one of the share to prove."""
        with self._lock:  # trainers ask side by side
            return next(self._audits)

    def _search(self, condition: str, limit: int = 20) -> list[Run]:
        found = self._client.search_runs(
            [self._experiment_id],
            f"attributes.status = 'FINISHED' and {condition}",
            order_by=["attributes.start_time DESC"],
            max_results=_SEARCHED,
        )
        return [run for run in found if run.data.tags.get(APART_TAG) != "off"][:limit]

    def _check(self, run: Run, step: str) -> None:
        folder, kind = run_folder(run), output_of(step)
        check_files(folder)
        if kind is None:
            self._check_registered(run)
        else:
            _check_recorded(run, kind, read_artifact(folder / kind, kind))

    def _explain(self, key: StepKey) -> Found:
        same_step = f"tags.`{KEY_TAG}.entry_point` = '{part_digest(key.entry_point)}'"
        earlier = self._search(same_step, _NEAREST_OF)
        if not earlier:
            return Found(None, [])
        mine = {f"{KEY_TAG}.{name}": digest for name, digest in key.digests.items()}
        # The first of equals, which is the newest one.
        nearest = min(earlier, key=lambda run: sum(run.data.tags.get(tag) != value for tag, value in mine.items()))
        try:
            before = read_key(nearest)
        except expected_errors() as error:
            return Found(None, [f"the key of run {nearest.info.run_id} can't be read: {one_line(error)}"])
        return Found(None, differences(before, key.components), nearest)


def check_output(run: Run, kind: str) -> Artifact:
    """Return the run's artifact; raise ValueError unless it, and the models that it names, are as they were written."""
    found = fetch(f"runs:/{run.info.run_id}/{kind}", kind)
    _check_recorded(run, kind, found)
    return found


def _check_recorded(run: Run, kind: str, found: Artifact) -> None:
    recorded = [run.data.tags.get(f"{tag}.{kind}") for tag in (OUTPUT_TAG, WHOLE_TAG)]
    if [found.fingerprint, found.manifest_digest] != recorded:
        raise ValueError(f"Got another {kind} in run {run.info.run_id} than it recorded, expected the recorded one.")
    models = found.apart.get("models", {})
    for uri, files in models.items():
        check_model(uri, files)


def read_key(run: Run) -> dict[str, Any]:
    """Return the components of the run's key; raise ValueError if they are not those of its tag."""
    found = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/{KEY_FILE}")
    if not isinstance(found, dict) or key_digest(found) != run.data.tags.get(KEY_TAG):
        raise ValueError(f"Got {KEY_FILE} of run {run.info.run_id} changed, expected it as it was logged.")
    return dict(found)


def _every_share(share: float) -> Iterator[bool]:
    """Tell for one hit after another whether it is of the share: evenly spread, from a random start."""
    start = random.random()
    for number in itertools.count():
        yield int(start + (number + 1) * share) > int(start + number * share)
