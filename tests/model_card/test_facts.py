from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings

from steps.model_card.card import assemble, to_markdown
from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from steps.model_card.prose import deterministic
from steps.model_card.sections import SECTIONS
from steps.model_card.told import told
from tests.model_card.evidences import evidences
from tests.model_card.shipped import SHIPPED


@settings(max_examples=40)
@given(evidences())
def test_every_fact_passes_in_its_own_words(evidence) -> None:
    before = copy.deepcopy(evidence)
    facts = facts_of(evidence)
    findings = [check(fact.said, facts) for fact in facts.every if fact.said]
    assert [finding for finding in findings if finding.why] == []
    assert evidence == before


@pytest.mark.parametrize("word", ["better", "help", "equivalent", "undecided", "whether", "winner", "predict", "rows"])
def test_a_target_and_its_classes_may_be_called_like_what_claims_something(word: str) -> None:
    text = json.dumps(SHIPPED, ensure_ascii=False)
    renamed = text.replace(f'"{SHIPPED["verdict"]["target"]}"', f'"{word}"').replace('"DM"', f'"{word}"')
    facts = facts_of(json.loads(renamed))
    assert check(f"`{word}` is a class of `{word}`.", facts).why is None
    assert [fact.said for fact in facts.every if fact.said and check(fact.said, facts).why] == []


@settings(max_examples=15)
@given(evidences())
def test_the_deterministic_card_covers_every_section(evidence) -> None:
    facts = facts_of(json.loads(json.dumps(evidence)))
    for said in (deterministic(evidence, facts), told(evidence, facts)):
        assert list(said) == [section.key for section in SECTIONS]
        assert all(said.values())
        assert not any(check(sentence, facts).why for sentences in said.values() for sentence in sentences)


@settings(max_examples=15)
@given(evidences())
def test_no_fact_lets_a_clause_be_denied_in_passing(evidence) -> None:
    for fact in facts_of(evidence).every:
        assert not fact.may & {("word", word) for word in ("not", "no say", "undecided", "unsaid", "lowest", "highest")}


def test_what_an_older_grove_or_none_recorded_is_missed_by_nothing() -> None:
    evidence = copy.deepcopy(SHIPPED)
    for key in ("classes", "slices", "small_slices", "rope", "min_probability", "sample"):
        del evidence["verdict"][key]
    evidence["provenance"] |= {"trained": None, "commit": None, "repository": None, "seed": None, "python": None}
    evidence["provenance"] |= {"packages": {}, "runs": {}, "data_fingerprint": None}
    evidence["data"] = {"rows": None, "columns": [], "left_out_columns": {}, "classes": {"training": {}, "holdout": {}}}
    evidence["data"] |= {"left_out_rows": {}, "notes": []}
    evidence |= {"gate": {}}
    facts = facts_of(evidence)
    assert all(deterministic(evidence, facts).values())
    assert not any(check(fact.said, facts).why for fact in facts.every if fact.said)
    assert "not recorded" in to_markdown(assemble(facts, evidence, []))
