from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.forest.metrics import holdout_metrics
from steps.forest.streaming import StreamedMetrics


@given(st.integers(2, 5), st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_batches_of_any_size_give_the_metrics_of_all_rows(n_classes: int, sizes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = sum(sizes)
    codes = random.integers(0, random.integers(1, n_classes, endpoint=True), rows)
    probabilities = random.dirichlet(np.full(n_classes, 0.2), rows).round(2)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    streamed = StreamedMetrics(n_classes)
    start = 0
    for size in sizes:
        streamed.add(codes[start : start + size], probabilities[start : start + size])
        start += size
    assert streamed.n_rows == rows
    if not rows:
        assert streamed.scores() == {}
        return
    expected = holdout_metrics(codes, probabilities, [str(code) for code in range(n_classes)])
    for needs_all in ("roc_auc_ovr", "expected_calibration_error"):
        expected.pop(needs_all, None)
    assert streamed.scores() == pytest.approx(expected, rel=1e-9, nan_ok=True)
