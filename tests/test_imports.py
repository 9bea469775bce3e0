"""Imports run one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT


def test_contracts_of_import_linter_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_entry_points_do_not_import_each_other() -> None:
    entry_points = {path.stem for path in (PROJECT / "steps").glob("*.py")}
    for path in (PROJECT / "steps").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name in entry_points:
            assert f"from steps.{name} import" not in text, f"{path.name} imports {name}"
