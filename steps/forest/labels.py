"""Class labels of any type as codes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def encode_labels(labels: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's class as a code, and the classes that the codes stand for.

    Parameters
    ----------
    labels : (n_rows,)
        Text, bool, int64 or float64, none of them missing.

    Returns
    -------
    codes : (n_rows,) int64
        Positions in `classes`.
    classes : (n_classes,)
        The labels in sorting order, in their own type; text as a NumPy string array, which a model can be
        saved with.
    """
    values = labels.to_numpy(dtype=np.str_ if pd.api.types.is_string_dtype(labels.dtype) else None)
    classes, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), classes


def codes_of(labels: pd.Series, classes: np.ndarray) -> np.ndarray:
    """Return the positions of `labels`, (n_rows,), in `classes`, int64; a label that is not there is an error.

    Raises
    ------
    ValueError
        When a label is not among the classes.
    """
    own, names = encode_labels(labels)
    unknown = sorted(set(names.tolist()) - set(classes.tolist()))
    if unknown:
        known = ", ".join(map(repr, classes.tolist()[:5])) + (", …" if len(classes) > 5 else "")
        raise ValueError(
            f"Got rows of class {unknown[0]!r}, expected only classes that the model was trained on ({known})."
        )
    return np.searchsorted(classes, names)[own]


def as_text(classes: np.ndarray) -> list[str]:
    """Return the classes as texts for names of files, tables and figures; they stay distinct."""
    texts: list[Any] = [str(label) for label in classes.tolist()]
    return texts
