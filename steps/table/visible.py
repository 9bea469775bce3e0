"""Text that somebody else wrote, made fit to be shown."""

import re

_COMMANDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal or a browser obeys instead of showing it: control characters but tab and line ends, separators of
lines, and changes of the writing direction; and halves of characters, which can't be encoded."""


def visible(text: str) -> str:
    """Return the text with what would be obeyed written out, as in ``\\x1b``.

    Examples
    --------
    >>> visible("a\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
