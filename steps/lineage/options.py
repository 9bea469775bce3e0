"""The options of a step, and of main, which checks them all before it starts anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click


class _AsTyped(click.ParamType):
    """Text that another type could convert, kept as it was typed."""

    name = "text"

    def __init__(self, kind: click.ParamType) -> None:
        self._kind = kind

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is."""
        self._kind.convert(value, param, ctx)
        return value


def options(
    *names: str, types: Mapping[str, click.ParamType] | None = None, as_typed: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds a required option for each name.

    Parameters
    ----------
    names
        Parameters, as MLproject names them.
    types
        What their values may be; those without a type are text.
    as_typed
        Whether values are checked only, and handed on as the text that they are.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            kind = (types or {}).get(name, click.STRING)
            function = click.option(f"--{name}", required=True, type=_AsTyped(kind) if as_typed else kind)(function)
        return function

    return decorate
