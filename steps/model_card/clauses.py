"""Whether a clause says a fact, and nothing beside it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from steps.model_card.claims import Atom, Fact, Facts
from steps.model_card.tokens import Token
from steps.model_card.wording import (
    OF_WINNER,
    counts,
    has_own_subject,
    has_verb,
    is_clause,
    is_from_all,
    is_guarded,
    is_in_order,
    is_predicate,
    is_turned,
    misleads,
    misnames,
    mispredicts,
    repeats,
)
from steps.model_card.words import ALWAYS

Chunks = Sequence[Sequence[Token]]
"""Tokens between the places where a clause may end; one or several are a clause."""

Said = tuple[Fact, frozenset[Atom]]
"""A fact, and the names that the clause which says it has, itself or from an earlier one."""

_MOST_NAMES = 8
_MOST_READINGS = 64
_PASSED_ON = ("model", "metric", "part")
"""The kinds of names that a clause may have from an earlier one."""
_LISTED = ("model", "column", "class", "setting", "check")
"""The kinds of names that may be listed."""


@dataclass(frozen=True)
class Context:
    """What earlier clauses of the sentence named last.

    Attributes
    ----------
    names
        Of each kind one name; None where there were several at last.
    subjects
        Names of other kinds, such as a class.
    follows
        Whether there is an earlier clause at all.
    """

    names: Mapping[str, Atom | None]
    subjects: frozenset[Atom] = frozenset()
    follows: bool = False


def context_of(chunks: Chunks) -> Context:
    """Return what a clause after these may leave out."""
    names: dict[str, Atom | None] = {}
    subjects: frozenset[Atom] = frozenset()
    for chunk in chunks:
        named = [atom for token in chunk for atom in token.atoms if atom[0] != "word"]
        for kind in _PASSED_ON:
            of_kind = {atom for atom in named if atom[0] == kind}
            if of_kind:
                names[kind] = next(iter(of_kind)) if len(of_kind) == 1 else None
        subjects = frozenset(atom for atom in named if atom[0] not in _PASSED_ON) or subjects
    return Context(names, subjects, bool(chunks))


def said_by(chunks: Chunks, context: Context, facts: Facts) -> frozenset[Said] | None:
    """Return what these tokens together say: one fact, or the same of several names that they list; None if they don't.

    Facts that take the same claims are said at once. Tokens that claim nothing say no fact, and may stand.
    """
    tokens = [token for chunk in chunks for token in chunk]
    claimed = [token for token in tokens if token.atoms]
    figures = [token for token in tokens if token.figure]
    if not claimed and not figures:
        return frozenset()
    readings = itertools.product(*(sorted(token.atoms) for token in claimed))
    if len(figures) > 1 or not is_guarded(chunks) or not is_clause(chunks, follows=context.follows):
        return None
    if mispredicts(tokens) or misleads(tokens, facts):
        return None
    for reading in itertools.islice(readings, _MOST_READINGS):
        if misnames(reading, facts) or repeats(reading) or is_turned(reading):
            continue
        for clauses in _ways(reading, chunks, facts):
            found = [_said(each, tokens, context, facts) for each in clauses]
            if all(found):
                return frozenset(itertools.chain.from_iterable(found))
    return None


def _ways(reading: tuple[Atom, ...], chunks: Chunks, facts: Facts) -> Iterator[list[tuple[Atom, ...]]]:
    """Yield the clause as it is, and once for each name of a list; nothing if it claims to list all and does not."""
    tokens = [token for chunk in chunks for token in chunk]
    for kind in _LISTED:
        names = [atom for atom in dict.fromkeys(reading) if atom[0] == kind]
        size = _claimed_size(reading, names[0], tokens, facts) if names else None
        if size is not None and size != len(names):
            return
        if len(names) > 1 and _is_list(names, chunks):
            yield [tuple(atom for atom in reading if atom[0] != kind or atom == name) for name in names]
    yield [reading]


def _is_list(names: Sequence[Atom], chunks: Chunks) -> bool:
    """Return whether nothing but commas and "and" stands between the names."""
    places = [
        (chunk, place, len(tokens))
        for chunk, tokens in enumerate(chunks)
        for place, token in enumerate(tokens)
        if token.atoms & set(names)
    ]
    return len(places) == len(names) and all(
        second[0] == first[0] + 1 and first[1] == first[2] - 1 and second[1] == 0
        for first, second in itertools.pairwise(places)
    )


def _claimed_size(reading: Sequence[Atom], first: Atom, tokens: Sequence[Token], facts: Facts) -> int | None:
    """Return how many names a list must have that says "the numeric columns are"; None where it does not say it."""
    before = list(itertools.takewhile(lambda token: first not in token.atoms, tokens))
    if not before or before[-1].text.lower() not in ("are", "were"):
        return None
    claims = [claim for kind, claim in reading[: reading.index(first)] if kind == "word" and claim in facts.sizes]
    return facts.sizes[claims[0]] if claims else None


def _said(reading: Sequence[Atom], tokens: Sequence[Token], context: Context, facts: Facts) -> set[Said]:
    """Return the facts that a clause says: of all that it may, those of which it claims most."""
    own = frozenset(reading)
    figure = next((token.figure for token in tokens if token.figure), None)
    names = {atom for atom in own if atom[0] != "word"}
    subjects = frozenset() if any(atom[0] not in _PASSED_ON for atom in names) else context.subjects
    own_subject = has_own_subject(tokens)
    passed_on = _passed_on(own, names, context, own_subject)
    with_names = frozenset(names | passed_on | subjects)
    known = set(with_names)
    was_clear = context.names.get("model", facts.model) is not None
    if was_clear and not any(kind == "model" for kind, _ in known) and (figure or _speaks_of_model(own | subjects)):
        known.add(facts.model)
    if len(known) > _MOST_NAMES:
        return set()
    # What a clause is of goes on from the one before it, unless it has a subject of its own; where it is, in any case.
    must = {atom for atom in passed_on if atom[0] == "part" or (atom[0] == "model" and not own_subject)}
    must |= frozenset() if own_subject else subjects
    if context.follows and not own_subject and not must and has_verb(tokens):
        return set()  # of what the sentence began with, and that is no name
    found = [
        fact
        for fact in _candidates(known, facts)
        if (own | must) <= fact.needs | fact.may | ALWAYS
        and fact.needs <= own | known
        and (figure is None) == (fact.value is None)
        and (figure is None or (figure.is_of(fact) and counts(fact, tokens)))
        and is_in_order(fact, reading)
        and not is_predicate(fact, tokens)
        and is_from_all(fact, tokens, facts)
    ]
    most = max((len(fact.needs & (own | with_names)) for fact in found), default=0)
    return {(fact, with_names) for fact in found if len(fact.needs & (own | with_names)) == most}


def _passed_on(own: Collection[Atom], names: Collection[Atom], context: Context, own_subject: bool) -> set[Atom]:
    """Return what the clause has from an earlier one; if it begins anew with the winner, no model."""
    kinds = {kind for kind, _ in names}
    if own_subject and any(("word", claim) in own for claim in OF_WINNER):
        kinds.add("model")
    return {atom for kind, atom in context.names.items() if kind not in kinds and atom is not None}


def _speaks_of_model(own: Collection[Atom]) -> bool:
    """Return whether a clause without a figure is about the model that the card is of, though it does not name it."""
    return any(kind not in ("word", "metric", "part") or claim in ("model", *OF_WINNER) for kind, claim in own)


def _candidates(known: Collection[Atom], facts: Facts) -> Iterator[Fact]:
    """Yield the facts that need no other names than these."""
    ordered = sorted(known)
    for size in range(len(ordered) + 1):
        for chosen in itertools.combinations(ordered, size):
            yield from facts.by_names.get(frozenset(chosen), ())
