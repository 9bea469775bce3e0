"""What a language model is told of a version: what the card says itself, and more facts, one a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.checker import check
from steps.model_card.claims import Facts
from steps.model_card.prose import deterministic


def told(evidence: Mapping[str, Any], facts: Facts) -> dict[str, list[str]]:
    """Return the sentences by the section's key: the card's own, then the facts that they do not say."""
    found = deterministic(evidence, facts)
    own = [check(sentence, facts) for sentences in found.values() for sentence in sentences]
    more = dict.fromkeys((fact.section, fact.said) for fact in facts.every if fact.section)
    for section, sentence in more:
        if check(sentence, facts).adds(own):
            found[section].append(sentence)
    return found
