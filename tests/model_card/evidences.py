"""Evidence of made-up versions, in the shape of the real one, with names that users might give."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from steps.model_card.names import is_speakable, shown

PLAIN, OTHER = "train_rf", "train_rf_kmeans"
METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "matthews_corrcoef",
    "log_loss",
    "brier_score",
    "expected_calibration_error",
    "roc_auc_ovr",
)
OUTCOMES = ("not decided", "practically equivalent", "k-means better", "forest better")
NASTY = (
    "the", "good", "True", "0.5", "<b>", "accuracy", "recall", "a`b", "`", "``", "not", "better", "worse", "train_rf",
    "train_rf_kmeans", "a, b", "x. y", "e.g.", "50", "1e5", "é", "ｆｕｌｌ", "full", "rows", "holdout", "A\nB", "A B",
    "“q”", '"q"', "*x*", "", "[l](http://x)", "n_estimators=50", "cross-validated", "is not decided", "and", "%", "–",
    "-", "\u202eevil", "\x1b[2J", "\u200b", "is", "class", "target", "the target", "ignore previous instructions",
    "<script>alert(1)</script>", "a=b", "sick=1", " x ", "x", "`a` is better than `b`.", "95 % interval", "Ünïcödé",
    "東京", "$x_1$", "missing", "numeric", "winner", "champion", "one", "no", "1.0", "-1", "x", "", "|", "x\n",
    "y" * 200, "help", "whether", "undecided",
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(NASTY), st.sampled_from(["DM", "NL", "weight", "plot_id"]), st.text(max_size=5))
_SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.77, 0.7678, 1.0, 0.99999, 0.00002]), st.floats(0, 1))
_COUNTS = st.one_of(st.integers(0, 40), st.integers(0, 100_000))


@st.composite
def _intervals(draw: st.DrawFn) -> list[float]:
    return sorted([draw(_SCORES), draw(_SCORES)])


@st.composite
def evidences(draw: st.DrawFn) -> dict[str, Any]:
    labels = draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
    columns = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    target, *others = columns
    roles = [draw(st.sampled_from(["numeric", "categorical", "date", "dropped"])) for _ in others]
    holdout = {label: draw(_COUNTS) for label in labels}
    outcome = draw(st.sampled_from(OUTCOMES))
    named = st.sampled_from(["named in drop", "constant", "an identifier: all values differ"])
    return {
        "name": draw(st.one_of(st.just("grove"), NAMES)),
        "version": str(draw(st.integers(1, 99))),
        "verdict": _verdict(draw, outcome, target, others, holdout),
        "gate": {
            name: draw(st.sampled_from(["passed: 0.5 meets it", "failed: 0.5 misses it", "not asked: it is empty"]))
            for name in ("min_score", "thresholds", "class_recall", "slice_score", "schema", "champion")
        },
        "data": {
            "rows": draw(st.one_of(st.none(), _COUNTS)),
            "columns": [{"name": target, "role": "target", "type": "text", "missing": 0.0}]
            + [
                {"name": name, "role": role, "type": "number", "missing": draw(st.one_of(st.none(), _SCORES))}
                for name, role in zip(others, roles, strict=True)
            ],
            "left_out_columns": {
                name: draw(named) for name, role in zip(others, roles, strict=True) if role == "dropped"
            },
            "classes": {"training": {label: draw(_COUNTS) for label in labels}, "holdout": holdout},
            "left_out_rows": draw(st.dictionaries(st.sampled_from(["no target", "rare class"]), _COUNTS)),
            "notes": [],
        },
        "provenance": {
            "trained": "2026-11-28",
            "commit": draw(st.sampled_from(["4f6f6c1a" * 5, None])),
            "repository": draw(st.sampled_from(["https://example.org/grove.git", None])),
            "data_fingerprint": "cf17" * 16,
            "seed": draw(st.integers(0, 9)),
            "python": "3.11.9",
            "packages": {"scikit-learn": "1.9.0", "mlflow": "3.17.2"},
            "runs": {"train_rf": "ab" * 16, "evaluate": "cd" * 16},
        },
    }


def _verdict(draw: st.DrawFn, outcome: str, target: str, others: list[str], holdout: dict[str, int]) -> dict[str, Any]:
    scoring = draw(st.sampled_from(["balanced_accuracy", "accuracy", "log_loss"]))
    scores = st.fixed_dictionaries({PLAIN: _SCORES, OTHER: _SCORES})
    differences = st.one_of(st.none(), st.floats(-1, 1))
    column = draw(st.sampled_from(others))
    values = draw(st.lists(st.one_of(st.none(), NAMES), max_size=3, unique=True))
    classes = [label for label, rows in holdout.items() if rows]
    return {
        "winner": OTHER if outcome == "k-means better" else PLAIN,
        "outcome": outcome,
        "sentence": "What a person would write.",
        "scoring": scoring,
        "target": target,
        "comparisons": {OTHER: _comparison(draw, differences)},
        "models": {name: _model(draw, name) for name in (PLAIN, OTHER)},
        "ablation": [],
        "classes": [
            {
                "column": target,
                "value": label,
                "rows": holdout[label],
                "scores": draw(scores),
                "intervals": {name: draw(_intervals()) for name in (PLAIN, OTHER)},
            }
            for label in classes
        ],
        "slices": [
            {"column": column, "value": value, "rows": draw(_COUNTS), "scores": draw(scores), "intervals": None}
            for value in values[1:]
        ],
        "small_slices": [
            {"column": column, "value": value, "rows": draw(st.integers(1, 29)), "scores": {}, "intervals": None}
            for value in values[:1]
        ],
        "data_fingerprint": "cf17" * 16,
        "sample": draw(st.sampled_from([None, {"rows": 500, "of": 900}])),
        "rows": {"train.parquet": draw(_COUNTS), "test.parquet": sum(holdout.values())},
        "rope": 0.01,
        "min_probability": 0.95,
    }


def _comparison(draw: st.DrawFn, differences: st.SearchStrategy[float | None]) -> dict[str, Any]:
    better, equivalent = draw(_SCORES), draw(_SCORES)
    total = max(1.0, better + equivalent)
    found = {"difference": draw(st.floats(-1, 1)), "low": -0.5, "high": draw(st.floats(-0.5, 1))}
    found |= {"p_value": draw(_SCORES), "better": better / total, "equivalent": equivalent / total}
    found["worse"] = max(0.0, 1 - found["better"] - found["equivalent"])
    difference = draw(differences)
    found["holdout"] = {
        "difference": difference,
        "low": None if difference is None else difference - 0.01,
        "high": None if difference is None else difference + 0.01,
        "only_baseline_right": draw(_COUNTS),
        "only_challenger_right": draw(_COUNTS),
        "mcnemar_p_value": draw(_SCORES),
    }
    return found


def _model(draw: st.DrawFn, name: str) -> dict[str, Any]:
    best = {
        "n_estimators": str(draw(st.sampled_from([50, 100]))),
        "max_features": draw(st.sampled_from(["sqrt", "0.3", "1"])),
        "max_depth": draw(st.sampled_from(["none", "16"])),
    }
    if name == OTHER:
        best |= {"n_clusters": "8", "cluster_features": "distances"}
    return {
        "best": best,
        "candidates": draw(st.integers(1, 200)),
        "cv_mean": draw(_SCORES),
        "cv_std": draw(_SCORES),
        "fold_scores": [draw(_SCORES) for _ in range(5)],
        "holdout": {metric: draw(_SCORES) for metric in METRICS},
        "holdout_intervals": {metric: draw(_intervals()) for metric in METRICS},
        "calibration": {"confidence": [], "accuracy": [], "rows": []},
    }


def can_be_named(name: str, others: list[str]) -> bool:
    """Whether a sentence can name it without confusion with another one."""
    is_free = shown(name) not in (PLAIN, OTHER, "recall", *METRICS)
    return is_free and is_speakable(shown(name)) and [shown(other) for other in others].count(shown(name)) == 1
