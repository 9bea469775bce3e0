from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from steps.lineage.source import PROJECT, code_files, source_files
from tests.conftest import MLPROJECT


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_a_step_reaches_itself_and_its_packages_and_no_other_step(entry_point: str) -> None:
    found = source_files(entry_point)
    own = PROJECT / "steps" / f"{entry_point}.py"
    assert found[f"steps/{entry_point}.py"] == hashlib.sha256(own.read_bytes()).hexdigest()
    assert "steps/lineage/__init__.py" in found
    assert [name for name in found if name.count("/") == 1] == [f"steps/{entry_point}.py"]
    assert list(found) == sorted(found)


def test_imports_of_imports_are_reached() -> None:
    found = set(source_files("train_rf"))
    assert {"steps/training/trainer.py", "steps/forest/search.py", "steps/forest/__init__.py"} <= found
    assert "steps/forest/clusters.py" in source_files("train_rf_kmeans")
    assert "steps/forest/clusters.py" not in found


def test_a_template_is_part_of_the_module_that_it_lies_beside(clone: Path) -> None:
    before, edited = source_files("reproduce", clone), code_files(clone)
    template = "steps/report/page.html"
    assert {template, "steps/report/page.py"} <= before.keys()
    with (clone / template).open("a", encoding="utf-8") as file:
        file.write("<!-- edited -->")
    after = source_files("reproduce", clone)
    assert {name for name in before if before[name] != after[name]} == {template}
    assert code_files(clone)[template] != edited[template]
    assert not [name for name in source_files("history", clone) if name.endswith(".html")]


@pytest.mark.parametrize("entry_point", ["load", "preprocess"])
def test_what_comes_before_the_forest_does_not_reach_it(entry_point: str) -> None:
    assert not [name for name in source_files(entry_point) if name.startswith("steps/forest")]


@pytest.mark.parametrize("name", ["extra.py", "extra/__init__.py", "extra/inner.py"])
def test_code_that_nothing_watches_is_refused(clone: Path, name: str) -> None:
    (clone / name).parent.mkdir(exist_ok=True)
    (clone / name).write_text("SCALE = 1\n", encoding="utf-8")
    with (clone / "steps" / "table" / "split.py").open("a", encoding="utf-8") as code:
        code.write("\nimport extra\n")
    for entry_point, refused in (("preprocess", True), ("evaluate", False)):
        code = f"from steps.lineage.source import source_files; source_files({entry_point!r})"
        done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == refused, done.stderr
        assert ("ValueError: Got the module extra beside steps/, which preprocess imports" in done.stderr) == refused
