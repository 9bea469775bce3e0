"""The figure of where the clusters and the classes lie."""

import matplotlib.colors
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from steps.report.style import MUTED, PALETTE, cells, literals, new_figure, styled

_MOST_POINTS = 20_000
_LEGEND_CELLS = 72  # of text, in one line below a panel
_KEY_CELLS = 5  # that a legend's dot and spaces take


@styled
def cluster_map(
    points: np.ndarray, clusters: np.ndarray, classes: np.ndarray, explained: tuple[float, float]
) -> Figure:
    """Draw rows on their first two principal components, coloured by cluster and by class.

    Parameters
    ----------
    points : numpy.ndarray of float, shape (n_rows, 2)
        First and second principal component. Of more than 20,000 rows, a fixed random sample is drawn.
    clusters : numpy.ndarray of int, shape (n_rows,)
        The cluster of each row.
    classes : numpy.ndarray of str, shape (n_rows,)
        The class of each row.
    explained : tuple of two floats
        Share of the variance, 0 to 1, that each component explains.
    """
    # In random order: drawn one class after the other, the last one would cover the rest.
    sample = np.random.default_rng(0).permutation(len(points))[:_MOST_POINTS]
    rows = f"{len(points):,} rows"
    if len(sample) < len(points):
        rows = f"{len(sample):,} of {rows}"
    figure = new_figure(11, 5.6, f"{rows} on their first two principal components")
    left, right = figure.subplots(ncols=2, sharex=True, sharey=True)
    _panel(left, points, clusters, sample, "cluster", "clusters")
    _panel(right, points, classes, sample, "class", "classes")
    names = ("first", "second")
    x_label, y_label = (
        f"{name} principal component ({share:.1%} of the variance)"
        for name, share in zip(names, explained, strict=True)
    )
    left.set(xlabel=x_label, ylabel=y_label)
    right.set(xlabel=x_label)
    return figure


def _panel(axes: Axes, points: np.ndarray, groups: np.ndarray, sample: np.ndarray, one: str, many: str) -> None:
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    largest = np.sort(np.argsort(-sizes, kind="stable")[: len(PALETTE)])
    colors = np.full(len(names), MUTED, dtype=object)
    colors[largest] = PALETTE[: len(largest)]

    rgb = matplotlib.colors.to_rgba_array(colors.tolist())
    size = float(np.clip(6_000 / max(len(sample), 1), 4, 28))
    axes.scatter(*points[sample].T, s=size, c=rgb[codes[sample]], alpha=0.75, linewidths=0)
    axes.set_title(f"coloured by {one}")

    labels = literals(names[largest], width=24)
    handles = [_dot(color) for color in colors[largest]]
    if others := len(names) - len(largest):
        labels.append(f"other ({others} {one if others == 1 else many})")
        handles.append(_dot(MUTED))
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0, -0.12),
        borderaxespad=0,
        ncols=_legend_columns(labels),
        fontsize=9,
        handletextpad=0.3,
        columnspacing=1.2,
    )


def _legend_columns(labels: list[str]) -> int:
    """Return the largest number of columns, at most six, whose longest labels fit side by side."""
    lengths = [cells(label) + _KEY_CELLS for label in labels]
    for columns in range(min(6, len(labels)), 1, -1):
        if sum(part.max() for part in np.array_split(lengths, columns)) <= _LEGEND_CELLS:
            return columns
    return 1


def _dot(color: str) -> Line2D:
    return Line2D([], [], color=color, marker="o", linestyle="", markersize=6)
