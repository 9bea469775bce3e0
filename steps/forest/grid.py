"""Grids as a user writes them: `max_depth=none,16` becomes the values to search, or one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

CLUSTER_FEATURES = ("distances", "label", "both")
LARGEST = 2**31 - 1
"""Whole numbers go up to here; scikit-learn's C code fails on far larger ones, after the data is read."""


def _whole(smallest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not smallest <= value <= LARGEST:
            raise ValueError(text)
        return value

    return parse


def _max_features(text: str) -> str | int | float | None:
    if text in ("sqrt", "log2"):
        return text
    if text == "none":
        return None
    if text.isdecimal():
        return _whole(1)(text)
    value = float(text)
    if not 0.0 < value <= 1.0:
        raise ValueError(text)
    return value


def _max_depth(text: str) -> int | None:
    return None if text == "none" else _whole(1)(text)


def _min_samples_leaf(text: str) -> int | float:
    if text.isdecimal():
        return _whole(1)(text)
    value = float(text)
    if not 0.0 < value < 1.0:
        raise ValueError(text)
    return value


def _cluster_features(text: str) -> str:
    if text not in CLUSTER_FEATURES:
        raise ValueError(text)
    return text


class Grid(click.ParamType):
    """A comma list of values for one hyperparameter.

    Parameters
    ----------
    parse
        Turns the text of one value into the value, or raises ValueError.
    allowed
        What a value may be, for the error message.
    """

    name = "grid"

    def __init__(self, parse: Callable[[str], Any], allowed: str) -> None:
        self.parse = parse
        self.allowed = allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """Return the values in the order given; a repeated value counts once."""
        if not isinstance(value, str):
            return value
        texts = [text.strip() for text in value.split(",") if text.strip()]
        if not texts:
            self.fail(f"Got an empty grid, expected {self.allowed}, separated by commas.", param, ctx)
        values: list[Any] = []
        for text in texts:
            try:
                parsed = self.parse(text)
            except ValueError:
                self.fail(f"Got {text!r}, expected {self.allowed}.", param, ctx)
            if not any(parsed == known and type(parsed) is type(known) for known in values):
                values.append(parsed)
        return tuple(values)


GRIDS: dict[str, Grid] = {
    "n_estimators": Grid(_whole(1), f"whole numbers from 1 to {LARGEST}"),
    "max_features": Grid(
        _max_features, f"sqrt, log2, none, whole numbers from 1 to {LARGEST} or shares above 0 up to 1.0"
    ),
    "max_depth": Grid(_max_depth, f"none or whole numbers from 1 to {LARGEST}"),
    "min_samples_leaf": Grid(_min_samples_leaf, f"whole numbers from 1 to {LARGEST} or shares between 0 and 1"),
    "n_clusters": Grid(_whole(2), f"whole numbers from 2 to {LARGEST}"),
    "cluster_features": Grid(_cluster_features, ", ".join(CLUSTER_FEATURES)),
}
