from __future__ import annotations

import copy
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from steps.model_card.card import Card, assemble, to_description, to_html, to_markdown
from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from steps.model_card.prose import deterministic
from steps.model_card.sections import SECTIONS
from tests.model_card.evidences import evidences
from tests.model_card.shipped import FACTS, SHIPPED
from tests.model_card.test_checker_lies import FIGURES, WORDS
from tests.model_card.test_checker_paraphrases import TRUE

WINNER, FOREST = "`train_rf` is the winner.", "`train_rf` is a random forest."
LIE = "`train_rf_kmeans` is the winner."


def _card(*drafts: dict[str, list[str]], **said: str) -> Card:
    return assemble(FACTS, SHIPPED, drafts, **said)


def _section(card: Card, key: str) -> tuple[tuple[str, ...], int]:
    return next((each.sentences, each.by_model) for each in card.sections if each.section.key == key)


def _said(sentences: Iterable[str]) -> set[str]:
    return {fact.said for sentence in sentences for fact, _ in check(sentence, FACTS).says}


OWN = deterministic(SHIPPED, FACTS)


def test_without_a_draft_the_card_is_the_deterministic_one() -> None:
    card = _card()
    assert {each.section.key: list(each.sentences) for each in card.sections} == OWN
    assert not any(each.by_model for each in card.sections)
    assert (card.written, card.kept, card.cut) == (0, 0, {})
    assert "without a language model" in to_markdown(card) and "without a language model" in to_html(card)


def test_after_the_models_sentences_comes_what_they_do_not_say() -> None:
    card = _card({"details": [WINNER, LIE, FOREST], "metrics": [LIE], "use": ["Cross-validation has five folds."]})
    assert _section(card, "details") == ((WINNER, FOREST, *OWN["details"][1:]), 2)
    assert OWN["details"][0] == FOREST
    without = [sentence for sentence in OWN["metrics"] if sentence != "Cross-validation has 5 folds."]
    assert _section(card, "metrics") == (tuple(without), 0)
    assert "`train_rf` is the winner of the comparison." in OWN["analyses"]
    assert "`train_rf` is the winner of the comparison." not in _section(card, "analyses")[0]
    assert [(key, finding.sentence) for key, found in card.cut.items() for finding in found] == [("details", LIE)]


@settings(max_examples=30)
@given(st.data())
def test_whatever_a_model_writes_no_fact_of_the_card_is_lost(data) -> None:
    said = [sentence for sentences in OWN.values() for sentence in sentences]
    anything = st.lists(st.sampled_from([*said, *TRUE, *FIGURES, *WORDS]), max_size=20)
    draft = {section.key: data.draw(anything) for section in SECTIONS}
    card = _card(draft)
    assert _said(said) <= _said(sentence for each in card.sections for sentence in each.sentences)


def test_what_is_said_twice_counts_once_and_what_stands_under_no_heading_is_cut() -> None:
    card = _card({"": [FOREST, WINNER], "details": [WINNER, WINNER, LIE, LIE], "caveats": [WINNER]}, {"": [LIE]})
    assert (card.written, card.kept) == (3, 1)
    assert card.findings["details"][0].sentence == WINNER and "caveats" not in card.findings
    assert [found.sentence for found in card.cut["details"]] == [LIE]
    assert [found.why for found in card.cut[""]] == ["it stands under none of the card's headings"]


def test_a_draft_whose_only_fault_is_repetition_has_nothing_cut() -> None:
    card = _card({"details": [WINNER, WINNER]}, {"details": [WINNER]})
    assert (card.written, card.kept, card.cut) == (1, 1, {})
    assert "cut" not in to_markdown(card).split("##")[0]


def test_a_second_draft_adds_what_stands_and_counts_only_what_is_new() -> None:
    card = _card({"details": [WINNER, LIE]}, {"details": [WINNER, FOREST]})
    assert _section(card, "details")[0][:2] == (WINNER, FOREST) and _section(card, "details")[1] == 2
    assert (card.written, card.kept) == (3, 2)


def test_the_card_says_whose_sentences_it_has_and_what_else_a_reader_should_know() -> None:
    card = _card({"details": [WINNER, LIE]}, author="smol *1*", note="The second draft timed out.")
    for text in (_shown(to_markdown(card)), _shown(to_description(card)), to_html(card)):
        assert "Sentences in italics are by smol *1*: 1 of the 2 that it wrote stand." in text
        assert "The second draft timed out." in text
    card = _card({"details": [LIE]}, note="The endpoint was not there.")
    assert "The 1 that a language model wrote were cut. The endpoint was not there." in _shown(to_markdown(card))


def test_the_models_sentences_and_no_others_are_in_italics() -> None:
    card = _card({"details": [WINNER]})
    emphasised = "<em><code>train_rf</code> is the winner.</em>"
    assert MarkdownIt().render(to_markdown(card)).count("<em>") == 1
    assert emphasised in MarkdownIt().render(to_markdown(card))
    assert emphasised in MarkdownIt().render(to_description(card))
    assert f"<p>{emphasised}</p>" in to_html(card) and to_html(card).count("<em>") == 1


@pytest.mark.parametrize("said", ["`train_rf` has a cross-validated score of 0.774.", None])
def test_tables_are_there_whoever_wrote_the_sentences(said) -> None:
    card = _card(*([{section.key: [said] for section in SECTIONS}] if said else []))
    for text in (to_html(card), MarkdownIt().enable("table").render(to_markdown(card))):
        assert text.count("<table") >= 9
        for figure in ("0.8370 to 0.8541", "min_class_recall is empty", "8,483", "0.3833", "647 rows equal", "0.7215"):
            assert figure in text.replace("<wbr>", "")


def test_the_description_of_many_sections_stays_below_what_mlflow_keeps() -> None:
    evidence = copy.deepcopy(SHIPPED)
    evidence["gate"] = {f"{'*' * 60}{number}": "passed: it is" for number in range(12)}
    evidence["data"]["columns"] = [
        {"name": f"{'*' * 60}{number}", "role": role, "type": "number", "missing": 0.0}
        for role in ("numeric", "categorical")
        for number in range(12)
    ]
    card = assemble(facts_of(evidence), evidence, [])
    assert 4_500 < len(to_description(card)) <= 4_900
    assert "more." in to_description(card).splitlines()[-1]
    assert len(to_description(_card())) < 4_900 and "more." not in to_description(_card())


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def _shown(text: str) -> str:
    """What a reader of Markdown sees."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append
    parser.feed(MarkdownIt().render(text))
    return "".join(found)


_MARKDOWN = set("h1 h2 p em strong code ul li table thead tbody tr th td".split())  # noqa: SIM905


@settings(max_examples=20)
@given(evidences())
def test_no_name_becomes_markup(evidence) -> None:
    facts = facts_of(evidence)
    said = dict.fromkeys(fact.said for fact in facts.every if fact.said)
    card = assemble(facts, evidence, [{"details": list(said)}])
    assert card.kept == card.written > 0
    plain = _Elements(to_html(_card({"details": [WINNER]})))
    found = _Elements(to_html(card))
    assert found.tags <= plain.tags and found.attributes <= plain.attributes
    for text in (to_markdown(card), to_description(card)):
        rendered = _Elements(MarkdownIt().enable("table").render(text))
        assert rendered.tags <= _MARKDOWN and not rendered.attributes - {"style"}
    shown = _shown(to_markdown(card))
    for name in evidence["data"]["classes"]["training"]:
        assert " ".join(name.split()) in " ".join(shown.split()) or not name.isprintable() or not name.isascii()
