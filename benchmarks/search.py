"""What Grove's search costs, against scikit-learn's GridSearchCV with the same pipeline, candidates and folds."""

from __future__ import annotations

import json
import sys

import click
import numpy as np
from measure import Measured, in_turns, print_ratio

REFERENCE = {"n_estimators": "100,200,400", "max_features": "sqrt,0.5", "min_samples_leaf": "1,3"}
KMEANS = {"n_clusters": "8,16", "cluster_features": "distances,label"}
GRIDS = {"train_rf": REFERENCE, "train_rf_kmeans": REFERENCE | KMEANS}
TREES = 400 / 700
"""Of the reference grid: those that must be grown, in relation to all."""
SMALL = 2_000
TOLERANCE = 1e-12


def asked(side: str, trainer: str, **more: object) -> list[str]:
    """Return the command of one search."""
    text = json.dumps({"side": side, "trainer": trainer, **more})
    return [sys.executable, "-m", "benchmarks.search_once", text]


def compare(title: str, first: dict[str, object], second: dict[str, object], repeats: int, limit: float) -> None:
    """Measure two searches that must find the same, and print the ratio of their costs."""
    names = [str(side.pop("name")) for side in (first, second)]
    measured = in_turns(dict(zip(names, (asked(**first), asked(**second)), strict=True)), repeats)
    print_ratio(title, measured, limit)
    check_scores(measured)


def check_scores(measured: dict[str, Measured]) -> None:
    """Raise click.ClickException unless both sides found the same scores; else they did not do the same work."""
    one, other = (np.array(json.loads(side.output.splitlines()[-1])) for side in measured.values())
    if one.shape != other.shape or not np.allclose(one, other, rtol=0, atol=TOLERANCE):
        raise click.ClickException(f"Got other scores from {' and '.join(measured)}, expected the same from both.")
