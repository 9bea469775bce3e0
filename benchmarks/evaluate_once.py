"""Run the evaluate step with a clock beside mlflow.models.evaluate, and print the seconds of its calls.

Started by evaluate.py, in a process of its own, with `python -m benchmarks.evaluate_once OPTIONS`.
"""

from __future__ import annotations

import json
import time
from typing import Any

import mlflow

from steps.evaluate import evaluate


def main() -> None:
    """Print the seconds as JSON."""
    theirs = mlflow.models.evaluate
    spent = 0.0

    def clocked(*args: Any, **options: Any) -> Any:
        nonlocal spent
        started = time.perf_counter()
        try:
            return theirs(*args, **options)
        finally:
            spent += time.perf_counter() - started

    mlflow.models.evaluate = clocked
    evaluate.main()
    print(json.dumps({"mlflow_evaluate": spent}))


if __name__ == "__main__":
    main()
