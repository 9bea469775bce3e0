from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from steps.table.spool import Spool
from tests.conftest import PROJECT


def test_batches_come_back_as_wide_as_the_last_one(tmp_path: Path) -> None:
    narrow = pa.record_batch({"a": pa.array([1, None])})
    wide = pa.record_batch({"a": pa.array([1.5]), "b": pa.array(["x"])})
    empty = pa.RecordBatch.from_struct_array(pa.array([{}], pa.struct([])))
    spool = Spool(tmp_path / "spool", [empty, narrow, narrow, wide])
    assert spool.num_rows == 6
    for _ in range(2):
        assert pa.Table.from_batches(spool.batches()).to_pydict() == {
            "a": [None, 1.0, None, 1.0, None, 1.5],
            "b": [None] * 5 + ["x"],
        }


def test_no_batches(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", [])
    assert (spool.num_rows, spool.schema, list(spool.batches())) == (0, pa.schema([]), [])


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet.gz"])
def test_a_full_disk_is_told_by_the_temporary_file(tmp_path: Path, name: str) -> None:
    """It is no damage of the file."""
    code = (
        "import pathlib, resource, signal, sys, tempfile\n"
        "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as csv, gzip\n"
        "from steps.table.read import read_table\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "table = pa.table({'a': range(200_000), 'b': [float(n) for n in range(200_000)]})\n"
        "if path.suffix == '.gz':\n"
        "    sink = pa.BufferOutputStream(); pq.write_table(table, sink)\n"
        "    path.write_bytes(gzip.compress(sink.getvalue(), 1))\n"
        "elif path.suffix == '.csv':\n"
        "    csv.write_csv(table, path)\n"
        "else:\n"
        '    path.write_text(\'{"a": 1, "b": 2.5}\\n\' * 200_000)\n'
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "try:\n"
        "    read_table(path)\n"
        "except OSError as error:\n"
        "    print(error.errno, pathlib.Path(error.filename).is_relative_to(tempfile.gettempdir()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / name], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{errno.EFBIG} True\n"
