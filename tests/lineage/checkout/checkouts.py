"""What the tests of checkouts have in common."""

from __future__ import annotations

from pathlib import Path

from steps.lineage.checkout import checked_out
from steps.lineage.view import Source

UNKNOWN = "0123456789" * 4


def kept(source: Source, place: Path) -> Path | None:
    """Write the patch to a file, as a run keeps it."""
    if source.patch is None:
        return None
    place.write_bytes(source.patch)
    return place


def refuse(
    *,
    url: str | None,
    folder: str,
    commit: str | None,
    at_hand: Path,
    patch: Path | None = None,
    only_branches: bool = False,
) -> None:
    """Check out what can't be."""
    with checked_out(url=url, folder=folder, commit=commit, patch=patch, at_hand=at_hand, only_branches=only_branches):
        raise AssertionError("expected an error")
