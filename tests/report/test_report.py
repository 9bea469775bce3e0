from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from steps.report import figures
from steps.report.report import OF_ALL, Data, Provenance, report
from steps.table.schema import Column, Schema
from tests.report.test_evidence import FOUND

DOT = figures.class_balance({"a": 1})
DATA = Data(
    source="<data>.csv",
    schema=Schema((Column("x", "number", "numeric", "its values are numbers"), Column("y", "text", "target", ""))),
    missing={"x": 0.25},
    sides={"training": {"a": 3000, "b": 1}, "holdout": {"a": 999}},
    left_out={"no target": 500},
    notes=["Noticed <this>"],
)
PROVENANCE = Provenance(
    facts={"commit": "c0ffee, with changes"}, runs=[("load", "0123abcd", "")], commands=["mlflow run .", "twice"]
)


def verdict(*models: str, **more: Any) -> dict[str, Any]:
    model = {
        "cv_mean": 0.5,
        "cv_std": 0.25,
        "holdout": {"accuracy": 0.125},
        "holdout_intervals": {"accuracy": (0.0, 0.25)},
        "best": {"max_depth": "none"},
        "candidates": 8,
    }
    on_holdout = {"difference": None, "low": None, "high": None, "mcnemar_p_value": 1.0}
    on_holdout |= {"only_challenger_right": 1, "only_baseline_right": 2}
    return {
        "winner": models[0],
        "outcome": "not decided",
        "sentence": "Whether <k-means> helps is not decided.",
        "scoring": "accuracy",
        "target": "y",
        "rope": 0.01,
        "min_probability": 0.95,
        "data_fingerprint": "f1",
        "comparisons": {name: {**FOUND, "p_value": 0.5, "holdout": on_holdout} for name in models[1:]},
        "models": dict.fromkeys(models, model),
        "ablation": [
            {"model": name, "features": None, "candidates": 8, "score": 0.5, "rows": None, "comparison": None}
            for name in models
        ],
        "classes": [part("y", "a", models) | {"intervals": dict.fromkeys(models, (0.25, 0.75))}],
        "slices": [part("x", "b", models)],
        "small_slices": [],
        **more,
    }


def part(column: str, value: str, models: Sequence[str]) -> dict[str, Any]:
    return {"column": column, "value": value, "rows": 999, "scores": dict.fromkeys(models, 0.5)}


def shown(verdict: dict[str, Any], pictures: dict, **more: Any) -> str:
    taken = {name: {"fit_seconds": 1.0, "predict_seconds": 0.5, "model_bytes": 10} for name in verdict["models"]}
    seconds = [{"fit_seconds": 1.5, "score_seconds": 0.25}] * len(verdict["ablation"])
    given = {"taken": taken, "cost_sentence": "rf_kmeans costs 2.00 times", "seconds": seconds, "cluster_shares": {}}
    return report(verdict, pictures, **{**given, "data": DATA, "provenance": PROVENANCE, **more})


def test_the_verdict_comes_first_and_then_what_it_stands_on() -> None:
    html = shown(verdict("rf", "rf_kmeans"), {})
    assert '<header class="">\n<h1>rf wins</h1>\n<p>Whether &lt;k-means&gt; helps is not decided.</p>' in html
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", html) == [
        "Comparison",
        "What clustering adds, and costs",
        "Where the models are weak",
        "Scores over the grid",
        "Confusion matrices",
        "Curves",
        "Calibration",
        "Importances",
        "Clusters",
        "Data",
        "Provenance",
    ]
    assert html.count("<p>The runs have no such picture.</p>") == 7
    costs = html.partition('id="what-clustering-adds-and-costs"')[2].partition("<h2")[0]
    assert "<p>rf_kmeans costs 2.00 times</p>" in costs and "0.25 to score" in costs
    assert '<header class="calm">' in shown(verdict("rf", "rf_kmeans", outcome="practically equivalent"), {})


def test_pictures_are_shown_by_kind_for_each_model_and_unknown_ones_are_not() -> None:
    names = [("rf_kmeans", "cluster_map"), ("rf", "roc_curves"), ("rf_kmeans", "precision_recall_curves")]
    names += [("rf_kmeans", "roc_curves"), (OF_ALL, "paired_folds"), ("rf", "my_own"), ("other", "roc_curves")]
    html = shown(verdict("rf", "rf_kmeans"), dict.fromkeys(names, DOT))
    assert re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]*)"', html) == [
        "The scores in each fold, and on the holdout",
        "rf: true over false positive rates of each class",
        "rf_kmeans: true over false positive rates of each class",
        "rf_kmeans: precision over recall of each class",
        "rf_kmeans: the rows on their first two principal components, by cluster and by class",
    ]


