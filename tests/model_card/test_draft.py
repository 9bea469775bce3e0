from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.model_card.draft import read_draft
from steps.model_card.sections import SECTIONS

SAID = "`train_rf` is the winner."


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
@pytest.mark.parametrize(
    "heading",
    ["# {}", "## {}", "###### {} ######", "##{}", "**{}**", "**{}:**", "**{}**:", "__{}__", "{}", "{}:", "3. {}",
     "## 3. {}", "## **{}**", "**3.1 {}**", "- **{}**", "### {}:"],
)  # fmt: skip
def test_a_heading_of_any_kind_begins_a_section(section, heading) -> None:
    for title in (section.title, section.title.upper(), section.key):
        text = f"Hello there.\n\n{heading.format(title)}\n{SAID}\n"
        assert read_draft(text) == {"": ["Hello there."], section.key: [SAID]}


def test_items_and_paragraphs_become_sentences() -> None:
    text = """```markdown
## Metrics

The score is `a. b`, e.g. 0.5 of
it. A second one!

- one item
* another, with a *stressed* word.
1. the third
2) the fourth

**Factors:** They follow
```
"""
    assert read_draft(text) == {
        "metrics": [
            "The score is `a. b`, e.g. 0.5 of it.",
            "A second one!",
            "one item.",
            "another, with a stressed word.",
            "the third.",
            "the fourth.",
        ],
        "factors": ["They follow"],
    }


def test_what_is_in_no_section_is_kept_apart() -> None:
    text = "Sure!\n## Introduction\nIt is great.\n## Metrics\nA score.\n## License\nMIT."
    assert read_draft(text) == {"": ["Sure!", "It is great.", "MIT."], "metrics": ["A score."]}


def test_a_text_without_headings_is_in_no_section() -> None:
    assert read_draft("One. Two. Three") == {"": ["One.", "Two.", "Three"]}


def test_a_table_is_a_sentence_a_line() -> None:
    text = "## Metrics\nBelow:\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert read_draft(text)["metrics"] == ["Below:", "| a | b |", "|---|---|", "| 1 | 2 |"]


def test_a_name_keeps_its_asterisks() -> None:
    assert read_draft("## Metrics\nIt *is* ``a`*b`` and `*c*`.")["metrics"] == ["It is ``a`*b`` and `*c*`."]


def test_a_megabyte_is_read_in_a_second() -> None:
    for piece in ("word ", "`", "**", "a. ", "## Metrics\n- one\n", '"', "“", "``` ", "*_", "x" * 50, "\n", "1. "):
        text = piece * (1_000_000 // len(piece))
        started = time.process_time()
        read_draft(text)
        assert time.process_time() - started < 3, piece[:10]


@given(st.text(st.sampled_from(list("#*`_-1. \n|“”\"'ab\\é")) | st.characters(), max_size=60))
def test_any_text_is_read(text) -> None:
    found = read_draft(text)
    assert set(found) <= {"", *(section.key for section in SECTIONS)}
    assert all(sentences and all(map(str.strip, sentences)) for sentences in found.values())
