"""Which of several mains runs a step that all of them need at the same moment: a lock, in tags of their own runs.

A main that needs a step, and found no finished run of it, says so on its run: the tag `grove.in_progress.<step>` holds
the step's key, a state and a beat.

wants
    It will look who else has the key.
waits
    It has seen one that goes first.
runs
    It has seen none.

Who wants a step writes so first and looks then, so of two at least one sees the other. One that runs goes first; of two
that do not, the one whose main started first, but not before the later one has seen it, which is when that wants no
more. Who has waited wants again before it runs. A main waits for no step that it runs itself, so no two wait for each
other.

The beat is a number that grows every few seconds. Who sees it stand still for a minute, by its own clock, takes that
main for dead and looks past it, so no clocks are compared; one of the same machine whose process is gone, at once. What
is wrong in these tags costs that a step is run twice and never a result: that comes from the cache, which checks it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from steps.lineage.process import PROCESS_TAG, is_gone

IN_PROGRESS_TAG = "grove.in_progress"
"""Of main, followed by a step's name."""
_END_SECONDS = 5.0
"""How long a main may be kept from its end by a store that does not remove its mark."""


class State(StrEnum):
    """What a main says of a step."""

    WANTS = "wants"
    WAITS = "waits"
    RUNS = "runs"


@dataclass(frozen=True)
class Pace:
    """How often mains tell and ask, in seconds.

    Attributes
    ----------
    beat
        Between two signs of life.
    patience
        How long a main may give none before it counts as dead: longer than a busy machine or store keeps it from it.
    poll
        Between two looks at the others.
    """

    beat: float = 5.0
    patience: float = 60.0
    poll: float = 2.0


@dataclass(frozen=True)
class Other:
    """Another main that needs the same step."""

    run: Run
    state: State

    def goes_before(self, mine: tuple[int, str]) -> bool:
        """Return whether the main of this order has to wait for it."""
        return self.state is State.RUNS or order(self.run) < mine

    def __str__(self) -> str:
        """Return it in words."""
        user = self.run.data.tags.get("mlflow.user", "an unknown user")
        does = "runs it already" if self.state is State.RUNS else "needs it too and started first"
        return f"{self.run.info.run_name} of {user}, run {self.run.info.run_id}, which {does}"


def order(main: Run) -> tuple[int, str]:
    """Return what the mains are ordered by: their start, in milliseconds since 1970, and their ID."""
    return main.info.start_time, main.info.run_id


class InProgress:
    """The steps that the active run, a main, shares with others at the same moment.

    Parameters
    ----------
    limit
        For how many seconds to wait for a step of another main before running it all the same; 0 not to wait.
    pause
        Sleeps for so many seconds, and raises when the main is to end.
    """

    def __init__(self, limit: float, pause: Callable[[float], None], pace: Pace = Pace()) -> None:
        self._client = mlflow.MlflowClient()
        self._me = mlflow.active_run()
        self._limit = limit
        self._pause = pause
        self._pace = pace

    @contextlib.contextmanager
    def turn(
        self, step: str, key: str, finished: Callable[[], Run | None], say: Callable[[str], None]
    ) -> Iterator[Run | None]:
        """Wait until no other main runs the step; as long as the context lasts, others wait for this one.

        Parameters
        ----------
        key
            The digest of the step's key.
        finished
            Looks for a finished run with the key.
        say
            Tells the user in a line what is waited for.

        Yields
        ------
        Run or None
            What another main has finished meanwhile; None if the step is to be run.
        """
        tag = f"{IN_PROGRESS_TAG}.{step}"
        with _Mark(self._client, self._me.info.run_id, tag, key, self._pace.beat) as mark:
            end = time.monotonic() + self._limit
            others = _Others(self._client, self._me, tag, key, self._pace.patience)
            while time.monotonic() < end and (first := self._first(mark, others, end)):
                mark.set(State.WAITS)
                say(f"waits for {first}")
                while time.monotonic() < end and others.has(first):
                    self._pause(self._pace.poll)
                if run := finished():
                    break
                say("waits no longer")
            else:
                mark.set(State.RUNS)
                run = finished()
            yield run

    def _first(self, mark: _Mark, others: _Others, end: float) -> Other | None:
        """Want the step; return the one that goes first, or None when all others have seen that this main does.

        None as well when the time is over.
        """
        mark.set(State.WANTS)
        while time.monotonic() < end:
            found = others.find()
            ahead = [other for other in found if other.goes_before(order(self._me))]
            if ahead or not any(other.state is State.WANTS for other in found):
                return min(ahead, key=lambda other: (other.state is not State.RUNS, order(other.run)), default=None)
            self._pause(self._pace.poll)
        return None


class _Others:
    """The other mains that need the step and show signs of life."""

    def __init__(self, client: mlflow.MlflowClient, me: Run, tag: str, key: str, patience: float) -> None:
        self._client, self._me, self._tag, self._key, self._patience = client, me, tag, key, patience
        self._last_beats: dict[str, tuple[str, float]] = {}

    def find(self, run_id: str = "") -> list[Other]:
        """Return them, or only the one with this ID."""
        one = f"attributes.run_id = '{run_id}' and " if run_id else ""
        runs = self._client.search_runs(
            [self._me.info.experiment_id],
            f"{one}attributes.status = 'RUNNING' and tags.`{self._tag}` LIKE '{self._key} %'",
        )
        # MLflow finds runs first and reads their tags then, so a mark may be gone or changed meanwhile.
        marks = [(run, _read(run.data.tags.get(self._tag, ""), self._key)) for run in runs]
        return [
            Other(run, mark[0])
            for run, mark in marks
            if mark and run.info.run_id != self._me.info.run_id and self._is_alive(run, mark[1])
        ]

    def has(self, other: Other) -> bool:
        """Return whether this one still is among them."""
        return bool(self.find(other.run.info.run_id))

    def _is_alive(self, run: Run, beat: str) -> bool:
        if is_gone(run.data.tags.get(PROCESS_TAG, ""), run.info.start_time / 1000):
            return False
        now = time.monotonic()
        before, since = self._last_beats.get(run.info.run_id, ("", now))
        if beat != before:
            self._last_beats[run.info.run_id] = beat, now
        return beat != before or now - since < self._patience


def _read(mark: str, key: str) -> tuple[State, str] | None:
    """Return a mark's state and beat; None if it is of another key, or none: anybody may write a tag."""
    match mark.split():
        case [found, state, beat] if found == key and state in list(State):
            return State(state), beat
    return None


class _Mark:
    """A main's own tag for a step, written anew with each beat; a context manager that removes it."""

    def __init__(self, client: mlflow.MlflowClient, run_id: str, tag: str, key: str, beat: float) -> None:
        self._client, self._run_id, self._tag, self._key, self._beat = client, run_id, tag, key, beat
        self._state = State.WANTS
        self._beats = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()  # or a beat could write the state before
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> _Mark:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_END_SECONDS)

    def set(self, state: State) -> None:
        """Say so."""
        with self._lock:
            self._state = state
            self._write()

    def _live(self) -> None:
        # Where the store fails, others take this main for dead, or wait until they do.
        while not self._ended.wait(self._beat):
            with self._lock, contextlib.suppress(MlflowException, OSError):
                if self._beats:
                    self._write()
        with contextlib.suppress(MlflowException, OSError):
            self._client.delete_tag(self._run_id, self._tag)

    def _write(self) -> None:
        self._beats += 1
        self._client.set_tag(self._run_id, self._tag, f"{self._key} {self._state} {self._beats}")
