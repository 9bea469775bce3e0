"""Whose turn it is to move the aliases of a registered model: one run's at a time, on however many machines.

MLflow's tags and aliases are overwritten without a question, so two runs could each find itself the last. But the
*name* of a registered model can be created only once. Who is to write record n of the history creates the registered
model `<name> move <n>.1`; whoever finds it there waits until it is gone. It is deleted when the aliases have moved.

A holder that was killed leaves it behind. Its turn is over when its run has ended, or when it has been seen for
`PATIENCE` seconds by the clock of the one that waits. Then `<name> move <n>.2` is the name to create, which again only
one can. A name is deleted only by its holder while it is not late, so before anybody can have taken the next one, or
when record n is written, which makes all names for it worthless.

A holder that is late gives up by itself, before the others' patience ends. What remains is one that is stopped between
its last look at the clock and the write after it, for longer than the rest: no client of MLflow can help that, and the
history shows it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import mlflow
from mlflow.exceptions import MlflowException

from steps.registry.history import read_history

PATIENCE = 30.0
_LATE = 20.0
_PAUSE = 0.1
_HOLDER_TAG = "grove.run"

_Place = tuple[int, int]
"""The record to write, and which attempt at it."""


class Turn:
    """The right to write the next record and to move aliases, for a while."""

    def __init__(self, place: _Place) -> None:
        self.place = place
        self._until = time.monotonic() + _LATE

    @property
    def is_late(self) -> bool:
        """Whether another run may take the turn soon."""
        return time.monotonic() > self._until

    def check(self) -> None:
        """Raise TimeoutError when it is late."""
        if self.is_late:
            raise TimeoutError(
                f"Got a model registry that took more than {_LATE:g} s for a few writes, expected less: another run "
                f"may move the aliases now. Run this step again, it finishes what is left."
            )


@contextmanager
def turn(client: mlflow.MlflowClient, model_name: str, run_id: str) -> Iterator[Turn]:
    """Wait for the turn to move the aliases of a registered model; it ends with this context or with the run.

    Parameters
    ----------
    run_id
        Of the run that is to have it, by which others see whether it still lives.
    """
    mine = _wait(client, model_name, run_id)
    try:
        yield mine
    finally:
        with suppress(MlflowException):  # then it ends with the run
            if _next_number(client, model_name) > mine.place[0]:
                _delete(client, model_name, mine.place[0])
            elif not mine.is_late:
                client.delete_registered_model(_name(model_name, mine.place))


def remove_ended(client: mlflow.MlflowClient, model_name: str) -> None:
    """Delete what runs left behind that were killed at the end of their turn: their record is written."""
    number = _next_number(client, model_name)
    for place, holder in _held(client, model_name).items():
        # Whose run goes on may still be moving the aliases, and others wait as long as its name is there.
        if place[0] < number and not _is_running(client, holder):
            with suppress(MlflowException):  # another run has done so, or this user may not
                client.delete_registered_model(_name(model_name, place))


def _wait(client: mlflow.MlflowClient, model_name: str, run_id: str) -> Turn:
    first_seen: dict[tuple[_Place, str], float] = {}
    while True:
        # In this order: a record is written before the name is deleted, so a turn that is not seen now is over.
        number = _next_number(client, model_name)
        held = _held(client, model_name)
        now = time.monotonic()
        fresh = [each for each in held.items() if now - first_seen.setdefault(each, now) < PATIENCE]
        if not any(_is_running(client, holder) for _, holder in fresh):
            attempt = 1 + max((attempt for of, attempt in held if of == number), default=0)
            mine = Turn((number, attempt))
            if _create(client, model_name, mine.place, run_id):
                if _next_number(client, model_name) == number:
                    return mine
                _delete(client, model_name, number)  # its record was written meanwhile
        time.sleep(_PAUSE)


def _next_number(client: mlflow.MlflowClient, model_name: str) -> int:
    return read_history(client.get_registered_model(model_name)).next_number


def _name(model_name: str, place: _Place) -> str:
    return f"{model_name} move {place[0]:06d}.{place[1]}"


def _held(client: mlflow.MlflowClient, model_name: str) -> dict[_Place, str]:
    """Return which turns there are, and the run of each."""
    pattern = re.compile(rf"{re.escape(model_name)} move (\d+)\.(\d+)")
    found = client.search_registered_models(f"name LIKE '{model_name} move %'")
    places = ((pattern.fullmatch(model.name), model) for model in found)
    return {(int(match[1]), int(match[2])): model.tags.get(_HOLDER_TAG, "") for match, model in places if match}


def _is_running(client: mlflow.MlflowClient, run_id: str) -> bool:
    try:
        return bool(client.get_run(run_id).info.status == "RUNNING")
    except MlflowException:  # deleted for good
        return False


def _create(client: mlflow.MlflowClient, model_name: str, place: _Place, run_id: str) -> bool:
    """Return whether the name could be created, which it can once."""
    said = (
        f"A lock: run {run_id} is moving an alias of {model_name}. It is deleted in a moment, or by the next run that "
        f"registers a model."
    )
    try:
        client.create_registered_model(_name(model_name, place), tags={_HOLDER_TAG: run_id}, description=said)
    except MlflowException as error:
        # The second: it was deleted while MLflow looked for it.
        if error.error_code in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
            return False
        raise
    return True


def _delete(client: mlflow.MlflowClient, model_name: str, number: int) -> None:
    """Delete the turns of all records up to this one, which are written."""
    for place in _held(client, model_name):
        if place[0] <= number:
            with suppress(MlflowException):  # another run has done so
                client.delete_registered_model(_name(model_name, place))
