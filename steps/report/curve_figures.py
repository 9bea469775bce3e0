"""Figures of curves: receiver operating characteristic and precision over recall of classes, calibration of models."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from steps.report.style import MUTED, PALETTE, cells, literal, literals, new_figure, styled

Curves = Mapping[str, tuple[np.ndarray, np.ndarray, float]]
"""For each class: x and y of its curve, both float of shape (n_points,), and the area under it."""

_MOST_CLASSES = 20
_EXTREMES = 5
_DASHED = (0, (4, 2))
_SQUARE_INCHES = 4.8
_CELL_INCHES = 0.075  # a character of the legend


@styled
def roc_curves(curves: Curves, title: str) -> Figure:
    """Draw the receiver operating characteristic of each class against the rest.

    Parameters
    ----------
    curves : mapping of str to (numpy.ndarray, numpy.ndarray, float)
        Class to false positive rate and true positive rate, both float of shape (n_points,), and the area
        under the curve; NaN where the class has no rows. Beyond 20 classes, the five largest and five smallest
        areas stand out and the other curves are grey.
    title : str
        What the curves are of.
    """
    figure, axes = _unit_square(curves, "area under the curve", title)
    axes.axline((0, 0), slope=1, color="#9aa0a8", linewidth=1, linestyle=":")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    _draw(axes, curves, drawstyle="default")
    return figure


@styled
def precision_recall_curves(curves: Curves, title: str) -> Figure:
    """Draw precision over recall of each class against the rest.

    Parameters
    ----------
    curves : mapping of str to (numpy.ndarray, numpy.ndarray, float)
        Class to recall and precision, both float of shape (n_points,), recall falling as in
        `sklearn.metrics.precision_recall_curve`, and the average precision; NaN where the class has no rows.
        Beyond 20 classes, the five largest and five smallest average precisions stand out and the other curves
        are grey.
    title : str
        What the curves are of.
    """
    figure, axes = _unit_square(curves, "average precision", title)
    axes.set(xlabel="recall", ylabel="precision")
    _draw(axes, curves, drawstyle="steps-post")
    return figure


@styled
def calibration_curves(bins: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw how often each model's predictions are right over how sure it is of them.

    Parameters
    ----------
    bins : mapping of str to pandas.DataFrame
        Model to its bins of rows: `confidence` and `accuracy` (float, 0 to 1) and `rows` (int). The area of a point
        goes by the rows.
    """
    figure = new_figure(_SQUARE_INCHES + 0.8, _SQUARE_INCHES + 0.7, "Is the model right as often as it is sure?")
    axes = figure.subplots()
    axes.axline((0, 0), slope=1, color="#9aa0a8", linewidth=1, linestyle=":")
    lines: list[Line2D] = []
    for found, marker in zip(bins.values(), itertools.cycle("osD^")):  # the markers never end
        lines += axes.plot(found["confidence"], found["accuracy"], linewidth=1.4)
        sizes = 12 + 60 * found["rows"] / found["rows"].max()
        axes.scatter(found["confidence"], found["accuracy"], s=sizes, marker=marker, linewidths=0, alpha=0.85)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal", anchor="NW")
    axes.set(xlabel="probability of the predicted class", ylabel="share of right predictions")
    axes.legend(lines, literals(bins), loc="upper left")  # one by one, as a name with _ before it is none to pyplot
    return figure


def _unit_square(curves: Curves, area_name: str, title: str) -> tuple[Figure, Axes]:
    """Return a figure with empty square axes and the legend of the curves to their right."""
    handles, labels = zip(*_legend_entries(curves), strict=True)
    legend_inches = _CELL_INCHES * max(cells(label) for label in (*labels, area_name)) + 0.7
    figure = new_figure(_SQUARE_INCHES + 0.6 + legend_inches, _SQUARE_INCHES + 0.5, title)
    axes = figure.subplots()
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal", anchor="NW")
    place = {"loc": "upper left", "bbox_to_anchor": (1.03, 1), "borderaxespad": 0}
    axes.legend(handles, labels, **place, title=area_name, alignment="left", fontsize=9, handlelength=2.2)
    return figure, axes


def _legend_entries(curves: Curves) -> list[tuple[Line2D, str]]:
    entries = []
    for label, line_style in _line_styles(curves).items():
        area = curves[label][2]
        number = "  n/a" if math.isnan(area) else f"{area:.3f}"
        entries.append((Line2D([], [], linewidth=1.6, **line_style), f"{number}  {literal(label)}"))
    if others := len(curves) - len(entries):
        entries.insert(_EXTREMES, (Line2D([], [], color=MUTED), f"{others} other classes"))
    return entries


def _ranked(curves: Curves) -> list[str]:
    """Return the classes by falling area, those without one last."""
    areas = {label: -math.inf if math.isnan(area) else area for label, (_, _, area) in curves.items()}
    return sorted(areas, key=lambda label: (-areas[label], label))


def _line_styles(curves: Curves) -> dict[str, dict[str, object]]:
    """Return how the curve of each class that stands out is drawn, by falling area."""
    ranked = _ranked(curves)
    if len(ranked) > _MOST_CLASSES:
        ranked = [label for label in ranked if not math.isnan(curves[label][2])]
        ranked = ranked[:_EXTREMES] + ranked[_EXTREMES:][-_EXTREMES:]
    # Dashes tell apart what shares a colour, and the worst from the best.
    solid = _EXTREMES if len(curves) > _MOST_CLASSES else len(PALETTE)
    return {
        label: {"color": PALETTE[i % len(PALETTE)], "linestyle": "-" if i < solid else _DASHED}
        for i, label in enumerate(ranked)
    }


def _draw(axes: Axes, curves: Curves, drawstyle: str) -> None:
    styles = _line_styles(curves)
    for label, (x, y, _) in curves.items():
        if label not in styles:
            axes.plot(x, y, color=MUTED, linewidth=0.8, drawstyle=drawstyle)
    # The best are drawn last: they hug the corner, where they would be covered.
    for label, line_style in reversed(styles.items()):
        x, y, _ = curves[label]
        axes.plot(x, y, linewidth=1.6, drawstyle=drawstyle, **line_style)
