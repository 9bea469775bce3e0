"""The card's own sentences: that they read well, and what becomes of names and numbers that are many or odd."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings

from steps.model_card.facts import facts_of
from steps.model_card.names import quoted
from steps.model_card.prose import deterministic
from steps.model_card.told import told
from tests.model_card.evidences import can_be_named, evidences
from tests.model_card.shipped import FACTS, SHIPPED
from tests.model_card.test_checker_twists import k_means_better

COLUMNS = "`year`, `month`, `day`, `plot_id`, `plot_type`, `sex`, `hindfoot_length` and `weight`"
READS = {
    "details": """
`train_rf` is a random forest.
The model predicts `species_id`, which has 14 classes.
The model is version 1 of `grove`.
The model was trained on `2026-11-28`.
The seed is 0.
The hyperparameters of `train_rf` are `n_estimators=50`, `max_features=0.3`, `max_depth=none` and `min_samples_leaf=3`.
""",
    "use": f"""
The model predicts `species_id` from {COLUMNS}.
What the model is intended for is not recorded.
Who the users are is not recorded.
""",
    "training_data": """
The table has 33,737 rows.
The training data has 27,005 rows.
No rows were left out.
The columns `year`, `month`, `day`, `hindfoot_length` and `weight` are numeric.
The columns `plot_id`, `plot_type` and `sex` are categorical.
The column `record_id` is left out for the reason `named in drop`.
Of the columns used, `hindfoot_length` has the highest share of missing values: 0.0808.
""",
    "analyses": """
`train_rf_kmeans` adds cluster features to the forest.
In cross-validation, `train_rf` has a `balanced_accuracy` of 0.7740, and `train_rf_kmeans` has 0.7717.
On the holdout, `train_rf` has a `balanced_accuracy` of 0.7678, and `train_rf_kmeans` has 0.7685.
Whether `train_rf_kmeans` is better than `train_rf` is not decided.
The difference of `train_rf_kmeans` to `train_rf` in cross-validated `balanced_accuracy` is -0.0023.
The 95 % interval of the difference of `train_rf_kmeans` to `train_rf` in cross-validated `balanced_accuracy` is \
-0.0183 to 0.0136.
`train_rf` is the winner of the comparison.
""",
    "caveats": """
`train_rf` has its lowest `recall` for the class `PM`: 0.3833.
The class `PM` has 180 rows of the holdout.
`train_rf` has its lowest `balanced_accuracy` for the slice `plot_type=Long-term Krat Exclosure`: 0.7215.
The slice `plot_type=Long-term Krat Exclosure` has 947 rows of the holdout.
The holdout is split from the table.
How the rows were collected is not recorded.
What the ethical risks are is not recorded.
Scores on other data are not known.
""",
}


def _said(evidence: dict[str, Any]) -> dict[str, list[str]]:
    return deterministic(evidence, facts_of(evidence))


@pytest.mark.parametrize("section", READS)
def test_the_shipped_card_reads_like_one(section) -> None:
    assert _said(SHIPPED)[section] == READS[section].strip().split("\n")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("not asked", "not asked", "not asked"), ["No gate check was asked."]),
        (
            ("passed", "not asked", "passed"),
            [
                "The model passed the gate.",
                "The gate checks `a` and `c` passed.",
                "The gate check `b` was not asked.",
            ],
        ),
        (
            ("failed", "not asked", "not asked"),
            [
                "The model failed the gate.",
                "The gate check `a` failed.",
                "The gate checks `b` and `c` were not asked.",
            ],
        ),
        ((), []),
    ],
)
def test_a_gate_is_passed_only_where_it_asked(answers, said) -> None:
    evidence = copy.deepcopy(SHIPPED)
    evidence["gate"] = {name: f"{answer}: so it is" for name, answer in zip("abc", answers, strict=False)}
    assert [each for each in _said(evidence)["metrics"] if "gate" in each] == said


def test_a_winner_with_clusters_is_said_to_have_them_once() -> None:
    said = _said(k_means_better())
    assert said["details"][1] == "`train_rf_kmeans` adds cluster features to the forest."
    assert said["analyses"][2] == (
        "`train_rf_kmeans` is better than `train_rf` in cross-validated `balanced_accuracy`."
    )
    assert [each for sentences in said.values() for each in sentences].count(said["details"][1]) == 1


def test_many_columns_are_counted_and_long_names_get_sentences_of_their_own() -> None:
    evidence = copy.deepcopy(SHIPPED)
    column = {"role": "numeric", "type": "number", "missing": None}
    evidence["data"]["columns"] += [{"name": f"column {number}", **column} for number in range(8)]
    said = _said(evidence)
    assert "The model uses 16 columns." in said["use"] and "13 columns are numeric." in said["training_data"]
    names = [f"{number} {'a ' * 30}" for number in range(3)]
    evidence["data"]["columns"] = [{"name": name, **column} for name in names]
    said = _said(evidence)
    assert said["use"][:3] == [f"The model uses the column {quoted(name)}." for name in names]


def test_a_sample_and_rows_that_were_left_out_are_told() -> None:
    evidence = copy.deepcopy(SHIPPED)
    evidence["verdict"]["sample"] = {"rows": 500, "of": 900}
    evidence["data"]["left_out_rows"] = {"no target": 3, "rare class": 1}
    said = _said(evidence)["training_data"]
    assert "The training rows are a sample of 500 rows." in said
    assert "For the reason `no target`, 3 rows were left out." in said
    assert "For the reason `rare class`, 1 row was left out." in said


@settings(max_examples=20)
@given(evidences())
def test_each_class_and_column_that_can_be_named_is_named(evidence) -> None:
    said = _said(evidence)
    columns = [column["name"] for column in evidence["data"]["columns"]]
    for name in evidence["data"]["left_out_columns"]:
        if can_be_named(name, columns):
            assert any(quoted(name) in each for each in said["training_data"]), name
    labels = list(evidence["data"]["classes"]["training"])
    for label in labels:
        if can_be_named(label, labels) and can_be_named(columns[0], columns):  # the first is the target
            assert any(quoted(label) in each for each in said["factors"]), label


def test_a_model_is_told_more_than_the_card_says_itself() -> None:
    known, own = told(SHIPPED, FACTS), deterministic(SHIPPED, FACTS)
    assert all(known[key][: len(own[key])] == own[key] for key in own)
    more = {sentence for sentences in known.values() for sentence in sentences}
    assert "`train_rf` has a `recall` of 0.9726 for class `PB` on the holdout." in more
    assert "The probability that the models are equivalent is 0.8238." in more
    assert "5 columns are numeric." in more and "`train_rf` has the hyperparameter `n_estimators=50`." not in more
    text = " ".join(more)
    for key in ("commit", "repository", "data_fingerprint"):
        assert SHIPPED["provenance"][key] not in text
    assert not any(run_id in text for run_id in SHIPPED["provenance"]["runs"].values())
