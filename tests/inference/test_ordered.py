from __future__ import annotations

import threading
import time

import pytest

from steps.inference.ordered import in_order


def test_results_come_in_order_and_few_items_are_taken_in_advance() -> None:
    taken = 0

    def items():
        nonlocal taken
        for item in range(20):
            taken += 1
            yield item

    def slow_if_even(item: int) -> int:
        time.sleep(0.01 if item % 2 == 0 else 0)
        return item

    for count, result in enumerate(in_order(slow_if_even, items(), 3)):
        assert result == count
        assert taken <= count + 4
    assert taken == 20


def test_the_first_error_in_order_is_raised_and_the_threads_end() -> None:
    def fail_late(item: int) -> int:
        time.sleep(0.05 if item == 1 else 0)
        if item:
            raise ValueError(f"item {item}")
        return item

    others = set(threading.enumerate())
    results = in_order(fail_late, range(10), 3)
    assert next(results) == 0
    with pytest.raises(ValueError, match="item 1"):
        next(results)
    assert set(threading.enumerate()) <= others
    assert [*in_order(str, [], 2)] == []
