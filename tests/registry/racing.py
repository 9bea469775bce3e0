"""A process that registers a model, or rolls back, at the same moment as others."""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Sequence
from typing import Any

import mlflow

from tests.registry.chains import run_step

JUDGES = {"register": ("steps.register", "judge"), "rollback": ("steps.rollback", "check_loads")}
"""What an entry point does last before it moves an alias. All meet there, so that all have seen the same champion."""
Act = tuple[str, dict[str, str]]
"""An entry point, and what it is given beside the model's name."""


def race(store: str, names: Sequence[str], acts: Sequence[Act]) -> dict[str, list[dict[str, str]]]:
    """For each model name let each act be done by a process of its own, all at once; return the tags of their runs.

    An act that fails has the tag `error` alone.
    """
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(len(acts)), context.Queue()
    processes = [
        context.Process(target=_runner, args=(store, names, place, act, barrier, found))
        for place, act in enumerate(acts)
    ]
    for process in processes:
        process.start()
    results: dict[str, list[dict[str, str]]] = {name: [{} for _ in acts] for name in names}
    for _ in range(len(names) * len(acts)):
        name, place, tags = found.get(timeout=120)
        results[name][place] = tags
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return results


def _meet_after(module: str, function: str, barrier: Any) -> None:
    place = importlib.import_module(module)
    judge = getattr(place, function)

    def judge_and_meet(*given: Any) -> Any:
        found = judge(*given)
        barrier.wait(120)
        return found

    setattr(place, function, judge_and_meet)


def _runner(store: str, names: Sequence[str], place: int, act: Act, barrier: Any, found: Any) -> None:
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment(experiment_id="1")
    step, given = act
    _meet_after(*JUDGES[step], barrier)
    for name in names:
        try:
            tags = dict(run_step(step, model_name=name, **given).data.tags)
        except Exception as error:
            tags = {"error": f"{type(error).__name__}: {error}"}
        found.put((name, place, tags))
