"""Candidates scored on folds, with the work that they have in common done once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from steps.forest.features import Fold
from steps.forest.fits import FoldScore
from steps.forest.plan import Fit, fits, grouped
from steps.forest.workers import Workers
from steps.table.space import naming_what_is_full

Split = tuple[np.ndarray, np.ndarray]
"""The positions of a fold's training rows and of its validation rows."""


class Journal(Protocol):
    """Who is told how a search goes, and may know some scores already. Candidates are numbered from 0."""

    def open(self, candidates: Sequence[Mapping[str, Any]], n_rows: int | None) -> list[dict[int, FoldScore]]:
        """Take note of more candidates, scored on that many rows, None for all; return their known scores, by fold."""
        ...

    def start(self, number: int) -> None:
        """Take note that the first fit of a candidate begins; may be told more than once."""
        ...

    def score(self, number: int, fold: int, score: FoldScore) -> None:
        """Take note of a candidate's score in one fold."""
        ...


@dataclass(frozen=True)
class Scored:
    """What came of candidates.

    Attributes
    ----------
    scores
        For each candidate one of each fold.
    grown
        How many trees were grown for them, in all folds together.
    """

    scores: list[list[FoldScore]]
    grown: int


@dataclass(frozen=True)
class CrossValidation:
    """Scores candidates on the rows of one search.

    Attributes
    ----------
    pipeline
        Not fitted, ending in a forest with a seed; a candidate's hyperparameters are set on clones of it.
    rows : (n_rows, n_features)
        Raw rows.
    codes : (n_rows,) int64
        Their classes.
    scoring
        The scorer's name.
    workers
        Who does the fits.
    journal
        Who is told of it.
    """

    pipeline: Pipeline
    rows: pd.DataFrame
    codes: np.ndarray
    scoring: str
    workers: Workers
    journal: Journal

    def score(
        self,
        candidates: Sequence[Mapping[str, Any]],
        splits: Sequence[Split],
        *,
        first: int = 0,
        n_rows: int | None = None,
    ) -> Scored:
        """Return the candidates' scores, those that the journal knows already and the others.

        Parameters
        ----------
        candidates
            Hyperparameters by their short names.
        splits
            The folds.
        first
            The number of the first candidate.
        n_rows
            How many rows the folds have, for the journal; None if they have all. With fewer, a score that can't be
            computed is NaN.
        """
        known = self.journal.open(candidates, n_rows)
        left = fits(grouped(self.pipeline, candidates), known, len(splits))
        with tempfile.TemporaryDirectory() as folder:
            prepared = self._prepare(left, splits, Path(folder))
            calls = [self._call(fit, prepared[fit.fold], may_fail=n_rows is not None) for fit in left]
            waiting = iter(left)
            self._start(islice(waiting, self.workers.at_once(calls)), first)
            for number, scores in self.workers.score_forests(calls):
                self._note(left[number], scores, prepared[left[number].fold], known, first)
                self._start(islice(waiting, 1), first)
        return Scored(
            scores=[[scores[fold] for fold in range(len(splits))] for scores in known],
            grown=sum(fit.sizes[-1] for fit in left),
        )

    def _prepare(self, left: Sequence[Fit], splits: Sequence[Split], folder: Path) -> dict[int, _Prepared]:
        needed: dict[int, dict[str, Any]] = {}
        for fit in left:
            needed.setdefault(fit.fold, {})[fit.group.features] = fit.group.steps
        done = self.workers.in_threads(
            _prepare,
            [
                (self.rows, self.codes, splits[fold], pipelines, folder / str(fold))
                for fold, pipelines in needed.items()
            ],
        )
        return dict(zip(needed, done, strict=True))

    def _call(self, fit: Fit, fold: _Prepared, *, may_fail: bool) -> dict[str, Any]:
        features = fold.features[fit.group.features]
        return {
            "forest": fit.group.forest,
            "sizes": fit.sizes,
            "train": features.train,
            "train_codes": fold.train_codes,
            "validation": features.validation,
            "validation_codes": fold.validation_codes,
            "scoring": self.scoring,
            "may_fail": may_fail,
        }

    def _start(self, begun: Iterable[Fit], first: int) -> None:
        for position in (position for fit in begun for size in fit.sizes for position in fit.group.members[size]):
            self.journal.start(first + position)

    def _note(
        self, fit: Fit, scores: Sequence[FoldScore], fold: _Prepared, known: list[dict[int, FoldScore]], first: int
    ) -> None:
        self._start([fit], first)  # a cluster that has grown is ahead of what is reckoned
        features = fold.features[fit.group.features]
        for size, (score, fit_seconds, score_seconds) in zip(fit.sizes, scores, strict=True):
            whole = FoldScore(score, features.fit_seconds + fit_seconds, features.transform_seconds + score_seconds)
            for position in fit.group.members[size]:
                if fit.fold not in known[position]:
                    known[position][fit.fold] = whole
                    self.journal.score(first + position, fit.fold, whole)


@dataclass(frozen=True)
class _Seen:
    """What a forest sees of a fold, as files that are mapped into memory: there once, however many processes read it.

    Attributes
    ----------
    train, validation : (n_rows, n_features) float32
        What a forest would make of its features itself.
    fit_seconds, transform_seconds
        What it took to make them.
    """

    train: np.ndarray
    validation: np.ndarray
    fit_seconds: float
    transform_seconds: float


@dataclass(frozen=True)
class _Prepared:
    """A fold, for each pipeline before the forest."""

    features: dict[str, _Seen]
    train_codes: np.ndarray
    validation_codes: np.ndarray


def _prepare(
    rows: pd.DataFrame, codes: np.ndarray, split: Split, pipelines: Mapping[str, Any], folder: Path
) -> _Prepared:
    folder.mkdir()
    fold = Fold(rows, codes, *split)
    features = {}
    for number, (name, steps) in enumerate(pipelines.items()):
        made = fold.through(steps)
        train, validation = (
            _mapped(_side_by_side(blocks), folder / f"{number}_{side}.npy")
            for side, blocks in (("train", made.train), ("validation", made.validation))
        )
        features[name] = _Seen(train, validation, made.fit_seconds, made.transform_seconds)
    train_codes, validation_codes = (
        _mapped(codes[side], folder / f"codes_{number}.npy") for number, side in enumerate(split)
    )
    return _Prepared(features, train_codes, validation_codes)


def _side_by_side(blocks: Sequence[np.ndarray]) -> np.ndarray:
    # Each is converted by itself: a stack in float64 would be the largest array of all.
    stacked = np.empty((len(blocks[0]), sum(block.shape[1] for block in blocks)), dtype=np.float32)
    return np.concatenate(blocks, axis=1, out=stacked, casting="same_kind")


def _mapped(array: np.ndarray, path: Path) -> np.ndarray:
    with naming_what_is_full(path):
        np.save(path, array)
    return np.load(path, mmap_mode="r")
