from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.table.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\0b", r"a\x00b"),
        ("\u202eevil", r"\u202eevil"),
        ("\ud800", r"\ud800"),
        ("a\tb\nc", "a\tb\nc"),
        ("עברית فارسی‌ها 👩‍🔬 a\u00a0b", "עברית فارسی‌ها 👩‍🔬 a\u00a0b"),
    ],
)
def test_what_would_be_obeyed_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_any_text_is_shown_can_be_encoded_and_stays_so(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not {char for char in shown if unicodedata.category(char) == "Cc"} - set("\t\n\r")
    assert visible(shown) == shown
