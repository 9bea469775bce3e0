"""What the gate before the champion found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import Collection
from steps.model_card.contest import contest
from steps.model_card.names import quoted

_ANSWERED = ("passed", "failed")


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add what each check found, and the gate as a whole."""
    who = contest(found, evidence)
    words = {name: said.partition(":")[0] for name, said in evidence["gate"].items()}
    for name, word in words.items():
        claim = word if word in _ANSWERED else "not asked"
        said = f"The gate check {quoted(name)} {word if word in _ANSWERED else 'was not asked'}."
        section = "metrics" if word in _ANSWERED else ""
        check = found.name("check", name)
        found.add([check, claim], said, may=["gate", "check"], section=section)
    asked = set(words.values()) & set(_ANSWERED)
    if asked:
        claim = "failed" if "failed" in asked else "passed"
        said = f"The model {claim} the gate."
        found.add(["gate", claim], said, may=[who.winner, "registered"], section="metrics")
    elif words:
        found.add(["not", "check"], "No gate check was asked.", may=["gate"], section="metrics")
