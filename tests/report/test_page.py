from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from steps.report.figures import class_balance
from steps.report.page import Cell, Command, Heading, Picture, Prose, Table, page, picture
from steps.table.visible import visible

EVERY_PART = [
    "A paragraph.",
    ["one", "two"],
    Heading("First part"),
    Table(["a", "b"], [["x", Cell("1", "0 to 2", "http://localhost/#/1", "calm")]], "of numbers", numbers=True),
    Heading("Second"),
    Table(list("abcde"), [list("12345")]),
    Heading("Third"),
    Picture("data:image/png;base64,AA==", "a picture", 20, 10),
    Command("mlflow run ."),
    Prose([("It is ", False), ("a_b", True), (".", False)], italic=True),
    Prose([("Plain.", False)]),
]


class _Texts(HTMLParser):
    """All that a page says, and its elements; without what is styled only."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_parts_follow_the_gist_in_their_order() -> None:
    html = page("Title", "The gist.", EVERY_PART, look="warning", foot="at the end")
    for text in (
        '<header class="warning">\n<h1>Title</h1>\n<p>The gist.</p>',
        '<li><a href="#first-part">First part</a></li>',
        '<p>A paragraph.</p>\n<ul><li>one</li><li>two</li></ul>\n<h2 id="first-part">First part</h2>',
        '<table class="numbers">\n  <caption>of numbers</caption>',
        '<tr><th scope="col">a</th><th scope="col">b</th></tr>',
        '<td class="calm" data-head="b"><a href="http://localhost/#/1" target="_blank" rel="noopener">1</a>'
        "<br><small>0 to 2</small></td>",
        '<table class="wide">',
        '<td data-head="e">5</td>',
        'alt="a picture" width="20" height="10">',
        "<pre><code>mlflow run .</code></pre>",
        "<footer>at the end</footer>",
    ):
        assert text in html, text


def test_a_card_has_no_contents_and_nothing_that_it_does_not_need() -> None:
    html = page("Title", "The gist.", [Heading("Only"), "A paragraph."])
    body = html.partition("<body>")[2]
    assert '<header class="">' in body
    assert not {"<nav", "<script", "<footer", "<table", "None"} & set(re.findall(r"<\w+|None", body))


def test_of_a_long_name_both_ends_are_shown() -> None:
    html = page("t", "t", [Table(["a", "b"], [["x" * 300 + "1", Cell("2" + "y" * 300, look="calm")]])])
    assert f'<th scope="row" class="long">{"x" * 100}…{"x" * 99}1</th>' in html
    assert f'<td class="calm long" data-head="b">2{"y" * 99}…{"y" * 100}</td>' in html


@given(st.text(min_size=1, max_size=200))
@example("<script>alert('\"')</script> &amp; <b>")
def test_any_text_is_shown_as_it_is(text: str) -> None:
    parts = [text, [text], Heading(text), Table([text] * 5, [[text] * 4 + [Cell(text, text)]], text), Command(text)]
    parts.append(Prose([(text, False), (text, True)], italic=True))
    found = _Texts(page(text, text, parts, foot=text))
    plain = _Texts(page("t", "t", ["t", ["t"], Heading("t"), Table(["t"] * 5, [["t"] * 5], "t"), Command("t")]))
    assert {tag for tag, _ in found.elements} - {"br", "small", "footer", "wbr", "em"} == {
        tag for tag, _ in plain.elements
    }
    said, shown = (re.sub(r"\r\n?", "\n", part) for part in ("".join(found.texts), visible(text)))
    assert said.count(shown) >= 19


def test_nothing_is_fetched() -> None:
    html = page("Title", "The gist.", EVERY_PART)
    elements = _Texts(html).elements
    assert not {"link", "iframe", "object"} & {tag for tag, _ in elements}
    assert [attributes for tag, attributes in elements if tag == "script"] == [{}], "its own, for the contents"
    sources = [value for _, attributes in elements for name, value in attributes.items() if name in ("src", "srcset")]
    assert sources and all(source.startswith("data:") for source in sources)
    assert "url(" not in html and "@import" not in html


def _palettes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", page("t", "t", []), re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def _luminance(color: str) -> float:
    # Relative luminance by WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("number", range(3), ids=["light", "dark", "printed"])
@pytest.mark.parametrize("papers", ["paper", "plain-paper", "calm-paper", "warning-paper"])
def test_every_text_is_readable_on_its_paper(number: int, papers: str) -> None:
    colors = _palettes()[number]
    inks = ["ink", papers.removesuffix("-paper")] if papers in ("calm-paper", "warning-paper") else ["ink", "faint"]
    inks += ["link", "calm", "warning"] if papers == "paper" else []
    for ink in inks:
        dark, light = sorted([_luminance(colors[ink]), _luminance(colors[papers])])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {papers}"


def test_a_picture_has_the_colours_of_its_figure_in_fewer_bytes(render) -> None:
    whole = render(class_balance({"a": 3, "b": 2}))
    made = picture(whole, "words")
    png = b64decode(made.source.removeprefix("data:image/png;base64,"))
    with Image.open(BytesIO(png)) as small, Image.open(BytesIO(whole)) as original:
        assert small.size == original.size == (made.width, made.height)
        differences = np.abs(np.asarray(small.convert("RGB"), int) - np.asarray(original.convert("RGB"), int))
    assert differences.max() < 64 and differences.mean() < 1
    assert len(png) < len(whole) * 0.6


def test_a_picture_is_drawn_from_a_figure_too(render) -> None:
    whole = render(class_balance({"a": 3, "b": 2}))
    assert picture(class_balance({"a": 3, "b": 2}), "words") == picture(whole, "words")


def test_a_picture_of_noise_gets_fewer_pixels_but_its_place() -> None:
    noise = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (600, 800, 3), np.uint8)).save(noise, "PNG")
    made = picture(noise.getvalue(), "noise")
    png = b64decode(made.source.removeprefix("data:image/png;base64,"))
    assert (made.width, made.height) == (800, 600)
    assert 30_000 < len(png) <= 80_000
    with Image.open(BytesIO(png)) as small:
        assert small.width / small.height == pytest.approx(4 / 3, rel=0.02)


def test_a_page_without_pictures_needs_no_matplotlib() -> None:
    code = "import sys; from steps.report import card, data_card; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
