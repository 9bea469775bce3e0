"""Who does the fits: this process, worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from steps.forest.cluster import Cluster
from steps.forest.compute import LOCAL
from steps.forest.fits import FoldScore, numbered

ALONE = 1_000_000
"""Trees times rows, some seconds: a search of less is done by this process, as others take longer to start."""


class Workers:
    """At most `n_jobs` fits at a time, each by one thread; a context manager that leaves no process behind.

    Parameters
    ----------
    n_jobs
        -1 for as many as this process may use cores, or as the cluster has.
    compute
        `local`, or the address of a Dask scheduler, `tcp://host:port`. There only forests are grown and asked; what
        comes before is done here, with as many threads.

    Raises
    ------
    ValueError, ConnectionError
        When the cluster can't be used.
    """

    def __init__(self, n_jobs: int, compute: str = LOCAL) -> None:
        cores = joblib.cpu_count()
        self.n_jobs = cores if n_jobs == -1 else n_jobs
        self._cluster = None
        if compute != LOCAL:
            self.n_jobs = min(self.n_jobs, cores)  # n_jobs is for the cluster
            self._cluster = Cluster(compute, n_jobs)

    def at_once(self, calls: Sequence[dict[str, Any]]) -> int:
        """Return how many of the calls run at the same time."""
        if self._cluster is not None:
            return self._cluster.at_once
        return 1 if _work(calls) < ALONE else max(1, min(self.n_jobs, len(calls)))

    def __enter__(self) -> Workers:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Leave the cluster, if it is one."""
        if self._cluster is not None:
            self._cluster.close()

    def in_threads(self, function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Any]:
        """Return what the function gives for each of the calls' arguments; for work that leaves Python's lock alone."""
        with threadpool_limits(1):  # of BLAS and OpenMP
            return joblib.Parallel(n_jobs=self.n_jobs, backend="threading")(
                joblib.delayed(function)(*arguments) for arguments in calls
            )

    def score_forests(self, calls: Sequence[dict[str, Any]]) -> Iterator[tuple[int, list[FoldScore]]]:
        """Yield the position of each call and what `fits.score_forests` gives for its arguments, as they end.

        They start in their order: as many as there are workers, then one for each that ends.

        Raises
        ------
        ChildProcessError
            When a worker process is killed.
        ConnectionError
            When the cluster is lost.
        """
        if not calls:
            return iter(())
        return self._score_here(calls) if self._cluster is None else self._cluster.score_forests(calls)

    def _score_here(self, calls: Sequence[dict[str, Any]]) -> Iterator[tuple[int, list[FoldScore]]]:
        n_jobs = self.at_once(calls)
        with contextlib.ExitStack() as stack:
            if n_jobs > 1:
                stack.callback(lambda: get_reusable_executor(reuse=True).shutdown(kill_workers=True))
            stack.enter_context(
                joblib.parallel_config(
                    "loky", inner_max_num_threads=1, initializer=_end_with_parent, initargs=(os.getpid(),)
                )
            )
            stack.enter_context(threadpool_limits(1))
            # Large arrays are files already, mapped into memory; so none is copied for the workers (max_nbytes).
            parallel = joblib.Parallel(n_jobs, batch_size=1, return_as="generator_unordered", max_nbytes=None)
            try:
                yield from parallel(joblib.delayed(numbered)(number, **call) for number, call in enumerate(calls))
            except TerminatedWorkerError as error:
                raise ChildProcessError(
                    f"Got a worker process that was killed in the middle of a fit, expected all {n_jobs} to go on: too "
                    f"little memory is the usual reason; a smaller n_jobs needs less, and so do fewer rows, with "
                    f"sample_rows."
                ) from error


def _work(calls: Sequence[dict[str, Any]]) -> int:
    return sum(call["sizes"][-1] * len(call["train_codes"]) for call in calls)


def _end_with_parent(parent: int) -> None:
    """Let this worker end soon after the process that started it, however that ends."""
    threading.Thread(target=_watch, args=[parent], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
