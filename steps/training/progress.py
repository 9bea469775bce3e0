"""How far a search is: a bar with the time left on a terminal, one line a candidate elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
from tqdm import tqdm

from steps.forest.cross_validation import Journal
from steps.forest.fits import FoldScore
from steps.lineage.candidates import show


class Progress:
    """A journal that shows what it is told, and tells it to another one.

    Parameters
    ----------
    step
        The entry point's name.
    n_folds
        How many fits a candidate has.
    journal
        The other one.
    """

    def __init__(self, step: str, n_folds: int, journal: Journal) -> None:
        self._step = step
        self._n_folds = n_folds
        self._journal = journal
        self._scores: list[list[float]] = []
        self._names: list[str] = []
        self._ended = 0
        self._bar = tqdm(total=0, desc=step, unit="fit", disable=None)

    def __enter__(self) -> Progress:
        """Show the bar."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bar."""
        self._bar.close()

    def open(self, candidates: Sequence[Mapping[str, Any]], n_rows: int | None) -> list[dict[int, FoldScore]]:
        """Count the candidates; say how many of them are known."""
        known = self._journal.open(candidates, n_rows)
        self._names += [", ".join(f"{name}={show(value)}" for name, value in each.items()) for each in candidates]
        self._scores += [[score.score for score in scores.values()] for scores in known]
        taken = sum(len(scores) == self._n_folds for scores in known)
        self._ended += taken
        if taken:
            self._say(f"{taken} of {len(candidates)} candidates taken over from earlier searches")
        if n_rows is not None:
            self._say(f"{len(candidates)} candidates on {n_rows:,} rows")
        if not self._bar.disable:
            done = sum(map(len, known))
            self._bar.total += len(candidates) * self._n_folds
            self._bar.initial += done  # took no time, so the time left is not reckoned from it
            self._bar.n += done
            self._bar.refresh()
        return known

    def start(self, number: int) -> None:
        """Tell the other journal."""
        self._journal.start(number)

    def score(self, number: int, fold: int, score: FoldScore) -> None:
        """Count a fit, and a candidate that ends with it."""
        self._journal.score(number, fold, score)
        self._bar.update()
        scores = self._scores[number]
        scores.append(score.score)
        if len(scores) == self._n_folds:
            self._ended += 1
            if self._bar.disable:
                found = f"{np.mean(scores):.4f} ± {np.std(scores):.4f}"
                self._say(f"{self._ended} of {len(self._scores)} candidates: {self._names[number]}: {found}")

    def _say(self, message: str) -> None:
        with tqdm.external_write_mode():
            print(f"{self._step}: {message}", flush=True)
