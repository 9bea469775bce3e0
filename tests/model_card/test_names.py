from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from steps.model_card.names import is_speakable, normal, quoted, shown
from steps.model_card.sentences import CODE, pieces, split
from tests.model_card.evidences import NAMES


@given(NAMES)
@example("a`b``c")
@example("`")
def test_a_quoted_name_is_read_again_by_us_and_by_markdown(name) -> None:
    called = shown(name)
    if not is_speakable(called):
        return
    assert pieces(f"It is {quoted(name)}.") == [("It is ", False), (called, True), (".", False)]
    assert normal(re.fullmatch(CODE, quoted(name))["code"]) == called
    (paragraph,) = [token for token in MarkdownIt().parse(f"It is {quoted(name)}.") if token.type == "inline"]
    assert [each.content for each in paragraph.children if each.type == "code_inline"] == [called]


@given(NAMES, NAMES)
def test_a_sentence_is_not_cut_within_a_name(first, second) -> None:
    if is_speakable(shown(first)) and is_speakable(shown(second)):
        said = [f"Is {quoted(first)} one.", f"{quoted(second)} is it."]
        assert split(" ".join(said)) == said


@given(st.text(max_size=30))
def test_what_is_shown_is_shown_alike_again_and_has_nothing_hidden(name) -> None:
    called = shown(name)
    assert shown(called) == called
    assert "\n" not in called and called == called.strip()


def test_abbreviations_and_decimal_points_end_no_sentence() -> None:
    text = 'It has 0.5, e.g. here. It has 3 vs. 4! What? “A. B.” is one. "C. D." too. Yes…'
    assert split(text) == [
        "It has 0.5, e.g. here.",
        "It has 3 vs. 4!",
        "What?",
        "“A. B.” is one.",
        '"C. D." too.',
        "Yes…",
    ]
