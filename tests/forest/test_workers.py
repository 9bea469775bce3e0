"""Worker processes: their threads, and how they end when one of them is killed, or their parent."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info

from steps.forest.workers import Workers
from tests.conftest import PROJECT
from tests.forest.calls import FITTED_FOR_LONG, calls

PARENT = """
from tests.forest.calls import FITTED_FOR_LONG, calls
from steps.forest import workers
workers.ALONE = 0
for number, _ in workers.Workers(2).score_forests(calls(1, FITTED_FOR_LONG)):
    print(number, flush=True)
"""


def threads(forest, rows, codes):
    """Stand for a scorer, as that is called where the fits are."""
    return max(pool["num_threads"] for pool in threadpool_info())


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_fit_has_one_thread_whatever_the_environment_says(monkeypatch, n_jobs):
    monkeypatch.setattr("steps.forest.workers.ALONE", 0)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "3")
    asked = [call | {"scoring": threads} for call in calls(1, 1)]
    found = [scores[0].score for _, scores in Workers(n_jobs).score_forests(asked)]
    assert found == [1.0, 1.0]


def name_length(forest, rows, codes):
    """Stand for a scorer that sees the validation rows as a worker has them: return the length of their file's name."""
    return float(len(str(rows.filename)) if type(rows) is np.memmap else 0)


def test_worker_processes_map_the_features_instead_of_copying_them(monkeypatch, tmp_path):
    monkeypatch.setattr("steps.forest.workers.ALONE", 0)
    asked = calls(1, 1, n_rows=2000)
    path = tmp_path / "validation.npy"
    np.save(path, asked[0]["validation"])
    mapped = {"validation": np.load(path, mmap_mode="r"), "scoring": name_length}
    found = [scores[0].score for _, scores in Workers(2).score_forests([call | mapped for call in asked])]
    assert found == [len(str(path))] * 2


def test_a_worker_that_is_killed_is_one_sentence(monkeypatch, capfd):
    monkeypatch.setattr("steps.forest.workers.ALONE", 0)
    with pytest.raises(ChildProcessError, match=r"^Got a worker process that was killed .*, expected all 2 to go on: "):
        for _ in Workers(2).score_forests(calls(1, FITTED_FOR_LONG)):
            for worker in psutil.Process().children(recursive=True):
                if "popen_loky_posix" in " ".join(worker.cmdline()):
                    worker.kill()
    assert "Traceback" not in capfd.readouterr().err


def test_no_worker_outlives_its_parent_not_even_an_idle_one():
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "0\n"
        below = psutil.Process(parent.pid).children(recursive=True)
        assert len(below) >= 2
        parent.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(below, timeout=30)
    assert [process.cmdline() for process in alive] == []
