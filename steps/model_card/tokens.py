"""A sentence taken apart: names, figures, words that claim something, and where a clause may end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from steps.model_card.claims import Atom, Facts
from steps.model_card.figures import NUMBER_WORDS, Figure
from steps.model_card.names import normal, plain
from steps.model_card.sentences import CODE, QUOTE
from steps.model_card.words import EMPTY, PHRASES, SEPARATORS

_LONGEST_PHRASE = 6
_NAMED = re.compile(rf"{CODE}|{QUOTE}")
_PIECE = re.compile(
    r"(?P<figure>(?:(?<![\w.+)\]-])[+-])?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,300})(?:\.[0-9]{1,300})?"
    r"(?:e[+-]?[0-9]{1,3})?(?![\w]|[.,][0-9]))"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*(?:[-'][A-Za-z]+)*(?!\w))"
    r"|(?P<mark>[-,;:()\[\]%±])|(?P<end>\.$)|(?P<space> +)|(?P<other>\S+)"
)
_NUMBER = re.compile(r"[-+(]*[0-9,]*(?:[.][0-9]*)?(?:e[-+]?[0-9]+)?[%)]*")
"""What is a figure before it is a name, unless it stands in backticks."""
_BARE = re.compile(r"\S+")
_PERCENT = frozenset(("percent", "per-cent"))


FIGURE, NAME, DIRECTION = "figure", "name", "direction"


class UnsupportedError(ValueError):
    """Why a sentence is cut, and what is wrong in it: its `FIGURE`, a `NAME`, a `DIRECTION`, or something else."""

    def __init__(self, why: str, wrong: str = "") -> None:
        super().__init__(why)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a sentence.

    Attributes
    ----------
    text
        As it stands there.
    atoms
        What it may claim; empty where it claims nothing.
    figure
        None where it is none.
    ends
        Whether a clause may end here.
    """

    text: str
    atoms: frozenset[Atom] = frozenset()
    figure: Figure | None = None
    ends: bool = False


def read(sentence: str, facts: Facts) -> list[Token]:
    """Return the tokens of a sentence, without its full stop.

    Raises
    ------
    UnsupportedError
        When a piece of it is no name, no figure, and none of the words that are understood.
    """
    text, start, found = plain(sentence), 0, []
    for named in _NAMED.finditer(text):
        found += _outside(text[start : named.start()], facts)
        found.append(_name(named, facts))
        start = named.end()
    found += _outside(text[start:], facts)
    return _fused(found)


def _name(named: re.Match[str], facts: Facts) -> Token:
    inside = next(part for part in (named["code"], named["quote"], named["plain"]) if part is not None)
    called = normal(inside)
    if called not in facts.names:
        raise UnsupportedError(f"“{called[:80]}” is no name in the evidence: copy names exactly", NAME)
    return Token(named[0], facts.names[called])


def _outside(text: str, facts: Facts) -> list[Token]:
    """Return the tokens of what stands outside of names in backticks."""
    found: list[Token] = []
    words: list[str] = []
    for piece in _pieces(text, facts):
        if isinstance(piece, re.Match) and piece.lastgroup == "word":
            words.append(piece[0])
            continue
        found += _claims(words, facts)
        words = []
        found += [piece] if isinstance(piece, Token) else _mark(piece)
    return [*found, *_claims(words, facts)]


def _pieces(text: str, facts: Facts) -> Iterator[re.Match[str] | Token]:
    """Yield the pieces of a text; a name that stands there bare, and is no word that is understood, is a token."""
    place = 0
    while place < len(text):
        bare = _BARE.match(text, place)
        called = bare[0].rstrip(".,;:!?)") if bare else ""
        if called in facts.names and not _is_understood(called, facts):
            yield Token(called, facts.names[called])
            place += len(called)
            continue
        piece = _PIECE.match(text, place)
        assert piece is not None
        if piece.lastgroup != "space":
            yield piece
        place = piece.end()


