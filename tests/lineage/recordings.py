"""Artifacts as two runs of a step might leave them, equal but for stated changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from steps.lineage.artifacts import Artifact
from steps.lineage.comparison import StepComparison, compare_artifacts
from steps.table.manifest import write_manifest
from steps.table.stored import write_table

Content = dict[str, Any]
"""Files, by name, and under None what the manifest says beside them."""

SEARCH: Content = {
    "search.json": {
        "best": {"n_estimators": "50", "max_depth": "none"},
        "candidates": 2,
        "fold_scores": [0.75, 0.5],
        "classes": ["DM", "PP"],
        "cv": 2,
        "seed": 0,
    },
    "candidates.csv": (
        "n_estimators,max_depth,mean_score,std_score,rank,fold_0,fold_1\n"
        "50,,0.625,0.125,1,0.75,0.5\n"
        "100,9,0.5,0.0,2,0.5,0.5\n"
    ),
    "permutation_importances.csv": "column,mean,std\nweight,0.25,0.0\n",
    None: {"model_digest": "a1", "data_fingerprint": "b1", "split_fingerprints": {"train": "c1", "test": "d1"}},
}
VERDICT: Content = {
    "verdict.json": {
        "winner": "train_rf",
        "sentence": "train_rf wins: 0.81",
        "models": {"train_rf": {"holdout": {"accuracy": 0.81, "roc_auc": None}}},
        "data_fingerprint": "b1",
    },
    "card.html": "<p>0.81",
    "predictions.parquet": {"label": ["PP", "PP", "DM"], "train_rf": ["PP", "PP", "PP"]},
}
TABLE: Content = {
    "table.parquet": {"x": [1.5, 2.5, 3.5], "y": ["a", "b", "a"]},
    None: {"fingerprint": "e1", "notes": ["one"], "schema": {"columns": [{"name": "x", "role": "numeric"}]}},
}
SPLIT: Content = {
    "train.parquet": {"x": [1.5, 2.5]},
    "test.parquet": {"x": [3.5]},
    "profile.json": {"columns": {"x": {"edges": [1.5], "counts": [1, 1]}}},
    None: {"fingerprints": {"train": "c1", "test": "d1"}, "left_out": {"no target": 3}, "notes": ["twins"], "seed": 0},
}
KINDS = {"search": SEARCH, "verdict": VERDICT, "table": TABLE, "split": SPLIT}

Change = Callable[[Content], object]


def written(folder: Path, kind: str, content: Content) -> Artifact:
    folder.mkdir()
    for name, value in content.items():
        if name is None:
            continue
        if name.endswith(".parquet"):
            write_table(pa.table(value), folder / name)
        else:
            text = json.dumps(value, indent=2) if name.endswith(".json") else value
            (folder / name).write_text(text, encoding="utf-8")
    about = {
        "kind": kind,
        "step": kind,
        "run_id": folder.name,
        "chain": {kind: folder.name},
        "apart": {"at": str(folder)},
    }
    return Artifact(folder, write_manifest(folder, **about, **content.get(None, {})))


def compared(folder: Path, kind: str, *changes: Change) -> StepComparison:
    recorded = written(folder / "recorded", kind, KINDS[kind])
    content = copy.deepcopy(KINDS[kind])
    for change in changes:
        change(content)
    return compare_artifacts("a_step", kind, recorded, written(folder / "repeated", kind, content))


def set_to(value: Any, *path: Any) -> Change:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


def replaced(name: str, old: str, new: str) -> Change:
    return lambda content: content.update({name: content[name].replace(old, new)})
