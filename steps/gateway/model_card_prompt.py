"""What an LLM is asked: the text that the prompt begins as, what is filled into it, and what is said of a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from steps.model_card.checker import Finding
from steps.model_card.facts import Facts
from steps.model_card.sections import SECTIONS
from steps.model_card.told import told as told_facts

FILE = Path(__file__).with_suffix(".md")
"""The prompt's text where the registry has none yet."""
VARIABLES = ("sections", "evidence")
"""What is filled in: the sections with what belongs there, and the evidence. In this order: MLflow fills in one after
the other, and the evidence may hold any text."""
_TITLES = {section.key: section.title for section in SECTIONS}
_MOST_FACTS = 30
"""Of a section; of a table with many classes or columns the worst and the first."""
_MOST_FINDINGS = 40
_LONGEST = 500
"""Characters of a sentence that is told back."""


def values_of(evidence: Mapping[str, Any], facts: Facts) -> dict[str, str]:
    """Return what is filled in for each of `VARIABLES`."""
    return dict(zip(VARIABLES, (_listed(_TITLES), told(evidence, facts)), strict=True))


def told(evidence: Mapping[str, Any], facts: Facts) -> str:
    """Return the evidence as an LLM is told it: sentence by sentence, which is what the checker understands best."""
    parts = []
    for key, sentences in told_facts(evidence, facts).items():
        more = len(sentences) - _MOST_FACTS
        shown = [*sentences[:_MOST_FACTS], *([f"… and {more} more facts."] if more > 0 else [])]
        parts.append("\n".join([f"{_TITLES[key]}:", *(f"- {sentence}" for sentence in shown)]))
    return "\n\n".join(parts)


def correction(cut: Mapping[str, Sequence[Finding]]) -> str:
    """Return what an LLM is told of a draft of which sentences were cut, by the section's key; of none, all were."""
    if not cut:
        return f"Nothing stands below one of the headings. Write the card as it was asked for:\n\n{_listed(_TITLES)}"
    said = [
        f'- In "{_TITLES[key]}": {found.sentence[:_LONGEST]} (cut: {found.why})'
        for key, findings in cut.items()
        for found in findings
    ]
    more = len(said) - _MOST_FINDINGS
    shown = [*said[:_MOST_FINDINGS], *([f"- and {more} more"] if more > 0 else [])]
    again = "Write these sections once more, by the same rules, without what is wrong, and no other section:"
    return "\n".join(["These sentences were cut:", "", *shown, "", again, "", _listed(cut)])


def _listed(keys: Collection[str]) -> str:
    return "\n".join(f"- {section.title}: {section.belongs}" for section in SECTIONS if section.key in keys)
