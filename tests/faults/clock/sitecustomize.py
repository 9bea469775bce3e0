"""A machine whose clock goes back: each step lives an hour before the one that came before it, and loses one itself."""

import sys
import time

_HOUR = 3600.0
_ORDER = ["main", "load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register"]

_true = time.time
_began = time.monotonic()
_late = next((n for n, step in enumerate(_ORDER) if f"steps.{step}" in sys.orig_argv), 0) * _HOUR


def _back() -> float:
    return _true() - _late - (_HOUR if time.monotonic() - _began > 1 else 0)


time.time = _back
time.time_ns = lambda: int(_back() * 1e9)
