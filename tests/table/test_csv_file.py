import pyarrow as pa
import pytest

from tests.table.files import TEXT, read, refused


def column(tmp_path, *values, header="a,k", end=",0", **options):
    lines = "\n".join([header, *(f"{value}{end}" for value in values)])
    return read(tmp_path, lines + "\n", **options).column("a").to_pylist()


# Delimiters


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    text = f'a{delimiter}b\n1{delimiter}"x,;\t|\n,;\t|"\n2{delimiter}\'y\n'
    assert read(tmp_path, text).to_pydict() == {"a": [1, 2], "b": ["x,;\t|\n,;\t|", "'y"]}


def test_a_delimiter_is_found_in_a_long_file(tmp_path):
    table = read(tmp_path, "a;b\n" + "1;2,5\n" * 100_000)
    assert table.column_names == ["a", "b"]
    assert table.num_rows == 100_000


@pytest.mark.parametrize("delimiter", ["tab", "\t"])
def test_a_delimiter_can_be_named(tmp_path, delimiter):
    assert read(tmp_path, "a,x\tb\n1,x\t2\n", delimiter=delimiter).column_names == ["a,x", "b"]


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", "€"])
def test_a_delimiter_is_one_character(tmp_path, delimiter):
    refused(tmp_path, TEXT, "Got delimiter .*, expected 'auto', 'tab' or a single character", delimiter=delimiter)


def test_one_column_has_no_delimiter(tmp_path):
    assert read(tmp_path, "a\n1\n2\n").to_pydict() == {"a": [1, 2]}


# Types


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1e5", ".5", "5."], [1e5, 0.5, 5.0]),
        (["true", "FALSE"], [True, False]),
        (["", ""], [None, None]),
        (["1", "true"], ["1", "true"]),
        (["t", "f"], ["t", "f"]),
        (["NA", "None", "null", "NaN"], ["NA", "None", "null", "NaN"]),
        (["nan", "inf"], ["nan", "inf"]),
        (["nan", "inf", "a"], ["nan", "inf", "a"]),
        (["1.5", "NA"], ["1.5", "NA"]),
        (["007", "8"], ["007", "8"]),
        (["-01", "2"], ["-01", "2"]),
        (["0", "0.5", "-0.5"], [0.0, 0.5, -0.5]),
        (["0x1F", "1"], ["0x1F", "1"]),
        (["99999999999999999999", "1"], ["99999999999999999999", "1"]),
        (["99999999999999999999", "1.5"], ["99999999999999999999", "1.5"]),
        (["1e400", "1"], ["1e400", "1"]),
        (["2024-01-31", "2024-02-01"], ["2024-01-31", "2024-02-01"]),
        ([" 1", "2"], [" 1", "2"]),
        (['"1,000"', "2"], ["1,000", "2"]),
        (["-", "1"], ["-", "1"]),
        (['""', "x"], [None, "x"]),
    ],
)
def test_values_are_numbers_only_if_all_are_plainly_written(tmp_path, values, expected):
    assert column(tmp_path, *values) == expected
    assert [type(v) for v in column(tmp_path, *values)] == [type(v) for v in expected]


@pytest.mark.parametrize(
    ("late", "kind"),
    [("2.5", pa.float64()), ("007", pa.string()), ("x", pa.string()), ("true", pa.string()), ("", pa.int64())],
)
def test_a_type_may_change_in_a_late_block(tmp_path, late, kind):
    rows = 1_500_000
    table = read(tmp_path, "a,k\n" + "1234,0\n" * rows + f"{late},0\n")
    assert table.schema.field("a").type == kind
    assert table.num_rows == rows + 1


def test_decimal_commas_in_a_file_with_semicolons(tmp_path):
    table = read(tmp_path, "a;b;c;d\n1,5;1.5;0,5;1.234,5\n2;2;x;1\n")
    assert table.to_pydict() == {"a": [1.5, 2.0], "b": [1.5, 2.0], "c": ["0,5", "x"], "d": ["1.234,5", "1"]}
