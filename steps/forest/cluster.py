"""Fits on a Dask cluster, whose machines need the packages of this environment, but nothing of Grove."""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any
from urllib.parse import urlsplit

import cloudpickle
import joblib

from steps.forest import fits
from steps.forest.fits import FoldScore

INSTALL = "pip install -r requirements-dask.txt"
_SECONDS = 10.0
_MOST_LOSSES = 3
_PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib")
"""Those that decide a score."""
_ARRAYS = ("train", "train_codes", "validation", "validation_codes")


class Cluster:
    """A Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler.
    n_jobs
        How many fits to have there at a time; -1 for as many as its workers have threads.

    Raises
    ------
    ValueError
        When Dask is not installed here, or the cluster has other versions of what decides a score.
    ConnectionError
        When nobody answers, or there is no worker.
    """

    def __init__(self, address: str, n_jobs: int) -> None:
        try:
            distributed = importlib.import_module("distributed")
        except ImportError as error:
            raise ValueError(f"Got compute={address}, which needs Dask, expected it here: {INSTALL}") from error
        try:
            _probe(address)
            self._client = distributed.Client(address, timeout=_SECONDS, set_as_default=False)
        except OSError as error:
            raise ConnectionError(
                f"Got no answer from a Dask scheduler at {address} ({type(error).__name__}): is it running there, and "
                f"is that its address?"
            ) from error
        self._address = address
        try:
            self._wait_for_workers()
            self._check_versions()
        except BaseException:
            self._client.close()
            raise
        self._n_jobs = n_jobs
        self._losses = (CancelledError, distributed.KilledWorker)

    @property
    def at_once(self) -> int:
        """How many fits may run there at the same time; changes with the number of workers."""
        threads = max(1, sum(self._client.nthreads().values()))
        return threads if self._n_jobs == -1 else min(self._n_jobs, threads)

    def _check_versions(self) -> None:
        """Check the scheduler too, which reads all that passes through it."""
        told = self._client.get_versions(packages=_PACKAGES)
        places = {"scheduler": told["scheduler"], **{f"worker {name}": of for name, of in told["workers"].items()}}
        check_versions(_relevant(told["client"]), {place: _relevant(of) for place, of in places.items()})

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError as error:  # an OSError too, which the scheduler's end is
            raise ConnectionError(
                f"Got a Dask scheduler without workers at {self._address}, expected one within {_SECONDS:.0f} seconds: "
                f"start `dask worker {self._address}` in an environment like this one."
            ) from error
        except OSError as error:
            raise self._lost() from error

    def score_forests(self, calls: Sequence[dict[str, Any]]) -> Iterator[tuple[int, list[FoldScore]]]:
        """As `workers.Workers.score_forests`; each array is sent once to each worker.

        Raises
        ------
        ConnectionError
            When the scheduler is lost, or workers are again and again before any fit ends.
        """
        left = dict(enumerate(calls))
        losses = 0
        while left:
            try:
                for number, scores in self._run(left):
                    losses = 0
                    del left[number]
                    yield number, scores
            except self._losses as error:  # of a worker, and with it of the arrays that only it still had
                losses += 1
                if losses == _MOST_LOSSES:
                    raise ConnectionError(
                        f"Got Dask workers that end before a fit does, {losses} times in a row, expected them to stay: "
                        f"their logs tell why; too little memory is a frequent reason."
                    ) from error
                self._wait_for_workers()
            except OSError as error:
                raise self._lost() from error

    def _lost(self) -> ConnectionError:
        return ConnectionError(
            f"Got no answer any more from the Dask scheduler at {self._address}, expected it to stay: start it again "
            f"and repeat the command; what was scored so far is taken over."
        )

    def _run(self, left: dict[int, dict[str, Any]]) -> Iterator[tuple[int, list[FoldScore]]]:
        arrays = {id(array): array for call in left.values() for array in _arrays(call)}
        score = _by_value(_score)
        here = _versions()
        tasks = [joblib.delayed(score)(number, here, *_arrays(call), **_others(call)) for number, call in left.items()]
        # A cluster that grows with its work must see all of it.
        pre_dispatch = "all" if self._n_jobs == -1 else self._n_jobs
        with joblib.parallel_config(_backend(self._client, list(arrays.values()))):
            yield from joblib.Parallel(
                self._n_jobs, batch_size=1, pre_dispatch=pre_dispatch, return_as="generator_unordered"
            )(tasks)

    def close(self) -> None:
        """Leave it; what is still to do there is given up, but a fit that is under way there ends by itself."""
        self._client.close()


def _backend(client: Any, arrays: list[Any]) -> Any:
    """Return joblib's Dask backend, without two surprises.

    The work of a cluster of one thread joblib would do here, by itself; and it would wait for ever for what Dask gives
    up, of which it tells the future that `submit` returns, but not itself.
    """
    from joblib._dask import DaskDistributedBackend  # needs Dask

    class OnTheCluster(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))

        def submit(self, func: Any, callback: Callable[[Any], None]) -> Future[Any]:
            submitted: Future[Any] = super().submit(func, callback)
            submitted.add_done_callback(lambda done: callback(done.exception()) if done.exception() else None)
            return submitted

    return OnTheCluster(client=client, scatter=arrays)


def _arrays(call: dict[str, Any]) -> list[Any]:
    """Return the arrays of a call, which joblib sends ahead only as arguments of their own."""
    return [call[name] for name in _ARRAYS]


def _others(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name not in _ARRAYS}


def _score(number: int, here: Mapping[str, str], *arrays: Any, **others: Any) -> tuple[int, list[FoldScore]]:
    """Score as the call from which `_arrays` and `_others` are, on a worker that may have joined late."""
    worker = importlib.import_module("distributed").get_worker()
    check_versions(here, {f"worker {worker.address}": _versions()})
    return fits.numbered(number, **dict(zip(_ARRAYS, arrays, strict=True)), **others)


def check_versions(here: Mapping[str, str], there: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ValueError if a place of the cluster has other versions than here of what decides a score."""
    for place, found in there.items():
        differing = [name for name in here if found[name] != here[name]]
        if differing:
            got, expected = (", ".join(f"{name} {side[name]}" for name in differing) for side in (found, here))
            help_ = f": {INSTALL} there" if set(differing) <= set(_PACKAGES) else ", for equal scores"
            raise ValueError(f"Got {got} at the Dask {place}, expected {expected}, as here{help_}.")


def _versions() -> dict[str, str]:
    return _relevant(importlib.import_module("distributed.versions").get_versions(_PACKAGES))


def _relevant(told: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what decides a score of what Dask tells of a machine."""
    python = ".".join(told["host"]["python"].split(".")[:2])
    packages = {name: told["packages"][name] or "missing" for name in _PACKAGES}
    return {"Python": python, "machine": told["host"]["machine"], **packages}


def _probe(address: str) -> None:
    """Raise OSError unless somebody at the address speaks first, as Dask does; its own client waits for ever."""
    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=_SECONDS) as connection:
        if not connection.recv(1):
            raise ConnectionAbortedError(f"Got a connection that {address} closed, expected a greeting.")


def _by_value(function: Callable[..., Any]) -> Any:
    """Return a function of this module so that it is pickled with its code, for machines that do not have it."""
    for module in (sys.modules[__name__], fits):
        cloudpickle.register_pickle_by_value(module)
    return joblib.wrap_non_picklable_objects(function)
