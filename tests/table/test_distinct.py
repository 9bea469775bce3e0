from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table import distinct
from steps.table.distinct import count_distinct

VALUES = st.sampled_from(
    [
        (pa.int64(), st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1)),
        (pa.float64(), st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)),
        (pa.bool_(), st.booleans()),
        (pa.date32(), st.dates()),
        (pa.string(), st.text(max_size=2)),
    ]
)


@given(VALUES.flatmap(lambda of: st.lists(st.lists(st.none() | of[1], max_size=9).map(lambda v: pa.array(v, of[0])))))
def test_it_counts_what_a_set_holds(chunks: list[pa.Array]) -> None:
    values = {value for chunk in chunks for value in chunk.to_pylist() if value is not None}
    assert count_distinct(chunks) == len(values)


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_what_does_not_fit_into_memory_is_counted_too(kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "_IN_MEMORY", 1000)
    numbers = np.random.default_rng(0).integers(0, 9000, (40, 700))
    chunks = [pa.array(some).cast(kind) for some in numbers]
    assert count_distinct(chunks) == len(np.unique(numbers))


def test_it_ends_when_too_many_are_repeated() -> None:
    def chunks() -> list[pa.Array]:
        yield pa.array([1, 2, 3, 4])
        yield pa.array([1, 1, 1, 2])
        raise AssertionError("read too far")

    assert count_distinct(chunks(), most_repeats=1) is None
    assert count_distinct([pa.array([1, 2, 3, None, 3])], most_repeats=1) == 3
    assert count_distinct([], most_repeats=0) == 0
    assert count_distinct([pa.array([dt.date(1, 1, 1), None])]) == 1
