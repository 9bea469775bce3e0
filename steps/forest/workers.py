"""Who does the fits: this process, or worker processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from threadpoolctl import threadpool_limits

from steps.forest.fits import FoldScore, score_forests


class Workers:
    """At most `n_jobs` fits at a time, each by one thread.

    Parameters
    ----------
    n_jobs
        -1 for as many as this process may use cores.
    """

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = joblib.cpu_count() if n_jobs == -1 else n_jobs

    def in_threads(self, function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Any]:
        """Return what the function gives for each of the calls' arguments; for work that leaves Python's lock alone."""
        with threadpool_limits(1):  # of BLAS and OpenMP
            return joblib.Parallel(n_jobs=self.n_jobs, backend="threading")(
                joblib.delayed(function)(*arguments) for arguments in calls
            )

    def score_forests(self, calls: Sequence[dict[str, Any]]) -> Iterator[tuple[int, list[FoldScore]]]:
        """Yield the position of each call and what `fits.score_forests` gives for its arguments, as they end.

        They start in their order: as many as there are workers, then one for each that ends.
        """
        n_jobs = max(1, min(self.n_jobs, len(calls)))
        parent = os.getpid() if n_jobs > 1 else None
        # Large arrays are files already, mapped into memory; so none is copied for the workers (max_nbytes).
        parallel = joblib.Parallel(n_jobs, batch_size=1, return_as="generator_unordered", max_nbytes=None)
        try:
            with joblib.parallel_config("loky", inner_max_num_threads=1), threadpool_limits(1):
                yield from parallel(
                    joblib.delayed(_numbered)(number, parent=parent, **call) for number, call in enumerate(calls)
                )
        finally:
            if n_jobs > 1:
                get_reusable_executor().shutdown(kill_workers=True)


def _numbered(number: int, **arguments: Any) -> tuple[int, list[FoldScore]]:
    return number, score_forests(**arguments)
