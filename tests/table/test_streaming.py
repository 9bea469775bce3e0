"""A table that is read in parts is the one that is read whole, to the last bit of its file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steps import load
from steps.table import csv_file, json_lines
from steps.table.clean import clean
from steps.table.fingerprint import fingerprint
from steps.table.profile import class_counts
from steps.table.read import open_table, read_table
from steps.table.schema import infer_schema
from steps.table.stored import write_table
from tests.conftest import PROJECT
from tests.table.any_table import WRITERS, tables

LONGEST_LINE = 700


def whole(path: Path, out: Path, target: str, **options: Any) -> load.Loaded:
    table, notes = clean(read_table(path, **options), keep=target)
    schema, more_notes = infer_schema(table, target=target, max_categories=2)
    write_table(table, out)
    missing = {name: table[name].null_count / table.num_rows for name in table.column_names}
    return load.Loaded(
        schema, notes + more_notes, fingerprint(table), table.num_rows, class_counts(table, target), missing
    )


def in_parts(path: Path, out: Path, target: str, *, rows: int = 1 << 16, **options: Any) -> load.Loaded:
    with pytest.MonkeyPatch.context() as patched, open_table(path, **options) as reader:
        patched.setattr(load, "ROW_GROUP", rows)
        notes = load.write_clean(reader, out, target)
    return load.look_at(out, notes, target=target, max_categories=2)


def attempt(read: Callable[..., load.Loaded], *given: Any, **options: Any) -> tuple[Any, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "table.parquet"
        try:
            return read(*given[:1], out, *given[1:], **options), out.read_bytes()
        except ValueError as error:
            return str(error), b""


@st.composite
def longer_tables(draw: st.DrawFn) -> pa.Table:
    """Make tables of the same few rows again and again, so that later parts may hold what the first ones do not."""
    table = draw(tables())
    rows = draw(st.lists(st.integers(0, table.num_rows - 1), min_size=2, max_size=60))
    feature = pa.array([at % 7 / 4 for at in range(len(rows))])
    label = pa.array(["pq"[at % 2] for at in range(len(rows))])
    return table.take(pa.array(rows)).append_column("a feature", feature).append_column("a label", label)


@settings(deadline=None)
@given(
    longer_tables(),
    st.sampled_from(list(WRITERS)),
    st.sampled_from([LONGEST_LINE, 1000, 1 << 22]),
    st.integers(1, 20),
    st.booleans(),
)
def test_a_table_read_in_parts_is_the_whole_one(
    table: pa.Table, suffix: str, block: int, rows: int, has_labels: bool
) -> None:
    target = table.column_names[-1 if has_labels else 0]
    options = {"delimiter": ","} if suffix == ".csv" else {}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(WRITERS[suffix](table))
        expected = attempt(whole, path, target, **options)
        patched.setattr(csv_file, "BLOCK_BYTES", block)
        patched.setattr(json_lines, "BLOCK_BYTES", block)
        assert attempt(in_parts, path, target, rows=rows, **options) == expected


INTEGERS = ["7", "+5", "99999999999999999999", "1234567890123456789", "9" * 400, ""]
NUMBERS = [*INTEGERS, "1,5", "1.5", "1.234", "1e5", "NA", "x", "true", "007", "2024-02-29"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=9), st.sampled_from([",", ";"]), st.booleans())
@example(["+5", "1,5"], ";", False)
@example(["99999999999999999999", "1,5"], ";", False)
@example(["7", "1.5", "99999999999999999999"], ",", False)
@example(["1,5", "1e5"], ";", False)
@example(["7", "2024-02-29"], ",", False)
@example(["99999999999999999999", "1e5", "1,5"], ";", False)
def test_what_csv_holds_is_told_by_all_blocks(values: list[str], delimiter: str, is_target: bool) -> None:
    """Each value is in a block of its own, as the other column fills it."""
    rows = [f'"{value}"{delimiter}"{"xy"[at % 2]}{" " * (480 - len(value))}"' for at, value in enumerate(values)]
    target = "a" if is_target else "b"
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder) / "t.csv"
        path.write_text("\n".join([f"a{delimiter}b", *rows]) + "\n", encoding="utf-8")
        expected = attempt(whole, path, target, delimiter=delimiter)
        patched.setattr(csv_file, "BLOCK_BYTES", 520)
        assert attempt(in_parts, path, target, rows=1, delimiter=delimiter) == expected


JSON_VALUES = ["1", "2.5", "9007199254740993", "12345678901234567890", "null", '"x"', '"2024-02-29"', "true"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([*JSON_VALUES, None]), min_size=1, max_size=6), st.integers(50, 120))
@example(["1", "true"], 50)
@example(['"x"', "1"], 50)
@example(['"2024-02-29"', '"x"', "null"], 50)
@example([None, None, "1"], 50)
def test_what_json_holds_is_told_by_all_blocks(values: list[str | None], block: int) -> None:
    """Between two of its own blocks pyarrow makes text of a number, or crashes."""
    lines = ["{}", '{"y": "p"}', *('{"y": "q"}' if value is None else f'{{"a": {value}}}' for value in values)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder) / "t.jsonl"
        path.write_text("\n".join(f"{line:45}" for line in [*lines, '{"y": "q"}']) + "\n", encoding="utf-8")
        expected = attempt(whole, path, "y")
        patched.setattr(json_lines, "BLOCK_BYTES", block)
        found = attempt(in_parts, path, "y", rows=1)
    # Of two that are in the way another one may be told.
    assert found == expected or (" after a " in expected[0] and " after a " in found[0])


def test_the_shipped_table_in_parts(tmp_path: Path) -> None:
    path = PROJECT / "data" / "portal_rodents.parquet"
    expected = attempt(whole, path, "species_id")
    assert attempt(in_parts, path, "species_id", rows=1000) == expected
    assert expected[0].fingerprint.startswith("8f758efe4245")
