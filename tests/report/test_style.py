import subprocess
import sys

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.report import style
from steps.report.style import cells, literal, literals, new_figure, styled


@styled
def titled(title):
    return new_figure(4, 2, title)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$x_1$", "$x_1$"),
        ("_hidden", "_hidden"),
        ("two\nlines", r"two\nlines"),
        ("été ש", "été ש"),
        ("\ud800", r"\ud800"),
        ("", '""'),
        (3, "3"),
        (None, "None"),
    ],
)
def test_literal(text, expected):
    assert literal(text) == expected


def test_literal_keeps_both_ends_of_a_long_text():
    assert literal("abcdefghij", width=5) == "ab…ij"
    assert literals(["petal length, cm", "petal width, cm"], width=10) == ["petal…, cm", "petal…, cm"]


def test_literal_escapes_what_no_font_can_draw(monkeypatch):
    monkeypatch.setattr(style, "_is_drawable", lambda char: char.isascii())
    assert literal("a中") == r"a\u4e2d"


def test_wide_characters_take_two_cells():
    assert cells("a中") == 3


@given(st.text(st.characters()), st.integers(3, 40))
def test_literal_is_one_drawable_line_within_its_width(text, width):
    shown = literal(text, width)
    assert 0 < cells(shown) <= width
    assert shown.isprintable()


@given(st.text(max_size=20))
def test_any_text_renders_without_a_warning(text):
    titled(text).canvas.draw()


def test_a_long_title_is_wrapped_and_makes_the_figure_higher():
    short, long = titled("short"), titled("long " * 20)
    assert short.get_suptitle() == "short"
    assert "\n" in long.get_suptitle()
    assert long.get_figheight() > short.get_figheight()


def test_a_users_settings_are_neither_used_nor_changed():
    with matplotlib.rc_context({"figure.dpi": 33, "font.size": 40}):
        assert titled("title").dpi == 120
        assert matplotlib.rcParams["figure.dpi"] == 33
        assert matplotlib.rcParams["font.size"] == 40


def test_pyplot_is_not_imported():
    modules = "bar_figures, cluster_figures, curve_figures, heatmap_figures, score_figures"
    code = f"import sys; from steps.report import {modules}; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
