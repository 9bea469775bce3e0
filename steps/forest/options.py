"""What the options that decide about a search, and about its verdict, may be."""

from __future__ import annotations

from typing import Any

import click

from steps.forest.compute import check_compute
from steps.forest.grid import GRIDS
from steps.forest.scoring import check_scoring
from steps.table.options import MAX_CATEGORIES, SEED, Checked, Share, WholeNumber

_MOST_THREADS = 1024
"""What machines have; many more can't be started, of which the system would tell late and unclearly."""


class _Threads(click.IntRange):
    """A number of threads, or -1 for all cores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            number = int(super().convert(value, param, ctx))
        except click.BadParameter:
            number = 0
        if number == 0:
            self.fail(
                f"Got {value!r}, expected a number of threads up to {_MOST_THREADS:,}, or -1 for all cores.", param, ctx
            )
        return number


SEARCH_OPTIONS: dict[str, click.ParamType] = {
    **GRIDS,
    "max_categories": MAX_CATEGORIES,
    "scoring": Checked(check_scoring),
    "search": click.Choice(["grid", "halving"]),
    "cv": WholeNumber(min=2),
    "seed": SEED,
    "n_jobs": _Threads(min=-1, max=_MOST_THREADS),
    "compute": Checked(check_compute),
}
"""Option to its type; the others are text that only the step can judge."""

VERDICT_OPTIONS: dict[str, click.ParamType] = {"rope": Share(closed=True), "min_probability": Share(least=0.5)}
"""Option to its type."""
