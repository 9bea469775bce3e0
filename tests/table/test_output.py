from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table import output
from steps.table.output import refuse_output, written_whole
from tests.conftest import PROJECT

WORDS = ["plain", "a,b", 'say "hi"', "two\nlines", "tab\there", None, "é"]
TABLE = pa.table({"a, b": range(7), "word": WORDS, "y": [1 / 3, None, 2.0, 1e300, 0.1, -1.0, 5.0]})


def write(path: Path, table: pa.Table = TABLE, at_once: int = 3, *, is_folder: bool = False) -> Path:
    with written_whole(path, table.schema, is_folder=is_folder) as put:
        for start in range(0, table.num_rows, at_once):
            put(table.slice(start, at_once))
    return path


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.PARQUET", "parts"])
def test_parquet(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, is_folder=name == "parts")
    assert pq.read_table(path) == TABLE
    assert [left.name for left in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("name", "delimiter"), [("t.csv", ","), ("t.tsv", "\t"), ("t.csv.gz", ","), ("t.CSV", ",")])
def test_delimited_text(tmp_path: Path, name: str, delimiter: str) -> None:
    path = write(tmp_path / name)
    found = pd.read_csv(path, sep=delimiter, compression="gzip" if name.endswith("gz") else None)
    pd.testing.assert_frame_equal(found, TABLE.to_pandas())


def test_texts_are_quoted_only_where_they_must_be(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", "y", None], "b": [1, 2, 3]})
    assert write(tmp_path / "t.csv", table).read_text() == "a,b\nx,1\ny,2\n,3\n"
    table = pa.table({"a": ["x", "y,"], "b": [1, 2]})
    assert write(tmp_path / "u.csv", table, 1).read_text() == 'a,b\nx,1\n"y,",2\n'


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=4))
def test_empty_chunks_repeat_nothing(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    path = tmp_path_factory.mktemp("out") / "t.csv"
    schema = pa.schema([("x", pa.int64()), ("y", pa.string())])
    table = pa.concat_tables([pa.table({"x": range(size), "y": ["word"] * size}, schema) for size in sizes])
    with written_whole(path, table.schema, is_folder=False) as put:
        put(table)
        put(table)
    assert path.read_text().splitlines()[1:] == [f"{x},word" for size in [*sizes, *sizes] for x in range(size)]


def test_row_groups_and_parts_have_a_size_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": range(100)})
    monkeypatch.setattr(output, "ROW_GROUP", 20)
    monkeypatch.setattr(output, "PART_ROWS", 40)
    assert pq.ParquetFile(write(tmp_path / "t.parquet", table, 10)).metadata.num_row_groups == 5
    parts = sorted(write(tmp_path / "parts", table, 10, is_folder=True).iterdir())
    assert [part.name for part in parts] == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert [pq.read_metadata(part).num_rows for part in parts] == [40, 40, 20]
    assert pq.read_table(tmp_path / "parts") == table


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "parts"])
def test_no_rows(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, TABLE.slice(0, 0), is_folder=name == "parts")
    found = pd.read_csv(path) if name == "t.csv" else pq.read_table(path).to_pandas()
    assert (list(found), len(found)) == (TABLE.column_names, 0)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv.gz", "parts"])
def test_what_fails_leaves_nothing(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        written_whole(tmp_path / name, TABLE.schema, is_folder=name == "parts") as put,
    ):
        put(TABLE)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_another_one_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(ValueError, match="by somebody else"), written_whole(path, TABLE.schema, is_folder=False) as put:
        put(TABLE)
        path.write_text("theirs")
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("name", ["t.csv", "parts"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path, name: str) -> None:
    code = (
        "import os, signal, sys, pathlib, pyarrow as pa\n"
        "from steps.table.output import written_whole\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "with written_whole(path, pa.schema([('x', pa.int64())]), is_folder=not path.suffix) as put:\n"
        "    put(pa.table({'x': [1]}))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], cwd=PROJECT, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(f".{name}.")
    assert left.name.endswith(".unfinished")
    alive = tmp_path / f".{name}.{os.getppid()}.unfinished"
    alive.write_text("of a process that is still there")
    write(tmp_path / name, is_folder=name == "parts")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, name])


def test_what_a_text_can_not_hold_is_said(tmp_path: Path) -> None:
    table = pa.table({"x": [[1, 2]]})
    with pytest.raises(ValueError, match=r"output=t.csv, which can't hold all columns .*list.* expected Parquet"):
        write(tmp_path / "t.csv", table)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "t.parquet", table)


def test_gzip_is_complete(tmp_path: Path) -> None:
    assert len(gzip.decompress(write(tmp_path / "t.csv.gz").read_bytes()).splitlines()) == 9


def test_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("precious")
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere")
    for name, is_folder, words in (
        ("t.csv", False, "exists already"),
        ("link.csv", False, "exists already"),
        ("no/t.csv", False, "folder does not exist"),
        ("t.xlsx", False, "ends in .parquet, .pq, .csv"),
    ):
        with pytest.raises(ValueError, match=words):
            refuse_output(tmp_path / name, is_folder)
    refuse_output(tmp_path / "new.csv.gz", False)
    refuse_output(tmp_path / "new", True)
