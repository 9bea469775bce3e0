"""All that may be said of a version of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card import (
    data_facts,
    gate_facts,
    origin_facts,
    outcome_facts,
    part_facts,
    score_facts,
    unsaid_facts,
)
from steps.model_card.claims import Collection, Facts

_TOPICS = (origin_facts, score_facts, outcome_facts, data_facts, part_facts, gate_facts, unsaid_facts)
"""In the order in which a section tells of them."""


def facts_of(evidence: Mapping[str, Any]) -> Facts:
    """Return everything that may be said of the evidence.

    Parameters
    ----------
    evidence
        `name`, `version`; `verdict` as in verdict.json; `gate`, `data` and `provenance`.
    """
    found = Collection()
    for topic in _TOPICS:
        topic.collect(found, evidence)
    verdict = evidence["verdict"]
    return found.done(found.name("model", verdict["winner"]), found.name("model", next(iter(verdict["models"]))))
