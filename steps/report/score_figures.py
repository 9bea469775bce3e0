"""Figures of cross-validated scores: over the grid of the search, and of the variants fold by fold."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from steps.report.markdown import number
from steps.report.style import ACCENT, HIGHLIGHT, INK, MUTED, cells, literal, literals, new_figure, styled

_PANELS_A_ROW = 3
_MOST_TICKS = 12
_SPREAD = 0.32
_GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


@styled
def score_over_grid(candidates: pd.DataFrame, parameters: Sequence[str], scoring: str) -> Figure:
    """Draw the score of every candidate, in one panel for each parameter that takes more than one value.

    Parameters
    ----------
    candidates : pandas.DataFrame
        One row a candidate: a column for each name in `parameters` (number, str or None), `mean_score` and
        `std_score` (float) over the folds, and `rank` (int), 1 for the best.
    parameters : sequence of str
        The parameters of the grid. Where none varies, all candidates are in one panel.
    scoring : str
        Name of the score.
    """
    shown = candidates.assign(**{name: _as_texts(candidates[name]) for name in parameters})
    shown = shown.sort_values("rank", kind="stable", ignore_index=True)
    varying = [name for name in parameters if len(shown[name].unique()) > 1]
    panels = max(len(varying), 1)
    columns = min(panels, _PANELS_A_ROW)
    rows = math.ceil(panels / columns)

    count = f"{len(shown):,} candidate" + "s" * (len(shown) != 1)
    figure = new_figure(max(3.6 * columns, 6.2), 0.6 + 3.1 * rows, f"{scoring} of {count} in the grid")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, varying or [None], strict=False):
        _grid_panel(axes, shown, name)
    for axes in grid.flat[panels:]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel(literal(scoring))
    _grid_legend(figure, has_lines=bool(varying))
    return figure


def _as_texts(values: pd.Series) -> pd.Series:
    # pandas keeps None as NaN, and turns whole numbers beside it into floats.
    is_whole = pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all()
    return values.map(lambda value: "None" if pd.isna(value) else str(int(value)) if is_whole else str(value))


def _value_order(text: str) -> tuple[int, float, str]:
    """Return a sort key: numbers by size, then other texts, then None."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1 + (text == "None"), 0.0, text


def _grid_panel(axes: Axes, candidates: pd.DataFrame, parameter: str | None) -> None:
    """Draw candidates, sorted by rank, over the values of a parameter or, without one, side by side."""
    values = candidates[parameter] if parameter else pd.Series("", index=candidates.index)
    ticks = sorted(values.unique(), key=_value_order)
    x = values.map(ticks.index) + _offsets(values)
    means, stds = candidates["mean_score"], candidates["std_score"]
    opacity = float(np.clip(100 / len(candidates), 0.3, 1))
    axes.errorbar(x, means, stds, fmt="none", ecolor=MUTED, elinewidth=0.8, alpha=opacity, zorder=1)
    axes.scatter(x, means, s=16, color=ACCENT, alpha=0.8, linewidths=0, zorder=3)
    axes.scatter(x[:1], means[:1], s=80, marker="*", color=HIGHLIGHT, linewidths=0, zorder=4)
    if parameter:
        best = means.groupby(values).max().reindex(ticks)
        axes.plot(range(len(ticks)), best, color=INK, linewidth=1.2, zorder=2)
        axes.set_title(literal(parameter, width=38))
    _value_ticks(axes, literals(ticks, width=16) if parameter else ["all candidates"])


def _offsets(values: pd.Series) -> pd.Series:
    """Return how far from its tick each candidate is drawn: the best of a value on it, the others beside it."""
    # Multiples of the golden ratio fill the width evenly, in an order that doesn't look like a trend.
    place = values.groupby(values).cumcount()
    return ((place * _GOLDEN_RATIO + 0.5) % 1 - 0.5) * 2 * _SPREAD


def _value_ticks(axes: Axes, labels: list[str]) -> None:
    step = math.ceil(len(labels) / _MOST_TICKS)
    is_tilted = sum(cells(label) + 2 for label in labels[::step]) > 40
    tilt = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_tilted else {}
    axes.set_xticks(range(0, len(labels), step), labels[::step], **tilt)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.grid(visible=False, axis="x")


def _grid_legend(figure: Figure, has_lines: bool) -> None:
    entries = {
        "best candidate": Line2D([], [], color=HIGHLIGHT, marker="*", markersize=9, linestyle=""),
        "candidate, mean ± std over folds": Line2D(
            [], [], color=MUTED, marker="o", markersize=4.5, markerfacecolor=ACCENT, markeredgewidth=0
        ),
    }
    if has_lines:
        entries["best of each value"] = Line2D([], [], color=INK, linewidth=1.2)
    figure.legend(entries.values(), entries.keys(), loc="outside lower left", ncols=len(entries), fontsize=9)


@styled
def paired_folds(
    fold_scores: Mapping[str, Sequence[float]], holdout: Mapping[str, float | None], scoring: str
) -> Figure:
    """Draw the scores of the variants, those of one fold joined by a line.

    Parameters
    ----------
    fold_scores : mapping of str to sequence of float
        Variant to its scores, one a fold, in the same order of folds for all variants.
    holdout : mapping of str to float or None
        Variant to its score on the holdout, None where it has none.
    scoring : str
        Name of the score.

    Raises
    ------
    ValueError
        If the variants differ in their number of folds, or a variant has no holdout score.
    """
    counts = {variant: len(scores) for variant, scores in fold_scores.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f"Got {counts} fold scores, expected the same folds for every variant.")
    if missing := [variant for variant in fold_scores if variant not in holdout]:
        raise ValueError(f"Got no holdout score of {missing}, expected one for every variant.")

    scores = np.array(list(fold_scores.values()), dtype=float)
    x = np.arange(len(scores))
    figure = new_figure(max(5.6, 1.4 + 1.9 * len(x)), 4.6, f"{scoring} on the same {scores.shape[1]} folds")
    axes = figure.subplots()
    axes.plot(x, scores, color=MUTED, linewidth=1, marker="o", markersize=4.5, zorder=2)
    means, stds = scores.mean(axis=1), scores.std(axis=1)
    axes.errorbar(x - 0.08, means, stds, fmt="o", color=ACCENT, markersize=7, capsize=3, zorder=3)
    tested = np.array([holdout[variant] for variant in fold_scores], dtype=float)
    axes.plot(x + 0.08, tested, "D", color=HIGHLIGHT, markersize=6.5, zorder=3)
    labels = [
        f"{literal(variant, width=26)}\nfolds {mean:.4f} ± {std:.4f}\nholdout {number(holdout[variant])}"
        for variant, mean, std in zip(fold_scores, means, stds, strict=True)
    ]
    axes.set_xticks(x, labels)
    axes.set_xlim(-0.5, len(x) - 0.5)
    axes.set_ylabel(literal(scoring))
    axes.grid(visible=False, axis="x")
    _folds_legend(figure)
    return figure


def _folds_legend(figure: Figure) -> None:
    entries = {
        "fold": Line2D([], [], color=MUTED, marker="o", markersize=4.5),
        "mean ± std over folds": Line2D([], [], color=ACCENT, marker="o", markersize=7),
        "holdout": Line2D([], [], color=HIGHLIGHT, marker="D", markersize=6.5, linestyle=""),
    }
    figure.legend(entries.values(), entries.keys(), loc="outside lower left", ncols=3, fontsize=9)
