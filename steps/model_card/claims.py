"""Facts: what a clause must claim to say them, and what it may claim beside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from steps.model_card.names import is_speakable, quoted, shown

Atom = tuple[str, str]
"""The smallest part of a claim: its kind, such as `model`, `class`, `column` or `word`, and what it is."""

_OWNED = ("model", "metric")

PREDICT: Atom = ("word", "predict")

COUNT, NUMBER, SHARE = "count", "number", "share"
"""The units of figures: how many, exactly; any number; and a number from 0 to 1 that may be said in percent."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something true.

    A clause that says it has all of `needs`, nothing but these and `may`, and its figure.

    Attributes
    ----------
    needs, may
        What a clause must claim, and what it may claim beside.
    value, high
        The figure; of an interval both ends. None where there is none.
    unit
        Of the figure.
    order
        What a clause must name in this order, if it names all of it.
    section, said
        A sentence that says it, and the section of the card that it belongs to; empty for none.
    """

    needs: frozenset[Atom]
    may: frozenset[Atom]
    value: float | None = None
    high: float | None = None
    unit: str = NUMBER
    order: tuple[Atom, ...] = ()
    section: str = ""
    said: str = ""

    @property
    def names(self) -> frozenset[Atom]:
        """What it must name."""
        return frozenset(atom for atom in self.needs if atom[0] != "word")


@dataclass(frozen=True)
class Facts:
    """All facts of a version, to be looked up by the names in them.

    Attributes
    ----------
    every
        In the order of the card.
    by_names
        The facts that must name just these.
    names
        What may stand in backticks, to what it may be.
    phrases
        Words in lower case that are names of the evidence, such as `balanced accuracy`.
    model, plain
        The model that is meant where none is named, and the one that the others are compared with.
    sizes
        How many names a list must have that claims to be complete, by what it is of.
    """

    every: tuple[Fact, ...]
    by_names: Mapping[frozenset[Atom], list[Fact]]
    names: Mapping[str, frozenset[Atom]]
    phrases: Mapping[tuple[str, ...], Atom]
    model: Atom
    plain: Atom
    sizes: Mapping[str, int]


class Collection:
    """Facts while they are collected."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.phrases: dict[tuple[str, ...], Atom] = {}
        self.sizes: dict[str, int] = {}
        self._raw: dict[Atom, str] = {}
        self._unclear: set[Atom] = set()

    def name(self, kind: str, name: object) -> Atom:
        """Return the atom of a name, which may be named from now on."""
        atom = (kind, shown(name))
        if self._raw.setdefault(atom, str(name)) != str(name) or not is_speakable(atom[1]):
            self._unclear.add(atom)
        return atom

    def add(
        self,
        needs: Iterable[Atom | str],
        said: str = "",
        *,
        may: Iterable[Atom | str] = (),
        value: float | None = None,
        high: float | None = None,
        unit: str = NUMBER,
        order: tuple[Atom, ...] = (),
        section: str = "",
    ) -> None:
        """Add a fact; a string among its claims is a word. What can't be named without confusion is not said."""
        self.facts.append(
            Fact(_atoms(needs), _atoms(may), value, high, unit, order, section if said else "", said),
        )

    def done(self, model: Atom, plain: Atom) -> Facts:
        """Return the facts, without those of names that are written like another one.

        What is written like a model or a metric is taken for nothing else: a class may be called like the loser.
        """
        owned = {called for kind, called in self._raw if kind in _OWNED}
        self._unclear |= {atom for atom in self._raw if atom[1] in owned and atom[0] not in _OWNED}
        every = tuple(self._sayable(fact) for fact in self.facts if not fact.needs & self._unclear)
        by_names: dict[frozenset[Atom], list[Fact]] = defaultdict(list)
        for fact in every:
            by_names[fact.names].append(fact)
        names: dict[str, set[Atom]] = defaultdict(set)
        for atom in self._raw:
            if atom not in self._unclear:
                names[atom[1]].add(atom)
        return Facts(
            every,
            dict(by_names),
            {name: frozenset(atoms) for name, atoms in names.items()},
            self.phrases,
            model,
            plain,
            self.sizes,
        )

    def _sayable(self, fact: Fact) -> Fact:
        if any(quoted(name) in fact.said for _, name in fact.may & self._unclear):
            return replace(fact, said="", section="")
        return fact


def _atoms(claims: Iterable[Atom | str]) -> frozenset[Atom]:
    return frozenset(("word", claim) if isinstance(claim, str) else claim for claim in claims)
