"""A model's answer, read as the sections of a card."""

from __future__ import annotations

import re
from collections.abc import Iterator

from steps.model_card.sections import SECTIONS
from steps.model_card.sentences import CODE, split

OUTSIDE = ""
"""Stands for what is in no section."""

_KEYS = {name.casefold(): section.key for section in SECTIONS for name in (section.key, section.title)}
_HEADING = re.compile(r"#{1,6}\s*(?P<title>[^#].*?)\s*#*")
_BOLD = re.compile(r"(?:[-*+•]\s+)?(?P<mark>\*\*|__)(?P<title>(?:(?!(?P=mark)).)+)(?P=mark)\s*:?\s*(?P<rest>.*)")
_BULLET = re.compile(r"(?:[-*+•–]|\d{1,3}[.)])\s+")
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.):]?\s+")
_RULE = re.compile(r"(?:```|~~~).*|[-=*_]{3,}")
_CODE = re.compile(CODE)


def read_draft(text: str) -> dict[str, list[str]]:
    """Return the sentences of each section that the text has, by the sections' keys.

    Headings are lines with #, in bold, numbered, or with nothing but a section's title. Items of a list are sentences
    of their own. What stands in no section, or in one that no card has, is under "".
    """
    found: dict[str, list[str]] = {}
    blocks = list(_blocks(text))
    for place, (key, block) in enumerate(blocks):
        # An item needs no full stop; but what comes last may have been broken off.
        is_whole = place < len(blocks) - 1 and (block[-1].isalnum() or block[-1] == "`")
        sentences = split(f"{block}." if is_whole else block)
        if sentences:
            found.setdefault(key, []).extend(sentences)
    return found


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield paragraphs and items, each with the key of its section."""
    key, lines = OUTSIDE, []
    for line in (*text.splitlines(), ""):
        stripped = line.strip()
        heading = _heading(stripped)
        is_item = _BULLET.match(stripped)
        if (heading or is_item or not stripped or _RULE.fullmatch(stripped) or stripped[:1] == "|") and lines:
            yield key, " ".join(lines)
            lines = []
        if heading:
            key, stripped = heading
        if stripped and not _RULE.fullmatch(stripped):
            lines.append(_plain(stripped[is_item.end() :] if is_item and not heading else stripped))


def _heading(line: str) -> tuple[str, str] | None:
    """Return the key of the section that begins here, and what follows on the line; None where none does."""
    if match := _HEADING.fullmatch(line):
        return _key(match["title"]) or OUTSIDE, ""
    if match := _BOLD.fullmatch(line):
        key = _key(match["title"])
        return (key, match["rest"]) if key else None if match["rest"] else (OUTSIDE, "")
    key = _key(line)
    return (key, "") if key else None


def _key(title: str) -> str | None:
    bare = _NUMBER.sub("", title.strip("*_: \t"), count=1)
    return _KEYS.get(" ".join(bare.strip("*_: \t").split()).casefold())


def _plain(text: str) -> str:
    """Return the text without asterisks of emphasis; names in backticks keep theirs."""
    found, start = [], 0
    for code in _CODE.finditer(text):
        found += [text[start : code.start()].replace("*", ""), code[0]]
        start = code.end()
    return "".join([*found, text[start:].replace("*", "")])
