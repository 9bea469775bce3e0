import io
from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text


@pytest.fixture
def render() -> Callable[[Figure], bytes]:
    def to_png(figure: Figure) -> bytes:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return buffer.getvalue()

    return to_png


@pytest.fixture
def texts(render) -> Callable[[Figure], list[str]]:
    """What the figure shows; no text of it may be read as mathematics."""

    def visible(figure: Figure) -> list[str]:
        render(figure)
        found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
        assert not any(text.get_parse_math() for text in found if "$" in text.get_text())
        return [text.get_text() for text in found]

    return visible


@pytest.fixture
def odd_labels() -> list[str]:
    return ["$x_1$", "_hidden", "two\nlines", r"$\frac{1}$", "", "\ud800", "中文" * 30, "😀 é", "%s {x}", "a" * 500]
