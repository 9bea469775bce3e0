import numpy as np
import pandas as pd
import pytest


def make_table(n_rows, n_classes, missing, seed):
    """Raw rows of two numeric and two categorical columns, and codes; `missing` is a share of values."""
    random = np.random.default_rng(seed)
    codes = random.permutation(np.arange(n_rows) % n_classes)
    rows = pd.DataFrame(
        {
            "weight": np.where(random.random(n_rows) < missing, np.nan, random.normal(codes)),
            "length": random.normal(size=n_rows),
            "site": pd.Series(random.choice(["a", "b", "c"], n_rows), dtype="str"),
            "female": random.random(n_rows) < 0.5,
        }
    )
    rows.loc[random.random(n_rows) < missing, "site"] = None
    if missing:
        rows["female"] = rows["female"].astype(object)
        rows.loc[random.random(n_rows) < missing, "female"] = None
    return rows, codes


@pytest.fixture(scope="session")
def table():
    return make_table
