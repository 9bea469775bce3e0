"""Load one file as steps/load.py does, without logging it, and print the memory that it took.

Started by load.py, in a process of its own, with `python -m benchmarks.load_once FILE TARGET`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import psutil

from steps.load import asked_roles, look_at, open_table, write_clean
from steps.table.manifest import write_manifest


def main(path: Path, target: str) -> None:
    """Print as JSON `before` and `peak` of the process in bytes, and the CPU seconds `cpu` in between."""
    before, started = psutil.Process().memory_info().rss, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.parquet"
        with open_table(path) as reader:
            asked = asked_roles(reader.schema.names, target, drop="", categorical="", numeric="")
            notes = write_clean(reader, file, target)
        look_at(file, notes, target=target, **asked, max_categories=32)
        write_manifest(Path(folder))
    print(json.dumps({"before": before, "peak": peak(), "cpu": time.process_time() - started}))


def peak() -> int:
    """Return the largest resident size that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux getrusage also counts what the parent had when it started this process.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
