from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from steps.report import markdown


def test_special_characters_are_shown_as_they_are() -> None:
    assert markdown.escape("a|b *c* <i>_d_ & `e`\nf") == r"a\|b \*c\* &lt;i&gt;\_d\_ &amp; \`e\` f"


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    escaped = markdown.escape(text)
    assert not re.search(r"[<>\n\r]", escaped)
    assert not re.search(r"(?<!\\)[|`*\[]", escaped.replace("\\\\", ""))


def test_table() -> None:
    assert markdown.table(["a", "b"], [[1, 2]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_what_is_too_long_is_shortened_by_whole_lines() -> None:
    text = markdown.bullets(["one", "two", "three"])
    assert markdown.shortened(text, 100) == text
    assert markdown.shortened(text, 13) == "- one\n- two\n\n… and 1 more."
    assert markdown.shortened(text, 0) == "\n… and 3 more."


def test_numbers() -> None:
    assert [markdown.number(value) for value in (0.12345, -1, None)] == ["0.1235", "-1.0000", "–"]


def test_link() -> None:
    assert markdown.link("train_rf", "0", "abc") == r"[train\_rf](#/experiments/0/runs/abc)"
    assert markdown.link("it", "0", "abc", "report.html") == "[it](#/experiments/0/runs/abc/artifacts/report.html)"
