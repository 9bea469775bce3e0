"""Run an entry point again and again, each time killed before another one of its writes to the registry.

Usage: python -m tests.registry.killed STORE STEP MODEL_NAME JSON, where {} in MODEL_NAME is the number of the write,
and JSON what the step is given. Says how many writes it has. A fork for each spares the seconds of importing MLflow.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import mlflow
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from tests.registry.chains import run_step

WRITES = (
    "create_registered_model",
    "delete_registered_model",
    "create_model_version",
    "update_model_version",
    "delete_model_version",
    "set_registered_model_tag",
    "delete_registered_model_tag",
    "set_model_version_tag",
    "delete_model_version_tag",
    "set_registered_model_alias",
    "delete_registered_model_alias",
)


def die_before(deadly: int) -> None:
    """Let this process kill itself before that write."""
    done = 0

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*arguments, **named)

        return counting

    for name in WRITES:
        setattr(SqlAlchemyStore, name, counted(getattr(SqlAlchemyStore, name)))


def main(store: str, step: str, model_name: str, given: str) -> None:
    for deadly in range(1, 100):
        child = os.fork()
        if child == 0:
            mlflow.set_tracking_uri(store)
            mlflow.set_experiment(experiment_id="1")
            die_before(deadly)
            run_step(step, model_name=model_name.format(deadly), **json.loads(given))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0, "it failed without being killed"
            print(f"writes: {deadly - 1}")
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
