"""Pipelines, grid search, metrics and paired statistics; knows scikit-learn, not MLflow.

k-means' last bits depend on the number of OpenMP threads, and OpenMP reads that number once, when scikit-learn
is loaded: so it is set here, before any module of this package loads it. Forests and folds run in parallel all
the same, in joblib's threads.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
