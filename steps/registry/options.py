"""What the options that decide about a registered model may be."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from steps.registry.thresholds import parse_thresholds
from steps.table.options import Checked


class OptionalNumber(click.ParamType):
    """A number, or nothing."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the number, None for no text."""
        if not str(value).strip():
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"Got {value!r}, expected a number such as 0.7, or nothing for no limit.", param, ctx)
        return number


def check_name(model_name: str) -> None:
    """Raise ValueError for a name that the registry, a URI or a search can't carry."""
    if not re.fullmatch(r"\w([\w .-]*\w)?", model_name) or len(model_name) > _LONGEST_NAME:
        raise ValueError(
            f"Got model_name={model_name!r}, expected at most {_LONGEST_NAME} letters, digits, spaces, dots, dashes "
            f"and underscores, such as grove."
        )


def check_version(to: str) -> None:
    """Raise ValueError unless it is a version's number, or nothing."""
    if to and not re.fullmatch(r"[1-9]\d*", to, re.ASCII):
        raise ValueError(f"Got to={to!r}, expected the number of a version such as 3, or nothing for the one before.")


def check_named_version(version: str) -> None:
    """Raise ValueError unless it can be a version's number or alias."""
    if not re.fullmatch(r"[\w.-]+", version):
        raise ValueError(f"Got version={version!r}, expected the number of a version or an alias such as champion.")


def check_reason(why: str) -> None:
    """Raise ValueError unless it says something, and not too much for a tag."""
    if not why.strip() or len(why) > _LONGEST_REASON:
        raise ValueError(
            f"Got why={why[:50]!r} of {len(why):,} characters, expected a reason of 1 to {_LONGEST_REASON:,}: it is "
            f"recorded in the history of the model."
        )


_LONGEST_NAME = 200
_LONGEST_REASON = 1000

GATE_OPTIONS: dict[str, click.ParamType] = {
    "model_name": Checked(check_name),
    "min_score": OptionalNumber(),
    "thresholds": Checked(parse_thresholds),
    "min_class_recall": OptionalNumber(),
    "min_slice_score": OptionalNumber(),
    "allow_schema_change": click.BOOL,
}
"""Option to its type; `rope` is evaluate's."""

DESCRIBE_OPTIONS: dict[str, click.ParamType] = {
    "model_name": GATE_OPTIONS["model_name"],
    "version": Checked(check_named_version),
}
"""Option to its type."""

ROLLBACK_OPTIONS: dict[str, click.ParamType] = {
    "model_name": GATE_OPTIONS["model_name"],
    "to": Checked(check_version),
    "why": Checked(check_reason),
}
"""Option to its type."""
