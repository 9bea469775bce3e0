"""What workers are asked to do."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier

FITTED_FOR_LONG = 100_000
"""Trees: some minutes."""
FITTED_FOR_SECONDS = 8_000


def calls(*sizes, n_rows=200):
    arrays = {}
    for side in ("train", "validation"):
        arrays[side] = np.random.default_rng(len(side)).normal(size=(n_rows, 3)).astype(np.float32)
        arrays[f"{side}_codes"] = (arrays[side][:, 0] > 0).astype(np.int64)
    fit = {"forest": RandomForestClassifier(random_state=0), **arrays}
    return [fit | {"sizes": [size], "scoring": "accuracy", "may_fail": False} for size in sizes]
