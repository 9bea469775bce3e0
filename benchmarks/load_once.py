"""Load one file as steps/load.py does, without logging it, and print the memory that it took.

Started by load.py, in a process of its own, with `python -m benchmarks.load_once FILE`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path

import psutil

from steps.load import class_counts, clean, column_list, fingerprint, infer_schema, read_table, write_table
from steps.table.manifest import write_manifest

TARGET = "text_4"


def main(path: Path) -> None:
    """Print bytes as JSON: `before` and `peak` of the process, and the `table` in memory."""
    before = psutil.Process().memory_info().rss
    raw = read_table(path)
    table, _ = clean(raw, keep=TARGET)
    names = raw.column_names + table.column_names
    del raw
    none = column_list("", names)
    infer_schema(table, target=TARGET, drop=none, categorical=none, numeric=none, max_categories=32)
    fingerprint(table)
    class_counts(table, TARGET)
    with tempfile.TemporaryDirectory() as folder:
        write_table(table, Path(folder) / "table.parquet")
        write_manifest(Path(folder))
    print(json.dumps({"before": before, "peak": peak(), "table": table.nbytes}))


def peak() -> int:
    """Return the largest resident size that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux getrusage also counts what the parent had when it started this process.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(Path(sys.argv[1]))
