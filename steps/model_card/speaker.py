"""Who says what the checker lets stand, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from steps.model_card.checker import check
from steps.model_card.claims import Facts
from steps.model_card.names import quoted

MOST_NAMED = 12
"""Names that a sentence lists; of more it says how many."""


@dataclass(frozen=True)
class Speaker:
    """Says of the evidence what the facts support."""

    evidence: Mapping[str, Any]
    facts: Facts

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The content of verdict.json."""
        return self.evidence["verdict"]

    @property
    def data(self) -> Mapping[str, Any]:
        """What is known of the data."""
        return self.evidence["data"]

    def those(self, *sentences: str) -> list[str]:
        """Return the sentences that stand: a name in one may be like another one's, or the outcome another one."""
        return [sentence for sentence in sentences if check(sentence, self.facts).why is None]

    def whole(self, sentence: str, *parts: str) -> list[str]:
        """Return the sentence, or where it can't stand, as it is too long, those of its parts that can."""
        return self.those(sentence) or self.those(*parts)

    def listed(self, names: Collection[str], begin: str, end: str, many: tuple[str, str], count: str = "") -> list[str]:
        """Return one sentence of all the names.

        Parameters
        ----------
        begin, end
            What stands around the name, if it is one only.
        many
            What stands around several.
        count
            How many there are, as a sentence: for too many names, and if there is one that can't be named.
        """
        said = {name: f"{begin}{quoted(name)}{end}" for name in names} if len(names) <= MOST_NAMED else {}
        sayable = {name: sentence for name, sentence in said.items() if self.those(sentence)}
        found = self.those(count) if count and len(sayable) < len(names) else []
        if len(sayable) < 2:
            return [*found, *sayable.values()]
        return [*found, *self.whole(f"{many[0]}{joined(map(quoted, sayable))}{many[1]}", *sayable.values())]


def joined(names: Iterable[str]) -> str:
    """Return names as a list.

    Examples
    --------
    >>> joined("abc")
    'a, b and c'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
