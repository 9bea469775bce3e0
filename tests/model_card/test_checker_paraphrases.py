"""What a truthful model writes of the shipped run, in words of its own."""

from __future__ import annotations

import pytest

from steps.model_card.checker import check
from tests.model_card.shipped import FACTS

TRUE = """
The registered model is a random forest.
`train_rf` is the model that was selected.
The winner is `train_rf`.
`train_rf` won the comparison.
The model is version 1 of `grove`.
The model was trained on 2026-11-28.
The model was trained with commit `4f6f6c1`.
Python 3.11.9 was used.
The model uses `scikit-learn` version `1.9.0`.
The chosen hyperparameters of `train_rf` are `n_estimators=50` and `max_features=0.3`.
`train_rf` has `max_depth` set to `none`.
For `train_rf`, `n_estimators` is 50.
The model predicts the target `species_id`.
The target column is `species_id`.
The inputs are `year`, `month`, `day`, `plot_id`, `plot_type`, `sex`, `hindfoot_length` and `weight`.
The columns `weight` and `hindfoot_length` are numeric.
`plot_type` is a categorical feature.
The column `record_id` was left out.
There are fourteen classes in the table.
The data has 33,737 rows.
The training set consists of 27,005 rows.
The model was fitted on 27005 examples.
The holdout contains 6,732 rows.
The holdout was not used for training.
The test set has 6732 observations, and the training set has 27005 observations.
On the holdout, `train_rf` reaches a `balanced_accuracy` of 0.7678.
On the holdout, the balanced accuracy of the registered model is 76.8 %.
The model reaches an accuracy of about 0.85 on the held-out data.
`train_rf` achieves an accuracy of 84.6 percent on the test data.
The Matthews correlation coefficient of `train_rf` on the holdout is 0.82.
On the holdout, the log loss of `train_rf` is 0.479.
The cross-validated `balanced_accuracy` of `train_rf` is 0.7740 ± 0.0153.
In cross-validation, `train_rf` scores 0.774 and `train_rf_kmeans` scores 0.7717.
On the holdout, `train_rf` has a `balanced_accuracy` of 0.7678, against 0.7685 for `train_rf_kmeans`.
On the holdout, `train_rf` has a `balanced_accuracy` of 0.768, with a 95 % interval from 0.752 to 0.783.
On the holdout, `train_rf` has an `accuracy` of 0.8458, and its recall for `PM` is 0.3833.
`train_rf` is the winner, with a `balanced_accuracy` of 0.7678 on the holdout.
Whether k-means helps is not decided.
It is undecided whether `train_rf_kmeans` is better than `train_rf`.
Which model is better is not decided.
The outcome of the comparison is inconclusive.
The difference of `train_rf_kmeans` to `train_rf` is -0.0023 in cross-validation.
The 95 % CI of the difference of `train_rf_kmeans` to `train_rf` in cross-validation is [-0.0183, 0.0136].
The probability that the two models are practically equivalent is 0.824.
The probability that `train_rf_kmeans` is better than `train_rf` is 0.049.
The class `PM` has the lowest recall, 0.3833.
The recall for `PM` is 38.3 %.
Class `PB` has a `recall` of 0.97 on the holdout.
The model has its lowest `balanced_accuracy` for the slice `plot_type=Long-term Krat Exclosure`.
For rows with `plot_type` `Control`, the balanced accuracy is 0.744.
Class `SS` has 54 rows in the holdout.
In the column `sex`, 3.4 % of the values are missing.
The column `year` has no missing values.
How the rows were collected is unknown.
The ethical risks are not documented.
The seed is 0.
The gate check `min_score` was not asked.
The winner was selected on cross-validation.
The models were compared by `balanced_accuracy`.
Cross-validation used five folds.
Only `train_rf` is right on 119 rows of the holdout.
""".strip().split("\n")


@pytest.mark.parametrize("sentence", TRUE)
def test_what_is_true_stands(sentence) -> None:
    assert check(sentence, FACTS).why is None
