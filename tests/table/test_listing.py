from __future__ import annotations

import pytest

from steps.table.listing import first_of


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (1237, "0, 1, 2 and 1,234 more")],
)
def test_as_many_are_listed_as_anybody_reads(count: int, said: str) -> None:
    assert first_of([str(number) for number in range(count)], 3) == said


def test_of_many_five_are_shown() -> None:
    assert first_of(["a", "b"]) == "a, b"
    assert first_of([str(number) for number in range(1007)]) == "0, 1, 2, 3, 4 and 1,002 more"
