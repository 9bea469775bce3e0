"""Tables of any content, and the bytes of the files that hold them."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from hypothesis import strategies as st

# Files hold no surrogates, and text formats no NUL.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
TRAPS = st.sampled_from(
    [
        "",
        " ",
        "a,b",
        'say "hi"',
        "two\nlines",
        "two\r\nlines",
        "007",
        "1,5",
        "1,000",
        "1",
        "2.5",
        "NA",
        "nan",
        "inf",
        "None",
        "true",
        "2024-01-31",
        "2024-01-31T10:00:00Z",
        "1e400",
        "99999999999999999999",
        "\ufeff",
        "é;|\t",
    ]
)
COLUMN = st.sampled_from(
    [
        (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
        (pa.float64(), st.floats(allow_nan=False, allow_infinity=False)),
        (pa.bool_(), st.booleans()),
        (pa.string(), TRAPS),
        (pa.string(), TEXT),
        (pa.string(), st.sampled_from(["1", "2.5", "NA", "?", "7,5"])),
        (pa.string(), st.dates().map(str)),
    ]
)


@st.composite
def tables(draw):
    names = draw(
        st.lists(TEXT.filter(lambda name: name.strip()), min_size=2, max_size=4, unique=True).filter(
            lambda names: not names[0].startswith("\ufeff")
        )
    )
    rows = draw(st.integers(1, 5))
    columns = []
    for _ in names:
        kind, values = draw(COLUMN)
        columns.append(pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind))
    return pa.table(columns, names=names)


def delimited(table, delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(["" if value is None else str(value) for value in row.values()])
    return text.getvalue().encode()


def parquet(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def feather(table):
    sink = pa.BufferOutputStream()
    pyarrow.feather.write_feather(table, sink)
    return sink.getvalue().to_pybytes()


WRITERS = {
    ".csv": lambda table: delimited(table, ","),
    ".tsv": lambda table: delimited(table, "\t"),
    ".jsonl": lambda table: b"".join(json.dumps(row).encode() + b"\n" for row in table.to_pylist()),
    ".parquet": parquet,
    ".feather": feather,
}
