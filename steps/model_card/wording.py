"""What the order of a clause's words tells, and its claims alone do not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from steps.model_card.claims import COUNT, PREDICT, Atom, Fact, Facts
from steps.model_card.tokens import Token
from steps.model_card.words import DIRECTIONS, NOUNS, VERBS

OF_WINNER = frozenset(("winner", "registered", "champion", "chosen"))
_ROLES = frozenset((*OF_WINNER, "plain", "forest", "kmeans"))
"""What a model is called in passing, at the beginning of a clause or after one of these words:"""
_BEFORE_ROLES = ("of", "for", "by", "to", "whether")
_COPULAS = ("is", "are", "was", "were")
_WINS = frozenset(("win", "wins", "won"))
_PREDICTS = ("predict", "predicts", "predicting")
_FEATURES = frozenset(("features", "used", "numeric", "categorical", "date"))
_NO_MODELS = frozenset((*_FEATURES, "column", "columns", "class", "classes", "target", "rows", "data"))
_ORDERED = {"whether": "w", "undecided": "u", **dict.fromkeys(DIRECTIONS, "d")}
_ORDERS = (["w", "d", "u"], ["u", "w", "d"], ["w", "d"])


def has_verb(tokens: Sequence[Token]) -> bool:
    """Return whether one of the tokens may be a verb."""
    return any(token.text.lower() in VERBS for token in tokens)


def is_clause(chunks: Sequence[Sequence[Token]], *, follows: bool) -> bool:
    """Return whether there is a verb; a figure and its names do without after a clause that has one.

    So "the winner, `x`, is a forest" is no two statements, of which the first is that there is a winner.
    """
    tokens = [token for chunk in chunks for token in chunk]
    if has_verb(tokens):
        return True
    claims = {claim for token in tokens for kind, claim in token.atoms if kind == "word"}
    return follows and any(token.figure for token in tokens) and not claims & {*OF_WINNER, "plain"}


def is_guarded(chunks: Sequence[Sequence[Token]]) -> bool:
    """Return whether a direction that is not decided is one only, after a "whether" of its own clause."""
    claims = [[claim for token in chunk for kind, claim in token.atoms if kind == "word"] for chunk in chunks]
    if not any("undecided" in each for each in claims):
        return True
    directed = [each for each in claims if set(each) & DIRECTIONS]
    orders = [[_ORDERED[claim] for claim in each if claim in _ORDERED] for each in directed]
    return not orders or (len(orders) == 1 and orders[0] in _ORDERS)


def misnames(reading: Sequence[Atom], facts: Facts) -> bool:
    """Return whether a model is called plain, or the winner, that is not."""
    named = {"plain": facts.plain, **dict.fromkeys(OF_WINNER, facts.model)}
    pairs = itertools.pairwise(atom for atom in reading if atom not in (("word", "forest"), ("word", "model")))
    return any(
        first[0] == "word" and first[1] in named and second[0] == "model" and second != named[first[1]]
        for first, second in pairs
    )


def repeats(reading: Sequence[Atom]) -> bool:
    """Return whether a clause denies twice, takes two directions, or names something twice."""
    once = [("word", "better") if kind == "word" and claim in DIRECTIONS else (kind, claim) for kind, claim in reading]
    once = [atom for atom in once if atom[0] != "word" or atom[1] in ("not", "better")]
    return len(set(once)) < len(once)


def is_turned(reading: Sequence[Atom]) -> bool:
    """Return whether a comparison does not begin with what is better or worse, as "compared to `y`, `x` is better"."""
    models = [place for place, (kind, _) in enumerate(reading) if kind == "model"]
    compared = [place for place, atom in enumerate(reading) if atom in (("word", "better"), ("word", "worse"))]
    return any(place < models[0] or place > [*models, place][1] for place in compared if models)


def mispredicts(tokens: Sequence[Token]) -> bool:
    """Return whether something else than a model predicts, or what is predicted is called a feature."""
    for place, token in enumerate(tokens):
        if token.text.lower() not in _PREDICTS:
            continue
        *_, subject = [None, *(each for each in tokens[:place] if each.atoms)]
        is_purpose = place > 0 and tokens[place - 1].text.lower() == "to"
        if (
            subject
            and not is_purpose
            and all(kind in _NO_MODELS or claim in _NO_MODELS for kind, claim in subject.atoms)
        ):
            return True
        after = {claim for each in tokens[place + 1 :] for kind, claim in each.atoms if kind == "word"}
        if after & _FEATURES or ("columns" in after and any(each.figure for each in tokens)):
            return True
    return False


def wins_by_figure(tokens: Sequence[Token]) -> bool:
    """Return whether a sentence reads as if the holdout, or a figure, had decided who wins."""
    parts = {claim for token in tokens for kind, claim in token.atoms if kind == "part"}
    wins = any(token.text.lower() in _WINS for token in tokens)
    return wins and ("holdout" in parts or any(token.figure for token in tokens))


def misleads(tokens: Sequence[Token], facts: Facts) -> bool:
    """Return whether all words of a clause are true of something, and a reader takes them for something else."""
    words = [token.text.lower() for token in tokens]
    every = {claim for token in tokens for kind, claim in token.atoms if kind == "word"}
    kinds = {kind for token in tokens for kind, _ in token.atoms}
    is_turned_round = words[:1] == ["than"]
    # Of two forests it is the plain one that "The forest wins" means.
    is_other_forest = {"forest", "winner"} <= every and "model" not in kinds and facts.model != facts.plain
    uses = tokens[: words.index("uses")] if "uses" in words else []
    is_used_by_target = any("target" in atom for token in uses for atom in token.atoms)
    figure = next((place for place, token in enumerate(tokens) if token.figure), len(tokens))
    is_share_of_columns = "missing" in every and "columns" in words[figure:]
    return is_turned_round or is_other_forest or is_used_by_target or is_share_of_columns


def is_from_all(fact: Fact, tokens: Sequence[Token], facts: Facts) -> bool:
    """Return whether it is the target that is predicted, and from all columns that are used, if a fact is of both."""
    if PREDICT not in fact.needs or {"target", "column"} - {kind for kind, _ in fact.needs}:
        return True
    target = next(atom for atom in fact.needs if atom[0] == "target")
    kinds = [
        "predict"
        if PREDICT in each.atoms
        else "target"
        if target in each.atoms
        else "column"
        if any(kind == "column" for kind, _ in each.atoms)
        else each.text.lower()
        for each in tokens
    ]
    said = [kind for kind in kinds if kind not in ("the", "a", "columns")]
    place = said.index("predict")
    return said[place:] == ["predict", "target", "from", *["column"] * facts.sizes["features"]]


def has_own_subject(tokens: Sequence[Token]) -> bool:
    """Return whether a clause names what it is about before its verb."""
    for token in tokens:
        if token.text.lower() in VERBS:
            return False
        if token.text.lower() == "there" or token.atoms or token.figure:
            return any(each.text.lower() in VERBS for each in tokens)
    return False


def is_in_order(fact: Fact, reading: Sequence[Atom]) -> bool:
    """Return whether a pair of models stands in the fact's order, if it is named as a whole.

    If one of them is left out, no metric may stand in its place, as in "`x` is better than `accuracy`"; and neither may
    be left out of what they are to each other.
    """
    models = tuple(dict.fromkeys(atom for atom in reading if atom[0] == "model"))
    ordered = tuple(dict.fromkeys(atom for atom in reading if atom in fact.order))
    is_of_pair = sum(kind == "model" for kind, _ in fact.needs | fact.may) > 1
    if is_of_pair and len(models) == 1:
        is_mutual = not fact.order and ("word", "undecided") not in fact.needs
        return not is_mutual and not any(kind == "metric" for kind, _ in reading)
    return len(ordered) < len(fact.order) or ordered == fact.order


def counts(fact: Fact, tokens: Sequence[Token]) -> bool:
    """Return whether what is counted is what the fact counts: the first noun after the figure, or else before it."""
    place = next(place for place, token in enumerate(tokens) if token.figure)
    if fact.unit != COUNT:
        return not any(atom[1] in NOUNS for token in tokens[place + 1 : place + 2] for atom in token.atoms)
    for part in (tokens[place:], tokens[:place]):
        nouns = [atom for token in part for atom in token.atoms if atom[0] == "word" and atom[1] in NOUNS]
        if nouns:
            return nouns[0] in fact.needs or (nouns[0] == ("word", "columns") and nouns[0] in fact.may)
    return True


def is_predicate(fact: Fact, tokens: Sequence[Token]) -> bool:
    """Return whether the clause says in passing of something else that it is the winner, or a forest.

    As in "`x` is the winner with 0.5", where 0.5 is the winner's, and `x` a class; or in "the winner is `a=1`".
    """
    if all(kind in ("word", "model") for kind, _ in fact.needs) and fact.value is None:
        return False
    telling = [token for token in tokens if token.text.lower() not in ("the", "a", "an", "this", "model")]
    for before, token, after in zip([None, *telling], telling, [*telling[1:], None], strict=False):
        roles = {("word", claim) for claim in _ROLES} & token.atoms
        if not roles or roles & fact.needs:
            continue
        is_free = before is None or before.text.lower() in _BEFORE_ROLES or is_role(before)
        if not is_free or (fact.value is None and after is not None and after.text.lower() in _COPULAS):
            return True
    return False


def is_role(token: Token) -> bool:
    """Return whether a token is what a model may be called in passing."""
    return any(claim in _ROLES for kind, claim in token.atoms if kind == "word")
