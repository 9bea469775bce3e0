from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.lineage.environment import _installed, environment, environment_differences, whole_environment
from steps.lineage.keys import StepKey, file_fingerprint, step_key
from tests.conftest import PROJECT

KEY = StepKey(
    entry_point="train_rf",
    parameters={"cv": 5, "max_depth": (None, 16), "scoring": "accuracy"},
    seed=0,
    inputs={"split": "a", "other": "b"},
    source={"steps/train_rf.py": "1", "steps/forest/search.py": "2"},
    environment={"python": "3.11.7", "numpy": "2.4.0"},
)


@pytest.mark.parametrize(
    ("component", "changed"),
    [
        ("entry_point", {"entry_point": "train_rf_kmeans"}),
        ("parameters", {"parameters": {**KEY.parameters, "cv": 6}}),
        ("parameters", {"parameters": {**KEY.parameters, "max_depth": (16, None)}}),
        ("parameters", {"parameters": {"cv": 5}}),
        ("seed", {"seed": 1}),
        ("inputs", {"inputs": {"split": "a", "other": "c"}}),
        ("inputs", {"inputs": {"other": "b", "split": "a"}}),
        ("source", {"source": {**KEY.source, "steps/forest/search.py": "3"}}),
        ("source", {"source": {**KEY.source, "steps/forest/new.py": "3"}}),
        ("environment", {"environment": {**KEY.environment, "numpy": "2.4.1"}}),
        ("environment", {"environment": {**KEY.environment, "python": "3.11.8"}}),
        ("environment", {"environment": {**KEY.environment, "platform": "Darwin arm64"}}),
    ],
)
def test_each_component_alone_changes_the_key_and_its_own_digest(component: str, changed: dict) -> None:
    other = replace(KEY, **changed)
    assert other.digest != KEY.digest
    assert {name for name in KEY.digests if KEY.digests[name] != other.digests[name]} == {component}


def test_the_key_is_the_same_forever() -> None:
    assert KEY.digest == "1bc987cc985c1c40f524a0691797068c82f8a79ab87d3d0096a4cd869567b6ee"


@given(st.permutations(list(KEY.parameters)), st.permutations(list(KEY.source)), st.permutations(list(KEY.environment)))
def test_orders_that_mean_nothing_change_nothing(parameters: list, source: list, environment: list) -> None:
    shuffled = replace(
        KEY,
        parameters={name: KEY.parameters[name] for name in parameters},
        source={name: KEY.source[name] for name in source},
        environment={name: KEY.environment[name] for name in environment},
    )
    assert shuffled.digest == KEY.digest


def key_in(project: Path, **variables: str) -> str:
    """Return the key of load in a project, as another process computes it."""
    code = "from steps.lineage.keys import step_key; print(step_key('load', {'target': 'x'}, {'data': 'a'}).digest)"
    environment = {**os.environ, **variables}
    return subprocess.check_output([sys.executable, "-c", code], cwd=project, env=environment, text=True).strip()


def test_the_clone_the_user_and_other_files_decide_nothing_and_the_steps_own_do(clone: Path) -> None:
    first = key_in(PROJECT)
    for name in ("README.md", "steps/evaluate.py", "steps/forest/search.py", "tests/tables.py"):
        with (clone / name).open("a", encoding="utf-8") as file:
            file.write("# More.\n")
    assert key_in(clone, USER="somebody", LOGNAME="somebody", HOME="/nowhere", TZ="Asia/Tokyo") == first
    with (clone / "steps" / "table" / "clean.py").open("a", encoding="utf-8") as file:
        file.write("# More.\n")
    assert key_in(clone) != first


def test_places_and_threads_decide_nothing() -> None:
    parameters = {"split": "runs:/1/split", "n_jobs": 1, "cv": 5, "seed": 0}
    first = step_key("train_rf", parameters, {"split": "a"})
    assert first.digest == step_key("train_rf", parameters | {"split": "/x", "n_jobs": -1}, {"split": "a"}).digest
    assert first.parameters == {"cv": 5}
    assert first.seed == 0


def test_after_load_the_target_is_only_held_against_the_input() -> None:
    split = {"split": "a"}
    keys = [step_key("train_rf", {"target": target}, split).digest for target in ("", "label")]
    assert keys[0] == keys[1]
    data = {"data": "a"}
    assert step_key("load", {"target": "x"}, data).digest != step_key("load", {"target": "y"}, data).digest


def test_the_environment_names_python_the_platform_and_the_locked_packages() -> None:
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == version("numpy")
    assert "ruff" not in found


def test_all_locked_packages_are_among_the_recorded_ones() -> None:
    assert set(environment()) - {"python", "platform"} <= set(whole_environment()["packages"])


def test_the_first_of_two_installations_counts_and_one_half_removed_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = {"broken-1.0": None, "nameless-1.0": "Version: 1.0\n", "numpy-0.1": "Name: numpy\nVersion: 0.1\n"}
    for name, text in stale.items():
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        if text:
            (folder / "METADATA").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    _installed.cache_clear()
    packages = whole_environment()["packages"]
    assert packages["numpy"] == version("numpy")
    assert not {"broken", "nameless"} & packages.keys()


def test_differences_of_environments_are_said() -> None:
    now = {"python": "3.11.7", "platform": "Linux", "cpu": "A", "cpus": 2, "packages": {"a": "1", "b": "1"}}
    before = {**now, "cpus": 8, "packages": {"a": "2", "c": "1"}}
    assert environment_differences(before, now) == [
        "number of CPUs 8 → 2",
        "package a 2 → 1",
        "package b not installed → 1",
        "package c 1 → not installed",
    ]


def test_the_bytes_and_the_suffixes_make_a_files_fingerprint(tmp_path: Path) -> None:
    def fingerprint(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return file_fingerprint(path)

    first = fingerprint("t.csv", b"a")
    assert first == fingerprint("other.CSV", b"a") == fingerprint("t.2024.csv", b"a")
    assert len({first, fingerprint("t.csv", b"b"), fingerprint("t.tsv", b"a"), fingerprint("t.csv.gz", b"a")}) == 4


def test_what_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Got no file .*no\.csv, expected the data there"):
        file_fingerprint(tmp_path / "no.csv")


def test_the_files_of_a_folder_make_its_fingerprint(tmp_path: Path) -> None:
    seen = set()
    for files in ({"a": b"1", "b": b"2"}, {"a": b"2", "b": b"1"}, {"a": b"1"}, {"a": b"1", "c": b"2"}):
        folder = tmp_path / str(len(seen))
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        seen.add(file_fingerprint(folder))
    assert len(seen) == 4
