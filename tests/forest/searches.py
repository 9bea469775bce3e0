"""A search as the tests start it."""

from steps.forest.cross_validation import CrossValidation
from steps.forest.encoder import encoder
from steps.forest.pipelines import kmeans_pipeline
from steps.forest.search import search
from steps.forest.workers import Workers
from tests.forest.journal import Told


def run(pipeline, candidates, rows, codes, *, scoring="accuracy", cv=3, seed=0, n_jobs=1, method="grid", journal=None):
    validation = CrossValidation(pipeline, rows, codes, scoring, Workers(n_jobs), journal or Told(n_folds=cv))
    return search(validation, candidates, method=method, cv=cv, seed=seed)


def pipeline(seed=0):
    return kmeans_pipeline(encoder(["weight", "length"], [], ["site", "female"], 5), seed).set_params(
        forest__n_estimators=5
    )
