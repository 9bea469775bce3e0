"""What a card should say, and Grove can't know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import Collection

UNSAID = {
    "purpose": ("What the model is intended for is not recorded.", "use"),
    "users": ("Who the users are is not recorded.", "use"),
    "groups": ("Which groups of people the rows are about is not recorded.", "factors"),
    "collection": ("How the rows were collected is not recorded.", "caveats"),
    "ethics": ("What the ethical risks are is not recorded.", "caveats"),
    "future": ("Scores on other data are not known.", "caveats"),
}
"""Topic to the sentence that says so, and its section."""


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add that it is not recorded."""
    for topic, (said, section) in UNSAID.items():
        may = ["rows", "users", "score", "used", "predict", "groups", "data"]
        found.add(["unsaid", topic], said, may=may, section=section)
