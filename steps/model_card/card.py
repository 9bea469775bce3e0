"""A card: in each section the model's sentences that stand, then what the card says itself and they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steps.model_card.checker import Finding, check
from steps.model_card.claims import Facts
from steps.model_card.draft import OUTSIDE
from steps.model_card.names import quoted
from steps.model_card.prose import deterministic
from steps.model_card.sections import SECTIONS, Section
from steps.model_card.sentences import pieces
from steps.model_card.tables import tables_of
from steps.report import markdown
from steps.report.page import Heading, Part, Prose, Table, page

_OUTSIDE = "it stands under none of the card's headings"
_DESCRIPTION_CHARACTERS = 4_770
"""MLflow's database has 5,000; what is said of what is left out takes some, and a link that is to follow."""


@dataclass(frozen=True)
class Written:
    """A section's sentences.

    Attributes
    ----------
    by_model
        How many of them a model wrote; these come first.
    """

    section: Section
    sentences: tuple[str, ...]
    by_model: int

    @property
    def parts(self) -> Iterator[tuple[tuple[str, ...], bool]]:
        """The model's sentences, and the card's own, each with whether they are a model's."""
        yield from ((self.sentences[: self.by_model], True), (self.sentences[self.by_model :], False))


@dataclass(frozen=True)
class Card:
    """A card.

    Attributes
    ----------
    evidence
        What it is about.
    sections
        All of them, in their order.
    findings
        By the section's key, "" for none: what a model wrote, with what the checker says of it.
    author
        The model, as the card calls it.
    note
        What a reader should know beside, such as why no model could be asked.
    """

    evidence: Mapping[str, Any]
    sections: tuple[Written, ...]
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    author: str = ""
    note: str = ""

    @property
    def written(self) -> int:
        """How many sentences a model wrote."""
        return sum(map(len, self.findings.values()))

    @property
    def kept(self) -> int:
        """How many of them stand."""
        return sum(finding.why is None for found in self.findings.values() for finding in found)

    @property
    def cut(self) -> dict[str, tuple[Finding, ...]]:
        """Those that are cut, by the section's key; no key without any."""
        cut = {key: tuple(each for each in found if each.why) for key, found in self.findings.items()}
        return {key: found for key, found in cut.items() if found}


def assemble(
    facts: Facts,
    evidence: Mapping[str, Any],
    drafts: Sequence[Mapping[str, Sequence[str]]],
    *,
    author: str = "",
    note: str = "",
) -> Card:
    """Return the card that comes of a model's drafts, the first and those that mend it; none at all: no model's.

    What stands of a draft is kept; what is written again does not count. Of the card's own sentences none is left out
    but those that say nothing beyond the model's, whatever section these stand in.
    """
    findings = _checked(facts, drafts)
    standing = {key: [each for each in found if each.why is None] for key, found in findings.items()}
    written = [each for found in standing.values() for each in found]
    own = deterministic(evidence, facts)
    sections = []
    for section in SECTIONS:
        kept = [each.sentence for each in standing.get(section.key, ())]
        rest = [sentence for sentence in own[section.key] if check(sentence, facts).adds(written)]
        sections.append(Written(section, (*kept, *rest), len(kept)))
    return Card(evidence, tuple(sections), findings, author, note)


def _checked(facts: Facts, drafts: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, tuple[Finding, ...]]:
    """Return what is to be said of each sentence, once: in the section that has it first, if one has it."""
    findings: dict[str, dict[str, Finding]] = {}
    checked: set[str] = set()
    for draft in drafts:
        for key, sentences in draft.items():
            for sentence in sentences:
                if sentence in checked:
                    continue
                if key == OUTSIDE:
                    findings.setdefault(key, {})[sentence] = Finding(sentence, _OUTSIDE)
                else:
                    findings.setdefault(key, {})[sentence] = check(sentence, facts)
                    checked.add(sentence)
    outside = findings.pop(OUTSIDE, {})
    findings[OUTSIDE] = {sentence: found for sentence, found in outside.items() if sentence not in checked}
    return {key: tuple(found.values()) for key, found in findings.items() if found}


def to_markdown(card: Card) -> str:
    """Return the card as Markdown, the model's sentences in italics, with its tables."""
    tables = tables_of(card.evidence)
    found = [f"# {markdown.escape(_title(card))}", *map(markdown.escape, _opening(card))]
    for written in card.sections:
        found += [f"## {written.section.title}", _said(written)]
        found += filter(None, map(_as_markdown, tables.get(written.section.key, [])))
    return "\n\n".join(found) + "\n"


def to_description(card: Card) -> str:
    """Return the card's sentences as Markdown of 4,800 characters at most, as the description of a version."""
    found = [f"**Model card.** {markdown.escape(' '.join(_opening(card)))}"]
    for written in card.sections:
        found += [f"**{written.section.title}**", _said(written)]
    return markdown.shortened("\n\n".join(found), _DESCRIPTION_CHARACTERS)


def to_html(card: Card) -> str:
    """Return the card as a page of HTML, the model's sentences in italics, with its tables."""
    first, *more = _opening(card)
    tables = tables_of(card.evidence)
    parts: list[Part] = [*more]
    for written in card.sections:
        parts.append(Heading(written.section.title))
        parts += [Prose(pieces(" ".join(said)), italic) for said, italic in written.parts if said]
        parts += tables.get(written.section.key, [])
    return page(_title(card), first, parts)


def _title(card: Card) -> str:
    return f"{card.evidence['name']}, version {card.evidence['version']}: model card"


def _opening(card: Card) -> list[str]:
    """Return what the comparison came to, and whose sentences follow."""
    cut = card.written - card.kept
    were = f"The {cut} that the evidence does not support, as far as a program can tell, were cut."
    whose = (
        f"Sentences in italics are by {card.author or 'a language model'}: {card.kept} of the {card.written} that it "
        f"wrote stand.{f' {were}' if cut else ''} All else is from the evidence itself."
    )
    if not card.kept:
        were = f" The {cut} that a language model wrote were cut." if cut else ""
        whose = f"Every sentence is made from the evidence, without a language model.{were}"
    return [card.evidence["verdict"]["sentence"], " ".join(filter(None, (whose, card.note)))]


def _said(written: Written) -> str:
    """Return a section's sentences as Markdown, one a line."""
    marked = [("*" if italic else "", sentence) for said, italic in written.parts for sentence in said]
    return "\n".join(f"{mark}{_sentence(sentence)}{mark}" for mark, sentence in marked)


def _sentence(sentence: str) -> str:
    return "".join(quoted(text) if is_code else _escaped(text) for text, is_code in pieces(sentence))


def _escaped(text: str) -> str:
    """Return the text escaped, with the spaces around it, which `escape` takes away."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{markdown.escape(text)}{after}" if text.strip() else text


def _as_markdown(part: Part) -> str:
    if isinstance(part, str):
        return markdown.escape(part)
    if isinstance(part, Table):
        head, *rows = [
            [f"{cell.text} ({cell.small})" if cell.small else cell.text for cell in row] for row in part.cells
        ]
        return "\n\n".join(filter(None, (markdown.escape(part.caption), markdown.text_table(head, rows))))
    return markdown.bullets(part)
