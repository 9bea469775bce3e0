"""k-means has one thread, whatever the environment says: its result depends on their number."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT

THREADS = """
import json, sys
import steps.forest
import sklearn.cluster
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"]

in_threads = Parallel(n_jobs=2, backend="threading")(delayed(threads)() for _ in range(4))
print(json.dumps([threads(), *in_threads]))
"""


@pytest.mark.parametrize(("first_line", "expected"), [("", {1}), ("import sklearn.cluster\n", {3})])
def test_openmp_has_one_thread_if_the_package_is_loaded_before_scikit_learn(first_line, expected):
    done = subprocess.run(
        [sys.executable, "-c", first_line + THREADS],
        cwd=PROJECT,
        env={**os.environ, "OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    pools = json.loads(done.stdout)
    assert len(pools) == 5
    assert all(pools)
    assert {threads for pool in pools for threads in pool} == expected
