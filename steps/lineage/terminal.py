"""A terminal that shows what data holds instead of obeying it."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path

from steps.table.visible import visible


class _Shown(io.TextIOWrapper):
    """A stream on which control characters are written out, but for the carriage return before a progress bar."""

    def write(self, text: str) -> int:
        bar = text.startswith("\r")
        super().write("\r" * bar + visible(text[bar:]).replace("\r", "\\r"))
        return len(text)


def show_controls() -> None:
    """Let all that this process prints be shown, not obeyed: names, classes and reasons may be anybody's."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started the process; a progress bar still wants one
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
            continue
        # click takes ASCII for a mistake, and would go round this stream.
        is_ascii = codecs.lookup(stream.encoding).name == "ascii"
        encoding = "utf-8" if is_ascii else stream.encoding
        shown = _Shown(
            stream.buffer,
            encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, shown)
