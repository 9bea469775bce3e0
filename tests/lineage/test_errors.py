from __future__ import annotations

import pytest

from steps.lineage.errors import one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines"), "two lines"),
        (PermissionError(13, "Permission denied", "/data/t.csv"), "Permission denied: /data/t.csv"),
        (ValueError(""), "ValueError"),
        ("text", "text"),
    ],
)
def test_one_line(error: Exception | str, line: str) -> None:
    assert one_line(error) == line
