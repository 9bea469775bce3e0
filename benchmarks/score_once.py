"""A bare loop of predict_proba over the batches that score makes: what `score.py` compares it with.

Started from the project's folder with `python -m benchmarks.score_once MODEL TABLE THREADS`; 0 threads are as many as
score takes. Prints as JSON how many rows a second were predicted, and the CPU seconds: reading them does not count.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import joblib
from threadpoolctl import threadpool_limits

from steps.inference.model import read_model
from steps.inference.ordered import in_order
from steps.inference.scorer import BATCH_ROWS
from steps.table.batches import open_batches

AT_ONCE = 100
"""Batches in memory, so that a table of any size can be measured."""


def main(uri: str, table: Path, threads: int) -> None:
    """Read some batches as frames, predict them against the clock, and so on."""
    model = read_model(uri)
    names = [feature.name for feature in model.features]
    rows = seconds = cpu = 0.0
    with threadpool_limits(1), open_batches(table, format="auto", delimiter="auto", encoding="utf-8") as reader:
        waiting = []
        for batch in [*reader.batches(BATCH_ROWS), None]:
            if batch is not None:
                waiting.append(batch.select(names).to_pandas(date_as_object=False))
            if batch is None or len(waiting) == AT_ONCE:
                started, spent = time.perf_counter(), time.process_time()
                if threads == 1:
                    for frame in waiting:
                        rows += len(model.pipeline.predict_proba(frame))
                else:
                    count = threads or joblib.cpu_count()
                    rows += sum(map(len, in_order(model.pipeline.predict_proba, waiting, count)))
                seconds += time.perf_counter() - started
                cpu += time.process_time() - spent
                waiting = []
    print(json.dumps({"rows": rows, "rows_per_second": rows / seconds, "cpu": cpu}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
