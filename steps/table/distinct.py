"""Counting the distinct values of a column of any length, in bounded memory."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

_IN_MEMORY = 1 << 21
"""Hashes of 8 bytes."""
_MERGED = 1 << 17
_PARTS = 256
_EDGES = np.arange(1, _PARTS, dtype=np.uint64) << np.uint64(56)


def count_distinct(chunks: Iterable[pa.Array], *, most_repeats: float = math.inf) -> int | None:
    """Count the distinct values, missing ones aside.

    Numbers, booleans and dates are told apart by themselves, texts by a hash of 64 bits: of ten million texts two have
    the same one with a probability of 3 in a million. Beyond two million distinct values the hashes lie in the
    temporary folder, 8 bytes each.

    Parameters
    ----------
    chunks : iterable of pyarrow.Array
        Of type int64, float64, bool, date32 or string, as `clean` returns them.
    most_repeats : float
        Counting ends when it is certain that more values than these are the same as an earlier one.

    Returns
    -------
    int or None
        None if counting ended early.
    """
    present = 0
    with tempfile.TemporaryFile() as file:
        hashes = _Hashes(file)
        for chunk in chunks:
            present += len(chunk) - chunk.null_count
            hashes.add(_hashed(chunk))
            if present - hashes.most > most_repeats:
                return None
        return hashes.count()


def _hashed(chunk: pa.Array) -> np.ndarray:
    """Return a hash of each distinct value, in ascending order: dtype uint64."""
    values = chunk.drop_null()
    if pa.types.is_string(values.type):
        values = values.unique()
    if pa.types.is_date(values.type):
        values = values.cast(pa.int32())
    return _distinct([pd.util.hash_array(values.to_numpy(zero_copy_only=False), categorize=False)])


def _distinct(words: Sequence[np.ndarray]) -> np.ndarray:
    """Return the words that are in any of the arrays, in ascending order."""
    # numpy.unique puts them into a hash table first, which takes many times as long.
    ordered = np.sort(np.concatenate([np.zeros(0, np.uint64), *words]))
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


class _Hashes:
    """A set of 64-bit words, of which what does not fit into memory is written to a file, sorted, in runs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: list[np.ndarray] = []
        self._runs: list[np.ndarray] = []
        self._written = 0

    def add(self, words: np.ndarray) -> None:
        """Add words that differ from each other."""
        self._waiting.append(words)
        if self._in_memory > min(2 * len(self._waiting[0]) + _MERGED, _IN_MEMORY):
            self._merge()
            if self._in_memory > _IN_MEMORY // 2:
                self._write()

    @property
    def most(self) -> int:
        """The most that `count` can be by now."""
        return self._written + self._in_memory

    def count(self) -> int:
        """Return how many different words were added."""
        self._merge()
        if not self._runs:
            return self._in_memory
        self._write()
        return sum(len(_distinct([self._part(run, part) for run in self._runs])) for part in range(_PARTS))

    @property
    def _in_memory(self) -> int:
        return sum(map(len, self._waiting))

    def _merge(self) -> None:
        self._waiting = [_distinct(self._waiting)]

    def _write(self) -> None:
        (run,) = self._waiting
        # Where in the file each part of the run begins: parts hold the same range of words in all runs.
        self._runs.append(self._written + np.concatenate([[0], np.searchsorted(run, _EDGES), [len(run)]]))
        self._file.write(run.data)
        self._written += len(run)
        self._waiting = []

    def _part(self, run: np.ndarray, part: int) -> np.ndarray:
        start, end = run[part : part + 2].tolist()
        self._file.seek(8 * start)
        return np.frombuffer(self._file.read(8 * (end - start)), np.uint64)
