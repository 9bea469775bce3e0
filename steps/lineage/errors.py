"""Errors in one line, for a message, a tag or a table."""

from __future__ import annotations


def one_line(error: Exception | str) -> str:
    """Return an error's message in one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return " ".join(str(error).split()) or type(error).__name__