def test_the_data_and_where_all_comes_from() -> None:
    html = shown(verdict("rf", "rf_kmeans"), {}, cluster_shares={"rf_kmeans": 0.125})
    seen = re.sub(r"\s*<[^>]*>\s*", "|", html)
    for text in (
        "|4,500 rows, from &lt;data&gt;.csv; 4,000 of them are used.|",
        "|no target||500||",
        "|a||3,000||999||3,999||100.0%||",
        "|x||number||numeric||25.0%||",
        "|Noticed &lt;this&gt;|",
        "|commit||c0ffee, with changes||",
        "|load||0123abcd||",
        "|mlflow run .\ntwice|",
        "12.5% goes to those from k-means.",
    ):
        assert text in seen, text
    assert "does not follow these links" not in html


def test_runs_of_a_server_are_linked() -> None:
    runs = [("load", "0123abcd", "http://localhost/#/experiments/0/runs/0123abcd")]
    html = shown(verdict("rf", "rf_kmeans"), {}, provenance=Provenance({}, runs, []))
    assert (
        '<a href="http://localhost/#/experiments/0/runs/0123abcd" target="_blank" rel="noopener">0123abcd</a>' in html
    )
    assert "does not follow these links" in html


def hard_pictures(models: list[str], classes: list[str], render: Callable[[Figure], bytes]) -> dict:
    """Return all pictures of a table with noise in all columns, many classes and long names."""
    random = np.random.default_rng(0)
    n = len(classes)
    x = np.linspace(0, 1, 500)
    curves = {label: (x, random.random(500), float(random.random())) for label in classes}
    columns = [f"column {i} {'long' * 100}" for i in range(300)]
    importances = pd.DataFrame({"column": columns, "mean": random.normal(size=300), "std": random.random(300)})
    grid = pd.DataFrame(
        {
            **{name: random.integers(0, 12, 1000) for name in ("a", "b", "c", "d", "e", "f")},
            "mean_score": random.random(1000),
            "std_score": random.random(1000) / 10,
        }
    )
    grid["rank"] = grid["mean_score"].rank(ascending=False, method="first").astype(int)
    calibrated = pd.DataFrame({"confidence": x[::50], "accuracy": random.random(10), "rows": 10})
    drawn: dict = {
        (OF_ALL, "paired_folds"): figures.paired_folds(
            {model: random.random(50) for model in models}, dict.fromkeys(models, 0.5), "accuracy"
        ),
        (OF_ALL, "calibration_curves"): figures.calibration_curves(dict.fromkeys(models, calibrated)),
        (OF_ALL, "compared_importances"): figures.compared_importances(dict.fromkeys(models, importances)),
    }
    shares = pd.DataFrame(random.dirichlet(np.ones(n), 64), columns=classes)
    points = (random.normal(size=(20_000, 2)), random.integers(0, 64, 20_000), np.array(classes)[np.arange(20_000) % n])
    of_each = {
        "score_over_grid": figures.score_over_grid(grid, list("abcdef"), "accuracy"),
        "confusion_matrix": figures.confusion_matrix(random.integers(0, 500, (n, n)), classes, "a model"),
        "roc_curves": figures.roc_curves(curves, "a model"),
        "precision_recall_curves": figures.precision_recall_curves(curves, "a model"),
        "cluster_map": figures.cluster_map(*points, (0.5, 0.25)),
        "classes_in_clusters": figures.classes_in_clusters(shares),
    }
    pngs = {name: render(figure) for name, figure in of_each.items()}
    return drawn | {(model, name): png for name, png in pngs.items() for model in models}


def test_it_has_less_than_two_megabytes_even_for_a_hard_table(render: Callable[[Figure], bytes]) -> None:
    models = ["train_rf", "train_rf_kmeans"]
    classes = [f"class {i} {'long' * 100}" for i in range(100)]
    columns = [Column(f"column {i} {'long' * 100}", "text", "categorical", "named") for i in range(5000)]
    data = Data(
        source="hard.csv",
        schema=Schema((*columns, Column("y", "text", "target", "named as target"))),
        missing={},
        sides={"training": dict.fromkeys(classes, 100), "holdout": dict.fromkeys(classes, 10)},
        left_out={},
        notes=[f"Column {'long' * 100} is left out"] * 5000,
    )
    parts = [part("long" * 100, label, models) for label in classes]
    html = shown(verdict(*models, slices=parts), hard_pictures(models, classes, render), data=data)
    assert html.count("<img ") == 15
    assert len(html.encode()) < 2_000_000
