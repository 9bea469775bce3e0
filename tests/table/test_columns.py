from __future__ import annotations

import pytest

from steps.table.columns import check_target, column_list, columns_of, select_columns
from steps.table.schema import Column, Schema

SCHEMA = Schema(
    (Column("x", "number", "numeric", ""), Column("y", "text", "target", ""), Column("z", "text", "dropped", ""))
)


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("", ["a"], []),
        ("a, b", ["a", "b"], ["a", "b"]),
        ("a,unknown", ["a"], ["a", "unknown"]),
        ("a?,b?", ["a"], ["a"]),
        ("why?", ["why?"], ["why?"]),
        ("a,b", ["a,b", "a"], ["a,b"]),
    ],
)
def test_column_list(text: str, names: list[str], found: list[str]) -> None:
    assert column_list(text, names) == found


def test_the_target_is_the_tables_own() -> None:
    check_target(SCHEMA, "")
    check_target(SCHEMA, "y")
    with pytest.raises(ValueError, match="Got target='x', expected 'y'"):
        check_target(SCHEMA, "x")


def test_select_columns_keeps_the_order() -> None:
    assert [column.name for column in select_columns(SCHEMA, ["y", "x"]).columns] == ["x", "y"]


def test_an_unknown_feature_is_refused_by_its_name():
    assert columns_of("slices", "b, a,b,c?", ["a", "b"]) == ["b", "a"]
    with pytest.raises(ValueError, match=r"Got slices='a,x', where 'x' is no feature; expected some of a, b\."):
        columns_of("slices", "a,x", ["a", "b"])
