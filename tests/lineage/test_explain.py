from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from steps.lineage.explain import differences
from steps.lineage.keys import StepKey

KEY = StepKey(
    entry_point="train_rf",
    parameters={"n_estimators": (100, 200), "max_depth": (None, 16), "scoring": "accuracy", "drop": ""},
    seed=0,
    inputs={"split": "a", "other": "b"},
    source={"steps/train_rf.py": "1", "steps/forest/search.py": "2"},
    environment={"python": "3.11.7", "numpy": "2.4.0"},
)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"parameters": {**KEY.parameters, "n_estimators": (100, 400)}}, ["parameter n_estimators 100,200 → 100,400"]),
        ({"parameters": {**KEY.parameters, "max_depth": (16,)}}, ["parameter max_depth none,16 → 16"]),
        ({"parameters": {**KEY.parameters, "drop": "a,b"}}, ["parameter drop empty → a,b"]),
        ({"parameters": {**KEY.parameters, "cv": 5}}, ["parameter cv not there → 5"]),
        ({"seed": 1}, ["seed 0 → 1"]),
        ({"seed": None}, ["seed 0 → none"]),
        ({"inputs": {"split": "c", "other": "b"}}, ["split changed"]),
        ({"inputs": {"other": "b", "split": "a"}}, ["the order of its inputs changed"]),
        ({"inputs": {"split": "a"}}, ["other is gone"]),
        ({"source": {**KEY.source, "steps/forest/search.py": "3"}}, ["source steps/forest/search.py changed"]),
        ({"source": {**KEY.source, "steps/forest/new.py": "3"}}, ["source steps/forest/new.py is new"]),
        ({"environment": {**KEY.environment, "numpy": "2.5.0"}}, ["environment numpy 2.4.0 → 2.5.0"]),
        ({"seed": 1, "inputs": {"split": "c", "other": "b"}}, ["seed 0 → 1", "split changed"]),
        ({}, []),
    ],
)
def test_each_difference_is_said(changed: dict[str, Any], said: list[str]) -> None:
    # What was recorded comes back as JSON, with lists in the place of tuples.
    before = json.loads(json.dumps(KEY.components))
    assert differences(before, replace(KEY, **changed).components) == said
