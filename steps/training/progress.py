"""How far a search is: a bar on a terminal, one line a candidate elsewhere."""

from __future__ import annotations

import threading
from types import TracebackType

from tqdm import tqdm


class Progress:
    """Counts fits, `folds` of them for each candidate; called after each one, from any thread."""

    def __init__(self, name: str, candidates: int, folds: int) -> None:
        self._name = name
        self._candidates = candidates
        self._folds = folds
        self._fits = 0
        self._lock = threading.Lock()
        self._bar = tqdm(total=candidates * folds, desc=name, unit="fit", disable=None)

    def __call__(self) -> None:
        """Count one fit."""
        with self._lock:
            self._fits += 1
            self._bar.update()
            done, rest = divmod(self._fits, self._folds)
            if self._bar.disable and rest == 0:
                print(f"{self._name}: {done} of {self._candidates} candidates", flush=True)

    def __enter__(self) -> Progress:
        """Show the bar."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bar."""
        self._bar.close()
