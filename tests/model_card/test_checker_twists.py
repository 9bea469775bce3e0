"""Sentences of which each word is in the evidence, and that a reader understands as something else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from tests.model_card.shipped import FACTS, SHIPPED

UNDECIDED = """
`train_rf_kmeans` is better with a probability of 0.049, and `train_rf` is better.
It is not decided whether the forest helps.
It is unclear whether `train_rf` is a forest.
Its holdout `accuracy` is 0.8458.
It is the winner of the comparison.
This is the champion.
They are random forests.
`species_id` predicts the classes.
The column `species_id` predicts the target.
The features predict the column `weight`.
The model predicts the numeric column `weight`.
The model predicts the categorical column `sex`.
The model predicts 8 features.
The model predicts 8 columns.
The class `PM` is the smallest.
The class `PB` is the largest.
The class `PM` has the smallest share of the holdout.
`grove` has 1 versions.
There are 1 versions of `grove`.
The model passed the gate.
`train_rf` wins with a holdout `balanced_accuracy` of 0.7678.
`train_rf` wins against `train_rf_kmeans`, which has a holdout `balanced_accuracy` of 0.7685.
`train_rf` won on the holdout.
The target uses 8 columns.
`species_id` uses 8 columns.
The best class is `PB`.
The class `PM` is the worst.
The column `sex` has missing values in 3.38 % of the columns.
`train_rf` is a tree.
`train_rf_kmeans` is a cluster.
""".strip().split("\n")

K_MEANS_BETTER = """
Compared to `train_rf_kmeans`, `train_rf` is better.
Against `train_rf_kmeans`, `train_rf` is better.
Better than `train_rf_kmeans` is `train_rf`.
Than `train_rf_kmeans`, better is `train_rf`.
The forest wins.
The random forest won the comparison.
""".strip().split("\n")


def k_means_better() -> dict[str, Any]:
    """Return the evidence of the shipped run, had k-means been better."""
    evidence = copy.deepcopy(SHIPPED)
    evidence["verdict"] |= {"outcome": "k-means better", "winner": "train_rf_kmeans"}
    return evidence


@pytest.mark.parametrize("sentence", UNDECIDED)
def test_what_is_read_as_something_else_is_cut(sentence: str) -> None:
    assert check(sentence, FACTS).why is not None


@pytest.mark.parametrize("sentence", K_MEANS_BETTER)
def test_a_comparison_that_is_turned_round_is_cut(sentence: str) -> None:
    facts = facts_of(k_means_better())
    assert check("`train_rf_kmeans` is better than `train_rf`.", facts).why is None
    assert check(sentence, facts).why is not None


def test_a_word_that_points_to_another_sentence_is_named() -> None:
    assert check("It is the winner.", FACTS).why == "“It” may be any of those named before: begin with the name"
    assert check("It is not decided whether `train_rf_kmeans` is better.", FACTS).why is None


COLUMNS = "`year`, `month`, `day`, `plot_id`, `plot_type`, `sex`, `hindfoot_length` and `weight`"


@pytest.mark.parametrize(
    "sentence",
    [
        "The model predicts `species_id` from `weight`.",
        f"The model predicts `weight` from `species_id`, {COLUMNS}.",
        f"From `species_id` the model predicts {COLUMNS}.",
        f"The model predicts from `species_id` {COLUMNS}.",
        f"The model predicts {COLUMNS} from `species_id`.",
        f"The model predicts `species_id` and {COLUMNS}.",
        f"The model predicts `species_id`, from which {COLUMNS}.",
        f"The model does not predict `species_id` from {COLUMNS}.",
        f"The classes predict `species_id` from {COLUMNS}.",
        "The table is split from the holdout.",
        "Of the columns used, `weight` has the highest share of missing values: 0.0808.",
        "The column `weight` has the highest share of missing values: 0.0560.",
    ],
)
def test_what_is_predicted_from_what_is_not_turned_round(sentence: str) -> None:
    assert check(f"The model predicts `species_id` from {COLUMNS}.", FACTS).why is None
    assert check(sentence, FACTS).why is not None
