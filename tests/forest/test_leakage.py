"""Whatever learns sees the training rows of its fold only."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from steps.forest.cross_validation import CrossValidation
from steps.forest.encoder import encoder
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline
from steps.forest.search import folds, search
from steps.forest.workers import Workers
from tests.forest.journal import Told

# Every row carries its number in a numeric and in a categorical column, so a fit tells which rows it saw.
NUMBERS = np.arange(24)
NUMBERED = pd.DataFrame({"number": NUMBERS.astype(float), "name": [f"row {number}" for number in NUMBERS]})
NUMBERED_CODES = NUMBERS % 3
LEARNERS = {
    "encode__numeric": SimpleImputer,
    "encode__categorical__one_hot": OneHotEncoder,
    "features__clusters__scale": StandardScaler,
    "features__clusters__kmeans": KMeans,
}


def as_seen_by(learner, rows):
    if learner is OneHotEncoder:
        return np.array([f"row {number}" for number in rows])
    if learner is KMeans:
        return (rows - rows.mean()) / rows.std()
    return rows.astype(float)


@pytest.fixture
def first_columns(monkeypatch):
    """For each class that learns, the first column of the rows that each of its fits sees, in order."""
    seen = {learner: [] for learner in LEARNERS.values()}

    def record(learner):
        fit = learner.fit

        def recording(self, X, y=None, **options):
            seen[learner].append(np.asarray(X)[:, 0])
            return fit(self, X, y, **options)

        monkeypatch.setattr(learner, "fit", recording)

    for learner in LEARNERS.values():
        record(learner)
    return seen


def numbered_pipeline():
    return kmeans_pipeline(encoder(["number"], [], ["name"], 4), 0).set_params(
        features__clusters__kmeans__n_clusters=2, forest__n_estimators=2
    )


def leaking(searched, first_columns):
    """Return the classes that saw other rows than a fold's training rows, and at the end, once, all rows."""
    candidates = [{"max_depth": 2}, {"max_depth": None}]
    for columns in first_columns.values():
        columns.clear()
    validation = CrossValidation(searched, NUMBERED, NUMBERED_CODES, "accuracy", Workers(1), Told(n_folds=3))
    search(validation, candidates, method="grid", cv=3, seed=0)
    training = [train for train, _ in folds(3, 0).split(NUMBERED, NUMBERED_CODES)]
    found = set()
    for learner, columns in first_columns.items():
        expected = [as_seen_by(learner, rows) for rows in [*training, NUMBERS]]
        same = len(columns) == len(expected) and all(
            len(column) == len(rows)
            and (np.array_equal(column, rows) if learner is OneHotEncoder else np.allclose(column, rows, atol=1e-12))
            for column, rows in zip(columns, expected, strict=True)
        )
        found |= set() if same else {learner}
    return found


def test_what_learns_sees_training_rows_only(first_columns):
    assert leaking(numbered_pipeline(), first_columns) == set()


@pytest.mark.parametrize("place", LEARNERS)
def test_what_is_fitted_on_all_rows_before_would_be_noticed(first_columns, place):
    fitted = numbered_pipeline().fit(NUMBERED, NUMBERED_CODES)
    step = fitted
    for name in place.split("__"):
        parts = getattr(step, "named_transformers_", None) or dict(getattr(step, "transformer_list", ()))
        step = parts[name] if name in parts else step[name]
    leaky = numbered_pipeline().set_params(**{place: FrozenEstimator(step)})
    assert LEARNERS[place] in leaking(leaky, first_columns)


def test_a_fit_on_all_rows_in_each_fold_would_be_noticed(first_columns, monkeypatch):
    scale = StandardScaler().fit(NUMBERED[["number"]])
    recording = KMeans.fit

    def fit_on_all_rows(self, X, y=None, **options):
        rows = np.zeros((len(NUMBERED), X.shape[1]))
        rows[:, [0]] = scale.transform(NUMBERED[["number"]])
        return recording(self, rows, y, **options)

    monkeypatch.setattr(KMeans, "fit", fit_on_all_rows)
    assert leaking(numbered_pipeline(), first_columns) == {KMeans}


def test_the_plain_forest_sees_training_rows_only(first_columns):
    plain = forest_pipeline(encoder(["number"], [], ["name"], 4), 0).set_params(forest__n_estimators=2)
    # There is no scaler and no k-means in it, so these two saw nothing at all.
    assert leaking(plain, first_columns) == {StandardScaler, KMeans}
    assert first_columns[StandardScaler] == first_columns[KMeans] == []
