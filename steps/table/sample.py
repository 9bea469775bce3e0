"""A sample of rows in which every class keeps its share: how many rows each class gives, and which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_quotas(counts: np.ndarray, sample_rows: int, *, least: int) -> np.ndarray:
    """Share a sample out among the classes.

    A class whose share would be less than `least` rows gives that many, or all it has; the other classes share the
    rest in proportion to their rows. Fractions go by the largest remainder (Hamilton's method): no class is a row or
    more away from its share, and the sum is exact. Of equal remainders the first class's goes first.

    Parameters
    ----------
    counts : (n_classes,) int64
        The rows of each class.
    sample_rows : int
        The rows of the sample, from the sum of what the classes give at least to the sum of the counts.
    least : int

    Returns
    -------
    numpy.ndarray
        Shape (n_classes,), int64; at most `counts`, and its sum is `sample_rows`.
    """
    quotas = np.minimum(counts, least)
    shared = counts > 0
    while True:
        rows, total = sample_rows - quotas[~shared].sum(), counts[shared].sum()
        # In whole numbers, so that no rounding decides.
        too_small = shared & (rows * counts < quotas * total)
        if not too_small.any():
            break
        shared &= ~too_small
    quotas[shared], remainders = np.divmod(rows * counts[shared], total)
    last = np.argsort(-remainders, kind="stable")[: sample_rows - quotas.sum()]
    quotas[np.flatnonzero(shared)[last]] += 1
    return quotas


def draw(codes: np.ndarray, quotas: np.ndarray, keys: Sequence[np.ndarray]) -> np.ndarray:
    """Choose of each class the rows that come first.

    Parameters
    ----------
    codes : (n_rows,) integers
        Each row's class.
    quotas : (n_classes,) int64
        How many rows of each class are chosen.
    keys : sequence of (n_rows,) arrays
        What orders the rows of a class: a later key where the earlier ones are equal, at last their position.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,), dtype bool.
    """
    by_class = np.lexsort((*reversed(keys), codes))
    rows = np.bincount(codes, minlength=len(quotas))
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(rows) - rows, rows)
    chosen = np.zeros(len(codes), bool)
    chosen[by_class[rank < np.repeat(quotas, rows)]] = True
    return chosen


def least_sample(counts: np.ndarray, least: int) -> int:
    """Return the rows of the smallest sample in which each class has `least` rows, or all it has."""
    return int(np.minimum(counts, least).sum())
