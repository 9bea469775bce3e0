"""Whether a sentence is supported by the evidence.

It stands only if it can be cut into clauses that each say a fact, and nothing beside it. A clause may leave out a
model, a metric or a part of the data that an earlier one of the same sentence named last.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from steps.model_card.claims import Facts
from steps.model_card.clauses import Said, context_of, said_by
from steps.model_card.names import is_hidden
from steps.model_card.tokens import DIRECTION, FIGURE, Token, UnsupportedError, read
from steps.model_card.wording import wins_by_figure
from steps.model_card.words import DIRECTIONS, POINTING, QUESTIONS

_LONGEST = 2_000
"""Characters of a sentence."""
_MOST_WORDS = 60
_MOST_CLAUSES = 12


@dataclass(frozen=True)
class Finding:
    """A sentence that was held against the facts.

    Attributes
    ----------
    why
        Why it is cut, in words that help to mend it; None where it stands.
    wrong
        What is wrong where it is cut, if it is one of these: `FIGURE`, `NAME`, `DIRECTION`.
    says
        What it says, where it stands.
    """

    sentence: str
    why: str | None
    wrong: str = ""
    says: frozenset[Said] = frozenset()

    def adds(self, others: Collection[Finding]) -> bool:
        """Return whether it says a fact, or names something in saying it, that none of the other sentences does."""
        said = [(fact.said, names) for other in others for fact, names in other.says]
        return any(not any(fact.said == told and names <= more for told, more in said) for fact, names in self.says)


def check(sentence: str, facts: Facts) -> Finding:
    """Hold a sentence against the facts."""
    try:
        _check_form(sentence)
        return Finding(sentence, None, says=_said(read(sentence, facts), facts))
    except UnsupportedError as error:
        return Finding(sentence, str(error), error.wrong)


def _check_form(sentence: str) -> None:
    if len(sentence) > _LONGEST or len(sentence.split()) > _MOST_WORDS:
        raise UnsupportedError(f"it is longer than {_MOST_WORDS} words: write short sentences")
    if any(map(is_hidden, sentence)):
        raise UnsupportedError("it has a character that is not seen")
    if not sentence.rstrip().endswith("."):
        raise UnsupportedError("it is no finished statement: end it with a full stop")
    first, *words = sentence.lower().split()
    if first in QUESTIONS:
        raise UnsupportedError("it begins like a question: begin with what it is about")
    if first in POINTING and "whether" not in words:
        raise UnsupportedError(f"“{sentence.split()[0]}” may be any of those named before: begin with the name")


def _said(tokens: Sequence[Token], facts: Facts) -> frozenset[Said]:
    """Return the facts that clauses say into which the tokens can be cut.

    Raises
    ------
    UnsupportedError
        Where they can't be cut so that each clause says one.
    """
    chunks = [list(chunk) for ends, chunk in itertools.groupby(tokens, key=lambda token: token.ends) if not ends]
    if len(chunks) > _MOST_CLAUSES:
        raise UnsupportedError("it has too many clauses: write short sentences")
    if not any(token.atoms or token.figure for token in tokens):
        raise UnsupportedError("it says nothing that is in the evidence")
    if wins_by_figure(tokens):
        raise UnsupportedError("no figure of its own decides who wins: say them in two sentences")
    contexts = [context_of(chunks[:place]) for place in range(len(chunks))]
    reached: dict[int, frozenset[Said]] = {0: frozenset()}
    for end in range(1, len(chunks) + 1):
        for start, before in sorted(reached.items()):
            said = said_by(chunks[start:end], contexts[start], facts)
            if said is not None:
                reached[end] = before | said
                break
    if len(chunks) not in reached:
        raise _unsupported(chunks[max(reached)])
    return reached[len(chunks)]


def _unsupported(chunk: Sequence[Token]) -> UnsupportedError:
    """Return why a clause is not supported."""
    figures = [token.text for token in chunk if token.figure]
    named = ", ".join(token.text for token in chunk if token.atoms)
    claims = {claim for token in chunk for kind, claim in token.atoms if kind == "word"}
    if len(figures) > 1:
        said = f"it has {len(figures)} figures in one clause, {', '.join(figures)}: write a sentence for each"
        return UnsupportedError(said)
    if figures and named:
        said = f"{figures[0]} is not in the evidence for {named}: copy the figure and name all that it belongs to"
        return UnsupportedError(said, FIGURE)
    if figures:
        return UnsupportedError(f"{figures[0]} stands alone: name what it belongs to")
    if claims & DIRECTIONS:
        said = "this direction is not the outcome of the comparison in the evidence: say no other"
        return UnsupportedError(said, DIRECTION)
    return UnsupportedError(
        f"the evidence says nothing like this of {named}" if named else "the evidence does not say this"
    )
