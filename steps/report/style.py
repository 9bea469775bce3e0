"""The one look of all figures, and text that is drawn as it was written."""

import functools
import textwrap
import unicodedata
from collections.abc import Iterable

import matplotlib
import matplotlib.style
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.typing import ColorType

# DejaVu Sans comes with matplotlib but lacks East and South Asian scripts; a machine that shows these has one
# of the others.
_FONT_FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans Devanagari",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
    "Arial Unicode MS",
)
FONTS: list[str] = [name for name in _FONT_FAMILIES if name in set(font_manager.get_font_names())]

# Petroff, "Accessible color sequences for data visualization" (2021), https://arxiv.org/abs/2107.02270
_PETROFF = matplotlib.color_sequences["petroff10"]
# Its two greys come last: grey is what "others" are drawn in.
PALETTE: list[ColorType] = [_PETROFF[i] for i in (0, 1, 2, 4, 5, 6, 7, 9, 3, 8)]
ACCENT = PALETTE[0]
HIGHLIGHT = PALETTE[2]
MUTED = "#c9ccd1"
INK = "#33373d"

_TITLE_SIZE = 12.5
_MARGIN_INCHES = 0.08

_STYLE = {
    "font.family": FONTS,
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "figure.titlesize": _TITLE_SIZE,
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": _MARGIN_INCHES,
    "figure.constrained_layout.w_pad": _MARGIN_INCHES,
    "axes.prop_cycle": matplotlib.cycler(color=PALETTE),
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9aa0a8",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e7e9ec",
    "xtick.color": "#9aa0a8",
    "ytick.color": "#9aa0a8",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}

# The reset keeps a user's own matplotlibrc out: equal inputs give equal pictures.
styled = matplotlib.style.context(_STYLE, after_reset=True)
"""Decorator of a function that draws in the shared style; it sets matplotlib's settings, so not for threads."""


def new_figure(width: float, height: float, title: str) -> Figure:
    """Return an empty figure with a left-aligned title, wrapped to its width.

    Parameters
    ----------
    width, height : float
        Size in inches; the title's own lines are added to the height.
    title : str
        Any text; it is shown literally.
    """
    characters = int(72 * width / (0.58 * _TITLE_SIZE))
    lines = textwrap.wrap(literal(title, width=3 * characters), characters)[:4]
    figure = Figure(figsize=(width, height + len(lines) * _TITLE_SIZE * 1.3 / 72))
    figure.suptitle("\n".join(lines), x=_MARGIN_INCHES / width, ha="left")
    return figure


def literal(text: object, width: int = 32) -> str:
    """Return the text on one line, escaping what no font can draw and eliding the middle of what is too long.

    Parameters
    ----------
    text : object
        A label; anything but a string is shown as ``str`` shows it.
    width : int
        Longest result, in character cells; an East Asian wide character takes two.

    Examples
    --------
    >>> literal("two\\nlines")
    'two\\\\nlines'
    >>> literal("abcdefghij", width=5)
    'ab…ij'
    """
    shown = "".join(char if _is_drawable(char) else _escape(char) for char in str(text))
    if cells(shown) <= width:
        return shown or '""'
    # Labels of one table often share their beginning, so the end is kept as well.
    tail = (width - 1) // 2
    return f"{_prefix(shown, width - 1 - tail)}…{_prefix(shown[::-1], tail)[::-1]}"


def literals(texts: Iterable[object], width: int = 32) -> list[str]:
    """Return `literal` of each text."""
    return [literal(text, width) for text in texts]


def cells(text: str) -> int:
    """Return how many character cells a text takes; an East Asian wide character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _prefix(text: str, width: int) -> str:
    end = 0
    while end < len(text) and cells(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


@functools.cache
def _is_drawable(char: str) -> bool:
    return char.isprintable() and any(font.get_char_index(ord(char)) for font in _fonts())


@functools.cache
def _fonts() -> list[FT2Font]:
    return [font_manager.get_font(font_manager.findfont(name)) for name in FONTS]
