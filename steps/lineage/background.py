"""Writing to the tracking store in the background, patiently, and in a hurry at an interruption."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mlflow.exceptions import MlflowException

_PAUSE_SECONDS = 0.5
_HURRY_SECONDS = 2.0
"""For what is left when the search was ended; well below the time after which its process is ended the hard way."""
_PATIENCE_SECONDS = 60.0
"""How long a store may fail before the search does."""


class Background:
    """Calls a function twice a second in a thread, and once more at the end; again, when the store fails.

    Parameters
    ----------
    write
        The function; when it raises MlflowException or OSError, what it did not write must be left for its next call.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._ends = threading.Event()
        # A thread whose join is interrupted may count as ended, so this tells it.
        self._is_done = threading.Event()
        self._hurry: float | None = None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ends(self) -> bool:
        """Whether nothing new will come."""
        return self._ends.is_set()

    @property
    def hurries(self) -> bool:
        """Whether the process is to end soon."""
        return self._hurry is not None

    @property
    def is_late(self) -> bool:
        """Whether the time for what is left is over."""
        return self._hurry is not None and time.monotonic() >= self._hurry

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise what went wrong."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Wait until all is written; raise what went wrong."""
        self._ends.set()
        try:
            self._is_done.wait()
        except BaseException:
            self.end_in_a_hurry()
            raise
        self.check()

    def end_in_a_hurry(self) -> None:
        """Wait a little."""
        self._hurry = time.monotonic() + _HURRY_SECONDS
        self._ends.set()
        self._is_done.wait(2 * _HURRY_SECONDS)

    def _run(self) -> None:
        try:
            self._write_until_the_end()
        except Exception as error:  # raised by `check`, in the search's own thread
            self._failure = error
        finally:
            self._is_done.set()

    def _write_until_the_end(self) -> None:
        failing_since = None
        while True:
            ends = self._ends.wait(_PAUSE_SECONDS)
            began = time.monotonic()
            try:
                self._write()
            except (MlflowException, OSError):
                # MLflow has been patient with a server for a while already.
                failing_since = began if failing_since is None else failing_since
                if self.hurries or time.monotonic() - failing_since > _PATIENCE_SECONDS:
                    raise
                time.sleep(_PAUSE_SECONDS)
                continue
            failing_since = None
            if ends:
                return
