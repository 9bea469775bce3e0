"""Figures of one bar a class or column."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from steps.report.style import ACCENT, HIGHLIGHT, INK, MUTED, PALETTE, literals, new_figure, styled

_MOST_CLASSES = 40
_MOST_COLUMNS = 30


@styled
def class_balance(counts: Mapping[str, int]) -> Figure:
    """Draw how many rows each class has, largest first.

    Parameters
    ----------
    counts : mapping of str to int
        Rows a class. Beyond 40 classes, the 39 largest are shown and the others as one bar.
    """
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    shown, others = ranked, []
    if len(ranked) > _MOST_CLASSES:
        shown, others = ranked[: _MOST_CLASSES - 1], ranked[_MOST_CLASSES - 1 :]
    labels = literals(label for label, _ in shown)
    rows = [count for _, count in shown]
    if others:
        labels.append(f"others ({len(others)} classes)")
        rows.append(sum(count for _, count in others))

    total = sum(counts.values())
    figure = new_figure(7.5, _height(len(rows)), f"{total:,} rows in {len(counts):,} classes")
    axes = _bar_axes(figure, labels)
    bars = axes.barh(range(len(rows)), rows, height=0.72, color=ACCENT)
    if others:
        bars[-1].set_color(MUTED)
    axes.bar_label(bars, [f"{count:,}  ({count / max(total, 1):.1%})" for count in rows], padding=4)
    axes.set_xlabel("rows")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.locator_params(axis="x", nbins=4, integer=True)
    return figure


@styled
def permutation_importances(importances: pd.DataFrame) -> Figure:
    """Draw how much the score drops when a column is shuffled, most important first.

    Parameters
    ----------
    importances : pandas.DataFrame
        One row a column of the table: `column` (str), `mean` and `std` (float) over the repeats, in units of
        the score. The 30 largest means are shown.
    """
    top = importances.sort_values("mean", ascending=False, kind="stable").head(_MOST_COLUMNS)
    which = f"the top {len(top)} of {len(importances):,}" if len(top) < len(importances) else f"{len(top)}"
    figure = new_figure(7.5, _height(len(top)), f"Permutation importance of {which} columns")
    axes = _bar_axes(figure, literals(top["column"]))
    # A column that is no better than noise must not look like one that matters.
    colors = [ACCENT if mean > std else MUTED for mean, std in zip(top["mean"], top["std"], strict=True)]
    error_bars = {"ecolor": INK, "elinewidth": 1, "capsize": 2}
    axes.barh(range(len(top)), top["mean"], xerr=top["std"], height=0.72, color=colors, error_kw=error_bars)
    axes.axvline(0, color=HIGHLIGHT, linewidth=0.8)
    axes.set_xlabel("drop of the score when the column is shuffled\n(mean ± std; grey: within one std of 0)")
    return figure


@styled
def compared_importances(importances: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw how much the score of each model drops when a column is shuffled, side by side.

    Parameters
    ----------
    importances : mapping of str to pandas.DataFrame
        Model to what `permutation_importances` draws. The 30 columns whose largest mean is largest are shown.
    """
    means, stds = (
        pd.DataFrame({model: each.set_index("column")[part] for model, each in importances.items()})
        for part in ("mean", "std")
    )
    top = means.max(axis=1).sort_values(ascending=False, kind="stable").index[:_MOST_COLUMNS]
    which = f"the top {len(top)} of {len(means):,}" if len(top) < len(means) else f"{len(top)}"
    n_models = len(importances)
    height = _height(len(top) * (1 + 0.5 * (n_models - 1))) + 0.3
    figure = new_figure(7.5, height, f"Permutation importance of {which} columns")
    axes = _bar_axes(figure, literals(top))
    thick = 0.8 / n_models
    error_bars = {"ecolor": INK, "elinewidth": 0.8, "capsize": 1.5}
    bars = []
    for place, model in enumerate(importances):
        at = np.arange(len(top)) + (place - (n_models - 1) / 2) * thick
        looks = {"height": thick, "color": PALETTE[place % len(PALETTE)], "error_kw": error_bars}
        bars.append(axes.barh(at, means.loc[top, model], xerr=stds.loc[top, model], **looks))
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("drop of the score when the column is shuffled (mean ± std)")
    figure.legend(bars, literals(importances), loc="outside lower left", ncols=min(n_models, 3), fontsize=9)
    return figure


def _height(bars: float) -> float:
    return 1.05 + 0.27 * max(bars, 2)


def _bar_axes(figure: Figure, labels: list[str]) -> Axes:
    axes = figure.subplots()
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(labels), 1) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    return axes
