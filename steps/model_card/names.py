"""Names that users gave, as a sentence can carry them: whatever they contain, in one line, between backticks."""

from __future__ import annotations

import re
import unicodedata

from steps.table.visible import visible

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("„‟″«»", '"'),
        "⁄": "/",
    }
)
_LONGEST = 80
"""Characters of a name that a sentence can carry."""


def normal(text: str) -> str:
    """Return the text with one way to write what looks the same: NFKC, dashes, quotes, one space between words."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME).split())


def plain(text: str) -> str:
    """Return the text with one way to write dashes, quotes and spaces; its letters and digits as they are."""
    return " ".join(text.translate(_SAME).split())


def shown(name: object) -> str:
    """Return what a sentence calls a name; characters that are not seen are written out."""
    plain = normal(visible(str(name)))
    return "".join(
        character.encode("unicode_escape").decode() if is_hidden(character) else character for character in plain
    )


def is_hidden(character: str) -> bool:
    """Return whether it is not seen: a control or format character, a half of one, or one without a meaning."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")


def is_speakable(called: str) -> bool:
    """Return whether a sentence can carry what `shown` returned."""
    return 0 < len(called) <= _LONGEST and bool(called.strip("` "))


def quoted(name: object) -> str:
    """Return the name as Markdown's code.

    Examples
    --------
    >>> quoted("a`b"), quoted("`")
    ('``a`b``', '`` ` ``')
    """
    called = shown(name)
    fence = "`" * (max(map(len, re.findall("`+", called)), default=0) + 1)
    space = " " if called[:1] == "`" or called[-1:] == "`" else ""
    return f"{fence}{space}{called}{space}{fence}"
