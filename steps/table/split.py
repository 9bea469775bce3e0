"""The holdout split: by a hash of the row's content, so that a row's side never depends on other rows."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from steps.table.text import encode, readings

_REMEMBERED_TEXTS, _REMEMBERED_CHARACTERS = 1 << 16, 64
"""Of each column as many texts, and none that is longer: what repeats is short."""
NULL, FALSE, TRUE = (np.uint64(code) for code in (0xA5A5_0001, 0xA5A5_0002, 0xA5A5_0003))


def row_hashes(table: pa.Table, columns: Sequence[str], *, as_read: bool) -> np.ndarray:
    """Hash the content of every row.

    Equal content gives equal hashes in any table, with the columns in any order: 1 equals 1.0, and all missing values
    of a column are equal.

    Parameters
    ----------
    table : pyarrow.Table
        As `clean` returns it.
    columns : sequence of str
        The columns that make up the content.
    as_read : bool
        Whether a text equals what it says, so that ``007`` and ``7``, or ``?`` and a missing value, are equal. A
        column whose type changes when the table grows then changes no hash (but for separators that are read
        according to other values, such as ``1,234``). Otherwise a text equals itself only.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,), dtype uint64.
    """
    return RowHasher(columns, as_read=as_read)(table)


class RowHasher:
    """Hashes the rows of one table after the other as `row_hashes` does, which has the parameters.

    The batches of a table have the same texts again and again, so it remembers what some of them are.
    """

    def __init__(self, columns: Sequence[str], *, as_read: bool) -> None:
        self._as_read = as_read
        self._known: dict[str, dict[str, int]] = {name: {} for name in columns}

    def __call__(self, table: pa.Table) -> np.ndarray:
        """Return the hash of every row: shape (n_rows,), dtype uint64."""
        total = np.zeros(table.num_rows, np.uint64)
        for name, known in self._known.items():
            salt = _digest(b"column:" + name.encode())
            # A sum is the same in any order; two rounds keep equal values of two columns apart.
            total += _mix(self._values(table.column(name), known) ^ salt)
        return _mix(total)

    def _values(self, column: pa.ChunkedArray, known: dict[str, int]) -> np.ndarray:
        """Hash each value by itself: shape (n_rows,), dtype uint64."""
        if column.type != pa.string():
            return _mix(_codes(column))
        distinct, places = encode(column)
        codes = _mix(np.append(self._text_codes(distinct.to_pylist(), known), NULL))
        at = [place.fill_null(len(distinct)).to_numpy() for place in places]
        return codes[np.concatenate([np.zeros(0, np.int32), *at])]

    def _text_codes(self, distinct: list[str], known: dict[str, int]) -> np.ndarray:
        new = [text for text in distinct if text not in known]
        found = dict(zip(new, _text_codes(pa.array(new, pa.string()), self._as_read).tolist(), strict=True))
        codes = [known[text] if text in known else found[text] for text in distinct]
        short = [text for text in new if len(text) <= _REMEMBERED_CHARACTERS]
        known |= {text: found[text] for text in short[: _REMEMBERED_TEXTS - len(known)]}
        return np.array(codes, np.uint64)


def holdout_mask(hashes: np.ndarray, *, seed: int, test_size: float) -> np.ndarray:
    """Choose the rows of the holdout.

    Parameters
    ----------
    hashes : numpy.ndarray
        Shape (n_rows,), dtype uint64, as `row_hashes` returns them.
    seed : int
        Another seed gives another, independent split.
    test_size : float
        The expected share of distinct rows in the holdout, between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,), dtype bool: True in the holdout.

    Raises
    ------
    ValueError
        If `test_size` is not between 0 and 1.
    """
    if not 0 < test_size < 1:
        raise ValueError(f"Got test_size {test_size}, expected a share between 0 and 1, such as 0.2.")
    salt = _digest(b"seed:%d" % seed)
    uniform = (_mix(hashes ^ salt) >> np.uint64(11)) * 2.0**-53
    return uniform < test_size


def sample_order(hashes: np.ndarray, *, seed: int) -> np.ndarray:
    """Return the order in which rows are drawn into a sample, the least first; it tells nothing of their side.

    Parameters
    ----------
    hashes : numpy.ndarray
        Shape (n_rows,), dtype uint64, as `row_hashes` returns them.
    seed : int
        Another seed gives another, independent order.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,), dtype uint64.
    """
    return _mix(hashes ^ _digest(b"sample:%d" % seed))


def _mix(z: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words so that every bit depends on every bit.

    The finaliser of SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014, with the constants of Vigna's splitmix64.c (variant 13 of Stafford's mixers).
    """
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _digest(content: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little"))


def _text_codes(distinct: pa.StringArray, as_read: bool) -> np.ndarray:
    codes = np.array([_digest(b"text:" + text.encode()) for text in distinct.to_pylist()], np.uint64)
    for mask, values in readings(distinct) if as_read else ():
        codes[mask] = _codes(pa.chunked_array([values]))
    return codes


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    is_null = column.is_null().to_numpy()
    if column.type == pa.null():
        return np.full(len(column), NULL)
    if column.type == pa.bool_():
        codes = np.where(column.fill_null(False).to_numpy(), TRUE, FALSE)
    else:
        if column.type == pa.date32():
            column = column.cast(pa.int32())
        floats = column.fill_null(0).cast(pa.float64(), safe=False).to_numpy()
        codes = (floats + 0.0).view(np.uint64)
        is_null = is_null | ~np.isfinite(floats)
    return np.where(is_null, NULL, codes)
