"""Texts cut into sentences."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(("e.g.", "i.e.", "vs.", "cf.", "approx.", "no.", "fig.", "resp.", "dr.", "al."))
_LONGEST = 12
CODE = r"(?<!`)(?P<fence>`{1,20})(?!`)(?P<code>[^\n]{1,500}?)(?<!`)(?P=fence)(?!`)"
"""A span of code in Markdown."""
QUOTE = r"“(?P<quote>[^“”\n]{0,500})”|\"(?P<plain>[^\"\n]{0,500})\""
_CODE = re.compile(CODE)
_PIECE = re.compile(rf"{CODE}|{QUOTE}|(?P<end>[.!?…]{{1,20}}[)\]”\"'’]{{0,3}})(?=\s|$)")


def split(text: str) -> list[str]:
    """Return the sentences of a paragraph, each with its end; what stands in backticks or quotes is not looked into.

    Examples
    --------
    >>> split("It has 0.5. Is `a. b` one?")
    ['It has 0.5.', 'Is `a. b` one?']
    """
    found, start = [], 0
    for piece in _PIECE.finditer(text):
        if piece["end"] is None or _is_abbreviation(text, piece.end("end")):
            continue
        found.append(text[start : piece.end()])
        start = piece.end()
    found.append(text[start:])
    return [sentence for sentence in (" ".join(each.split()) for each in found) if sentence]


def pieces(sentence: str) -> list[tuple[str, bool]]:
    """Return the parts of a sentence, each with whether it is code in backticks, which it is without them.

    Examples
    --------
    >>> pieces("Is `` a`b `` one?")
    [('Is ', False), ('a`b', True), (' one?', False)]
    """
    found, start = [], 0
    for code in _CODE.finditer(sentence):
        found += [(sentence[start : code.start()], False), (code["code"].strip(), True)]
        start = code.end()
    return [(text, is_code) for text, is_code in [*found, (sentence[start:], False)] if text]


def _is_abbreviation(text: str, end: int) -> bool:
    *_, last = text[max(0, end - _LONGEST) : end].split()
    return last.lstrip("(").lower() in _ABBREVIATIONS
