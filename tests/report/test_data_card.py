from __future__ import annotations

import re

from steps.report.data_card import class_table, column_table, left_out_table, load_card, noticed, split_card
from steps.report.page import Picture
from steps.table.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("same", "text", "dropped", "it is constant"),
        Column("x & y", "number", "numeric", "its values are numbers"),
        Column("label", "text", "target", "named as target"),
    )
)


def test_the_columns_come_with_their_roles_and_those_left_out_last() -> None:
    assert column_table(SCHEMA, {"x & y": 0.125, "label": 0.0}).rows == [
        ["x & y", "number", "numeric", "12.5%", "its values are numbers"],
        ["label", "text", "target", "0.0%", "named as target"],
        ["same", "text", "dropped", "–", "it is constant"],
    ]


def test_of_many_columns_some_are_shown_and_the_others_counted() -> None:
    table = column_table(Schema(tuple(Column(f"x{i}", "number", "numeric", "") for i in range(1234))), {})
    assert len(table.rows) == 100
    assert table.caption.startswith("1,134 more columns")


def test_the_classes_on_both_sides() -> None:
    table = class_table({"training": {"a": 3, "b": 1200}, "holdout": {"a": 397}})
    assert table.head == ["class", "training", "holdout", "rows", "share"]
    assert table.rows == [["b", "1,200", "0", "1,200", "75.0%"], ["a", "3", "397", "400", "25.0%"]]


def test_of_many_classes_the_rarest_are_one_row_and_no_row_is_lost() -> None:
    table = class_table({"training": {str(i): i + 1 for i in range(150)}, "holdout": {"0": 1}})
    assert len(table.rows) == 100
    assert table.rows[0][0] == "149"
    assert table.rows[-1][:4] == ["others (51 classes)", "1,326", "1", "1,327"]
    assert sum(int(row[3].replace(",", "")) for row in table.rows) == 150 * 151 // 2 + 1


def test_rows_that_are_left_out_have_a_reason() -> None:
    (table,) = left_out_table({"no target": 1500}, 20)
    assert table.rows == [["no target", "1,500"], ["kept", "20"]]
    assert left_out_table({}, 20) == []


def test_what_was_noticed_ends_somewhere() -> None:
    assert noticed([]) == []
    assert noticed(["one"]) == ["Noticed:", ["one"]]
    assert noticed(["note"] * 1031)[1][29:] == ["note", "and 1,001 more"]


def test_the_card_of_a_table() -> None:
    card = load_card(
        "<b>.csv",
        SCHEMA,
        rows=4321,
        counts={"a": 4000, "b": 321},
        missing={"x & y": 0.5},
        notes=["Column 'same' is left out"],
        fingerprint="f1f2",
        balance=Picture("data:,", "the classes", 3, 2),
    )
    for text in (
        "<h1>Loaded &lt;b&gt;.csv</h1>\n<p>4,321 rows and 3 columns; 2 classes of label.</p>",
        "x &amp; y</th>",
        "50.0%</td>",
        "<li>Column &#39;same&#39; is left out</li>",
        'alt="the classes"',
        "Fingerprint of all rows and columns: f1f2",
    ):
        assert text in card, text


def test_the_card_of_a_split() -> None:
    card = split_card({"training": {"a": 3000, "b": 4}, "holdout": {"a": 5}}, {"no target": 7}, ["no b in the holdout"])
    assert "<p>3,004 training rows; 5 holdout rows.</p>" in card
    seen = re.sub(r"\s*<[^>]*>\s*", "|", card)
    for text in ("|no target||7||", "|kept||3,009||", "|a||3,000||5||3,005||", "|no b in the holdout|"):
        assert text in seen, text


def test_the_card_of_a_split_whose_training_rows_are_a_sample() -> None:
    sides = {"training": {"a": 1000, "b": 20}, "holdout": {"a": 5}}
    card = split_card(sides, {"not in the sample of 1,020 training rows": 9000}, [], {"rows": 1020, "of": 10020})
    told = "The training rows are a sample of 1,020 from 10,020, by class."
    assert f"<p>1,020 training rows; 5 holdout rows. {told}</p>" in card
