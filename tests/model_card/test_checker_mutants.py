"""True sentences that are changed by one piece."""

from __future__ import annotations

import random
import re

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from steps.model_card.names import quoted
from tests.model_card.evidences import OTHER, PLAIN, evidences
from tests.model_card.shipped import FACTS
from tests.model_card.test_checker_paraphrases import TRUE

_SAID = [fact.said for fact in FACTS.every if fact.said]
_EVERY = [*_SAID, *TRUE]
_SPACES = re.compile(r" (?=(?:[^`]*`[^`]*`)*[^`]*$)")
_FIGURE = re.compile(r"(?<![\w.`=-])-?\d[\d,]*(?:\.\d+)?(?=[ .,]|$)(?![\d])")


def _inserted(sentence: str, word: str, place: int) -> str:
    places = [space.start() for space in _SPACES.finditer(sentence)]
    start = places[place % len(places)]
    return f"{sentence[:start]} {word}{sentence[start:]}"


@settings(max_examples=200)
@given(st.sampled_from(_EVERY), st.integers(0, 30))
def test_a_denied_sentence_is_cut(sentence, place) -> None:
    for word in ("not", "no", "never", "hardly", "without", "neither", "isn't"):
        denied = _inserted(sentence, word, place)
        # "Which is not the outcome", if there is nothing to deny but what was said to be undecided, is said of nothing.
        assert check(denied, FACTS).why, denied


@settings(max_examples=200)
@given(st.sampled_from(_EVERY), st.integers(0, 30))
def test_a_word_that_no_evidence_has_is_cut(sentence, place) -> None:
    for word in ("excellent", "unbiased", "significantly", "<b>", "https://example.org", "nur", "более", "most", "all",
                 "only", "or", "if", "almost", "over", "better", "worse"):  # fmt: skip
        said = _inserted(sentence, word, place)
        assert check(said, FACTS).why or word in sentence.lower().split(), said


@settings(max_examples=200)
@given(st.sampled_from(_SAID), st.integers(0, 5), st.integers(-(10**6), 10**6), st.sampled_from([1, 10, 1000, 10**6]))
def test_another_figure_is_cut(sentence, place, amount, per) -> None:
    figures = list(_FIGURE.finditer(sentence))
    figures = [figure for figure in figures if not sentence.startswith(" %", figure.end())]
    assume(figures)
    figure = figures[place % len(figures)]
    decimals = len(figure[0].partition(".")[2])
    other = f"{float(figure[0].replace(',', '')) + amount / per:.{decimals}f}"
    assume(float(other) != float(figure[0].replace(",", "")))
    mutant = f"{sentence[: figure.start()]}{other}{sentence[figure.end() :]}"
    assert check(mutant, FACTS).why, mutant


@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(evidences(), st.integers(0, 2**32))
def test_a_name_in_the_place_of_another_is_cut_unless_that_is_true(evidence, seed) -> None:
    facts, chance = facts_of(evidence), random.Random(seed)
    said = {fact.said.replace(" an ", " a ") for fact in facts.every if fact.said}
    for sentence in sorted(said):
        names = sorted({name for name in facts.names if quoted(name) in sentence})
        for name in names:
            other = chance.choice(sorted(facts.names))
            mutant = sentence.replace(quoted(name), quoted(other))
            # Every fact is among them in the same words, so a mutant that is none of them is not true.
            assert check(mutant, facts).why or mutant in said, f"{sentence} -> {mutant}"


@settings(max_examples=50)
@given(evidences())
def test_models_that_change_places_are_cut_unless_that_is_true(evidence) -> None:
    facts = facts_of(evidence)
    said = {fact.said for fact in facts.every if fact.said}
    for sentence in said:
        mutant = sentence.replace(f"`{PLAIN}`", "`?`").replace(f"`{OTHER}`", f"`{PLAIN}`").replace("`?`", f"`{OTHER}`")
        if mutant != sentence and check(mutant, facts).why is None:
            assert mutant in said or "not decided" in mutant, mutant
