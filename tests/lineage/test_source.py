from __future__ import annotations

import hashlib

import pytest

from steps.lineage.source import PROJECT, source_files
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


@pytest.mark.parametrize("entry_point", ["load", "preprocess"])
def test_what_comes_before_the_forest_does_not_reach_it(entry_point: str) -> None:
    assert not [name for name in source_files(entry_point) if name.startswith("steps/forest")]
