"""What the value of each parameter may be: for the step that takes it, and for main, which checks all of them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from steps.forest.grid import GRIDS
from steps.forest.scoring import check_scoring
from steps.lineage.registry import check_name
from steps.table.csv_dialect import check_delimiter
from steps.table.source import refuse_unknown_encoding


class _Checked(click.ParamType):
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


class _Threads(click.IntRange):
    """A number of threads, or -1 for all cores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if number == 0:
            self.fail("Got 0, expected a number of threads, or -1 for all cores.", param, ctx)
        return int(number)


class _AsTyped(click.ParamType):
    """Text that another type could convert, kept as it was typed."""

    name = "text"

    def __init__(self, kind: click.ParamType) -> None:
        self._kind = kind

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is."""
        self._kind.convert(value, param, ctx)
        return value


TYPES: dict[str, click.ParamType] = {
    "delimiter": _Checked(check_delimiter),
    "encoding": _Checked(refuse_unknown_encoding),
    "max_categories": click.IntRange(min=2),
    "test_size": click.FloatRange(0, 1, min_open=True, max_open=True),
    "min_class_rows": click.IntRange(min=1),
    "rare_classes": click.Choice(["refuse", "drop"]),
    "duplicates": click.Choice(["keep", "drop"]),
    **GRIDS,
    "scoring": _Checked(check_scoring),
    "cv": click.IntRange(min=2),
    "seed": click.IntRange(min=0, max=2**32 - 1),
    "n_jobs": _Threads(min=-1),
    "model_name": _Checked(check_name),
}
"""All others are text that only the step can judge."""


def options(*names: str, as_typed: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds a required option for each name.

    Parameters
    ----------
    names
        Parameters, as MLproject names them.
    as_typed
        Whether values are checked only, and handed on as the text that they are.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            kind = TYPES.get(name, click.STRING)
            function = click.option(f"--{name}", required=True, type=_AsTyped(kind) if as_typed else kind)(function)
        return function

    return decorate
