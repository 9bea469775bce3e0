from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow

from tests import tables
from tests.conftest import MLPROJECT, PROJECT


def test_data_that_changes_while_it_is_read_is_refused(
    folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    """Else the table of the old content would be found under the key of the new."""
    path = folder / "t.csv"
    tables.numeric_binary().to_csv(path, index=False)
    code = (
        "import sys, steps.load as module\n"
        "read = module.read_table\n"
        "def then_change(path, **options):\n"
        "    table = read(path, **options)\n"
        "    path.write_text(path.read_text() + '1,2,3,4,True\\n')\n"
        "    return table\n"
        "module.read_table = then_change\n"
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
