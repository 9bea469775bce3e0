"""What the options that decide about a table may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click

from steps.table.csv_dialect import check_delimiter
from steps.table.formats import FORMATS
from steps.table.source import refuse_unknown_encoding


class Checked(click.ParamType):
    """Text that a function, which raises ValueError with a whole sentence, has nothing against."""

    name = "text"

    def __init__(self, check: Callable[[str], object]) -> None:
        self._check = check

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is."""
        try:
            self._check(value)
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from error
        return value


class WholeNumber(click.IntRange):
    """A whole number in a range, refused with a sentence of Grove's own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter as error:
            upper = f"to {self.max}" if self.max is not None else "upwards"
            raise click.BadParameter(
                f"Got {value!r}, expected a whole number from {self.min} {upper}.", ctx, param
            ) from error


class Share(click.FloatRange):
    """A number between `least` and 1, both excluded unless `closed`."""

    def __init__(self, closed: bool = False, least: float = 0.0) -> None:
        super().__init__(least, 1, min_open=not closed, max_open=not closed)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        example = 0.95 if self.min else 0.2
        told = f"Got {value!r}, expected a share between {self.min:g} and 1, such as {example}."
        try:
            number = float(super().convert(value, param, ctx))
        except click.BadParameter as error:
            raise click.BadParameter(told, ctx, param) from error
        if math.isnan(number):
            raise click.BadParameter(told, ctx, param)
        return number


SEED = WholeNumber(min=0, max=2**32 - 1)
MAX_CATEGORIES = WholeNumber(min=2)

TABLE_OPTIONS: dict[str, click.ParamType] = {
    "format": click.Choice(["auto", *(suffix.removeprefix(".") for suffix in FORMATS)]),
    "delimiter": Checked(check_delimiter),
    "encoding": Checked(refuse_unknown_encoding),
    "max_categories": MAX_CATEGORIES,
    "test_size": Share(),
    "min_class_rows": WholeNumber(min=1),
    "rare_classes": click.Choice(["refuse", "drop"]),
    "duplicates": click.Choice(["keep", "drop"]),
    "sample_rows": WholeNumber(min=0),
    "seed": SEED,
}
"""Option to its type; the others are text that only the step can judge."""
