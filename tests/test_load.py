from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from tests import tables
from tests.conftest import MLPROJECT, PROJECT, Result, Started

SHIPPED = PROJECT / "data" / "portal_rodents.parquet"
MOST_BYTES = 1e9


def test_data_that_changes_while_it_is_read_is_refused(
    folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    """Else the table of the old content would be found under the key of the new."""
    path = folder / "t.csv"
    tables.numeric_binary().to_csv(path, index=False)
    code = (
        "import sys, pathlib, steps.load as module\n"
        "write = module.write_clean\n"
        "def then_change(*given):\n"
        "    notes = write(*given)\n"
        f"    with pathlib.Path({str(path)!r}).open('a') as file:\n"
        "        file.write('1,2,3,4,True\\n')\n"
        "    return notes\n"
        "module.write_clean = then_change\n"
        "module.load()\n"
    )
    given = {name: str(about["default"]) for name, about in MLPROJECT["load"]["parameters"].items()}
    given |= {"data": str(path), "target": "sick"}
    done = subprocess.run(
        [sys.executable, "-c", code, *(f"--{name}={value}" for name, value in given.items())],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "t.csv changed while it was read" in done.stderr
    (run,) = client.search_runs(["1"])
    assert run.info.status == "FAILED"
    assert "grove.key" not in run.data.tags


@pytest.mark.slow
def test_a_large_csv_takes_little_memory(start: Callable[..., Started], folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    csv.write_csv(pq.read_table(SHIPPED), rows, csv.WriteOptions(include_header=False))
    with (folder / "large.csv").open("wb") as large:
        large.write((",".join(pq.read_schema(SHIPPED).names) + "\n").encode())
        for _ in range(5_000_000 // pq.read_metadata(SHIPPED).num_rows + 1):
            large.write(rows.read_bytes())
    process, _ = start("load", data=str(folder / "large.csv"))
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert "5,026,813 rows, 10 columns" in said
    assert used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) < MOST_BYTES
    assert list(tmp_path.glob("tmp/*")) == []


@pytest.mark.slow
def test_a_load_that_is_killed_leaves_no_half_table(
    start: Callable[..., Started], step: Callable[..., Result], folder: Path
) -> None:
    """At any moment between its first file and its end."""
    lines = ["x,y,label", *(f"{n},{n / 7},{'ab'[n % 2]}" for n in range(400_000))]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = {"data": str(folder / "t.csv"), "target": "label", "drop": "", "categorical": ""}
    process, _ = start("load", **given)
    spool = folder.parent / "tmp"
    while process.poll() is None and not list(spool.rglob("spool")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert list(folder.glob("artifacts/*/artifacts/table/*")) == []
    assert list(spool.rglob("table.parquet")) == []
    assert step("load", **given).code == 0