def _is_understood(called: str, facts: Facts) -> bool:
    word = called.lower()
    known = word in EMPTY or word in SEPARATORS or word in NUMBER_WORDS or word in _PERCENT
    words = tuple(word.split("-"))
    return known or words in PHRASES or words in facts.phrases or bool(_NUMBER.fullmatch(word))


def _mark(piece: re.Match[str]) -> list[Token]:
    if piece.lastgroup == "figure":
        text = piece[0]
        return [Token(text, figure=Figure(text, Decimal(text.replace(",", ""))))]
    if piece.lastgroup == "end":
        return []
    if piece.lastgroup == "other":
        raise UnsupportedError(f"“{piece[0][:40]}” is neither a word of a plain sentence nor a name of the evidence")
    if piece[0] == "±":
        return [Token("±", ends=True), Token("", frozenset((("word", "std"),)))]
    return [Token(piece[0], ends=piece[0] != "%")]


def _claims(words: list[str], facts: Facts) -> list[Token]:
    """Return the tokens of words that follow each other: of several that are one phrase, one token."""
    found, place = [], 0
    lower = [part for word in words for part in word.lower().split("-")]
    while place < len(lower):
        for length in range(min(_LONGEST_PHRASE, len(lower) - place), 0, -1):
            token = _phrase(tuple(lower[place : place + length]), facts)
            if token is not None:
                found.append(token)
                place += length
                break
        else:
            raise UnsupportedError(f"nothing in the evidence supports the word “{lower[place][:40]}”")
    return found


def _phrase(words: tuple[str, ...], facts: Facts) -> Token | None:
    text, joined = " ".join(words), "-".join(words)
    if joined in SEPARATORS:
        return Token(text, ends=True)
    if joined in _PERCENT:
        return Token("%")
    atom = facts.phrases.get(words) or PHRASES.get(words)
    if atom is not None:
        return Token(text, frozenset((atom,)))
    if joined in NUMBER_WORDS:
        return Token(text, figure=Figure(text, Decimal(NUMBER_WORDS[joined])))
    return Token(text) if text in EMPTY else None


def _fused(tokens: list[Token]) -> list[Token]:
    """Return the tokens with percent signs, intervals, and the 95 % of an interval taken into what they belong to."""
    return _without_level(_intervals(_percents(tokens)))


def _percents(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    for token in tokens:
        if token.text != "%":
            found.append(token)
        elif found and found[-1].figure is not None and not found[-1].figure.percent:
            figure = replace(found[-1].figure, percent=True, text=f"{found[-1].text} %")
            found[-1] = Token(figure.text, figure=figure)
        else:
            raise UnsupportedError("a percent sign needs a figure before it")
    return found


def _intervals(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    for token in tokens:
        *_, before, low, link = [None, None, None, *found]
        opening = before.text if before else ""
        joins = link is not None and (
            link.text in ("to", "-") or (link.text, opening) in (("and", "between"), (",", "["), (",", "("))
        )
        if joins and low is not None and low.figure and token.figure and low.figure.high is None:
            percent = token.figure.percent
            if percent or not low.figure.percent:
                text = f"{low.text} {link.text} {token.text}"
                figure = Figure(text, low.figure.value, percent, token.figure.value)
                found[-2:] = [Token(text, figure=figure)]
                continue
        found.append(token)
    return found


def _without_level(tokens: list[Token]) -> list[Token]:
    """Drop the 95 % that says which interval it is: they all are."""
    found = []
    for place, token in enumerate(tokens):
        figure = token.figure
        is_level = figure is not None and figure.percent and figure.high is None and figure.value == 95
        following = [next(iter(each.atoms), ("", ""))[1] for each in tokens[place + 1 : place + 3]]
        if not (is_level and (following[:1] == ["interval"] or following == ["confidence", "interval"])):
            found.append(token)
    return found
