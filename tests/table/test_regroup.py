from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from steps.table.regroup import Regrouped


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 7))
def test_in_whatever_parts_rows_come_the_groups_are_the_same(parts: list[int], size: int) -> None:
    numbers = iter(range(sum(parts)))
    groups = Regrouped(size)
    given_out = []
    for part in parts:
        values = pa.array([next(numbers) for _ in range(part)], pa.int64())
        given_out += groups.add(pa.table({"n": values}).replace_schema_metadata({"a": "b"}))
    given_out += groups.rest()
    everything = list(range(sum(parts)))
    assert [group["n"].to_pylist() for group in given_out] == [
        everything[start : start + size] for start in range(0, len(everything), size)
    ]
    assert all(group["n"].num_chunks == 1 and group.schema.metadata is None for group in given_out)
