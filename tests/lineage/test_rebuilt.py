from __future__ import annotations

from pathlib import Path

import pytest

from steps.lineage.rebuilt import rebuilt_environment


@pytest.mark.parametrize(
    ("python", "tqdm"),
    [
        ("/tmp/evil", "4.66.5"),
        ("evil", "4.66.5"),
        ("3.11.7", "4.66.5\n--index-url=https://evil.example"),
        ("3.11.7", "4 @ https://evil.example/x.whl"),
        ("3.11.7", ""),
        (None, "4.66.5"),
    ],
)
def test_a_version_that_is_a_program_or_a_source_of_packages(python: str, tqdm: str, tmp_path: Path) -> None:
    recorded = {"python": python, "packages": {"tqdm": tqdm}, "lock": "0" * 64}
    expected = pytest.raises(ValueError, match=r"recorded as the version of \w+, expected one such as")
    with expected, rebuilt_environment(recorded, tmp_path):
        raise AssertionError("expected an error")
