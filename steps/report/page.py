"""The one look of the report and of all cards: a page of HTML that stands by itself, without scripts.

It follows the reader's dark or light colours, fits a phone, and prints. All texts are escaped and control characters
written out.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from steps.table.visible import visible

if TYPE_CHECKING:  # main and preprocess, which draw nothing, do without
    from matplotlib.figure import Figure

_MOST_COLUMNS = {False: 4, True: 5}
"""Of a table, by whether it has numbers, which are short; a phone shows one with more one cell below the other."""

_LONG = 12
"""A cell's words of more characters may be broken anywhere."""

_MOST_CHARACTERS = 201
"""Of a cell; of a longer one the middle is left out."""
_MOST_BYTES = 80_000
"""Of a picture."""

_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
).get_template("page.html")


@dataclass(frozen=True)
class Heading:
    """A heading, with a line in the page's table of contents where there are more than two."""

    kind: ClassVar = "heading"
    text: str

    @property
    def anchor(self) -> str:
        """Its name in the page's address."""
        return re.sub(r"\W+", "-", self.text.lower())


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than text: a small line below it, a link, or a `look` as that of the page."""

    text: str
    small: str = ""
    href: str = ""
    look: str = ""

    @property
    def looks(self) -> str:
        """The classes of its style."""
        longest = max(map(len, re.split(r"[\s_]", self.text)))
        return " ".join(filter(None, [self.look, "long" if longest > _LONG else ""]))


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row says what the row is of. `numbers` are aligned to the right."""

    kind: ClassVar = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    caption: str = ""
    numbers: bool = False

    @property
    def cells(self) -> list[list[Cell]]:
        """The head and the rows, every cell of the same kind."""
        return [[_cell(cell) for cell in row] for row in (self.head, *self.rows)]

    @property
    def looks(self) -> str:
        """The classes of its style."""
        return " ".join(["numbers"] * self.numbers + ["wide"] * (len(self.head) > _MOST_COLUMNS[self.numbers]))


def _cell(cell: str | Cell) -> Cell:
    found = cell if isinstance(cell, Cell) else Cell(cell)
    if len(found.text) <= _MOST_CHARACTERS:
        return found
    # Names of one table often share their beginning, so the end is kept as well.
    ends = (_MOST_CHARACTERS - 1) // 2
    return replace(found, text=f"{found.text[:ends]}…{found.text[-ends:]}")


@dataclass(frozen=True)
class Picture:
    """A picture, and the words for who can't see it; see `picture`."""

    kind: ClassVar = "picture"
    source: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True)
class Command:
    """What to type, one line below the other."""

    kind: ClassVar = "command"
    text: str


@dataclass(frozen=True)
class Prose:
    """A paragraph of pieces, each with whether it is code; the whole in italics or not."""

    kind: ClassVar = "prose"
    pieces: Sequence[tuple[str, bool]]
    italic: bool = False


Part = str | Sequence[str] | Heading | Table | Picture | Command | Prose
"""A string is a paragraph, several are a list."""


def picture(drawn: Figure | bytes, alt: str) -> Picture:
    """Return a figure, or a PNG, as a part of a page that brings it along.

    It has 256 colours, which takes a third of the bytes, and fewer pixels where it would still have more than 80,000
    bytes: a page of many pictures must not grow without end.
    """
    if not isinstance(drawn, bytes):
        whole = io.BytesIO()
        drawn.savefig(whole, format="png")
        drawn = whole.getvalue()
    image = Image.open(io.BytesIO(drawn)).convert("RGB")
    width, height = image.size
    while len(png := _few_colours(image)) > _MOST_BYTES:
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
    return Picture(f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}", alt, width, height)


def _few_colours(image: Image.Image) -> bytes:
    """Return the image as a PNG with a palette."""
    png = io.BytesIO()
    image.quantize(method=Image.Quantize.MEDIANCUT).save(png, "PNG")
    return png.getvalue()


def page(title: str, sentence: str, parts: Sequence[Part], *, look: str = "", foot: str = "") -> str:
    """Return a page of HTML.

    Parameters
    ----------
    title, sentence
        What it is about in a few words, and the gist: both stand on top.
    parts
        What follows, in this order.
    look
        Of the top: `calm`, `warning`, or neither.
    foot
        What stands small at the end.
    """
    headings = [part for part in parts if isinstance(part, Heading)]
    return visible(
        _TEMPLATE.render(title=title, sentence=sentence, parts=parts, look=look, foot=foot, headings=headings)
    )
