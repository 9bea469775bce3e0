"""What the options that decide about a table may be."""

from __future__ import annotations

from collections.abc import Callable

import click

from steps.table.csv_dialect import check_delimiter
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


SEED = click.IntRange(min=0, max=2**32 - 1)
MAX_CATEGORIES = click.IntRange(min=2)

TABLE_OPTIONS: dict[str, click.ParamType] = {
    "delimiter": Checked(check_delimiter),
    "encoding": Checked(refuse_unknown_encoding),
    "max_categories": MAX_CATEGORIES,
    "test_size": click.FloatRange(0, 1, min_open=True, max_open=True),
    "min_class_rows": click.IntRange(min=1),
    "rare_classes": click.Choice(["refuse", "drop"]),
    "duplicates": click.Choice(["keep", "drop"]),
    "seed": SEED,
}
"""Option to its type; the others are text that only the step can judge."""
