"""Figures of one coloured cell for each pair."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from steps.report.style import INK, cells, literals, new_figure, styled

_MOST_LABELS = 40
_SMALLEST_TEXT = 5.5  # points
_LETTER_WIDTH = 0.62  # of the font size
_TICK_SIZE = 9.0  # points
_ZERO_INK = "#c3c7cc"
_BAR_WIDTH = 0.14  # inches


@styled
def confusion_matrix(matrix: np.ndarray, classes: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix, coloured by the share of the actual class.

    Parameters
    ----------
    matrix : numpy.ndarray of int, shape (n_classes, n_classes)
        Rows of the table by actual class (down) and predicted class (across). The counts are written into the
        cells up to 40 classes.
    classes : sequence of str, length n_classes
        In the order of the matrix.
    title : str
        What the matrix is of.

    Raises
    ------
    ValueError
        If the matrix is not square with one row a class.
    """
    if matrix.shape != (len(classes), len(classes)):
        raise ValueError(
            f"Got a matrix of shape {matrix.shape}, expected one row and one column for each of {len(classes)} classes."
        )
    # A class without rows in the holdout has no shares.
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    texts = [[f"{count:,}" for count in row] for row in matrix.tolist()]
    cell = min(1.1, float(np.clip(0.25 * len(classes), 8, 10)) / len(classes))
    axes = _heatmap(
        _Heatmap(shares, texts, list(classes), list(classes), cell, cell, "share of the actual class"), title
    )
    axes.set(xlabel="predicted class", ylabel="actual class", aspect="equal")
    return axes.figure


@styled
def classes_in_clusters(shares: pd.DataFrame) -> Figure:
    """Draw which classes the rows of each cluster have.

    Parameters
    ----------
    shares : pandas.DataFrame of float, shape (n_clusters, n_classes)
        Rows are clusters, columns are classes; each value is the share, 0 to 1, of the cluster's rows that have
        the class.
    """
    values = shares.to_numpy(dtype=float)
    n_clusters, n_classes = values.shape
    texts = [[f"{100 * share:.0f}" for share in row] for row in values]
    width, height = min(1.1, 11 / n_classes), min(0.42, 9 / n_clusters)
    heatmap = _Heatmap(
        values, texts, shares.index.tolist(), shares.columns.tolist(), width, height, "share of the cluster"
    )
    axes = _heatmap(heatmap, "Classes in each cluster, in %")
    axes.set(xlabel="class", ylabel="cluster", aspect="auto")
    return axes.figure


@dataclass(frozen=True)
class _Heatmap:
    """Shares (0 to 1) and texts of one shape, labels of rows and columns, size of a cell in inches,
    what the shares are of."""

    shares: np.ndarray
    texts: list[list[str]]
    rows: list[object]
    columns: list[object]
    cell_width: float
    cell_height: float
    share_of: str


def _heatmap(heatmap: _Heatmap, title: str) -> Axes:
    rows, columns = literals(heatmap.rows, width=24), literals(heatmap.columns, width=24)
    letter = _LETTER_WIDTH * _TICK_SIZE / 72
    longest_row, longest_column = (letter * max(map(cells, labels)) for labels in (rows, columns))
    is_tilted = longest_column > heatmap.cell_width * 0.95
    width = heatmap.cell_width * len(columns) + longest_row + 1.7
    height = heatmap.cell_height * len(rows) + (0.72 * longest_column if is_tilted else 0.2) + 0.8

    figure = new_figure(max(width, 4.2), max(height, 2.2), title)
    axes = figure.subplots()
    image = axes.imshow(heatmap.shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    _label_ticks(axes, rows, columns, is_tilted)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    _write_cells(axes, heatmap)
    aspect = heatmap.cell_height * len(rows) / _BAR_WIDTH
    colorbar = figure.colorbar(image, ax=axes, aspect=aspect, pad=0.02, format=PercentFormatter(1, decimals=0))
    colorbar.set_label(heatmap.share_of)
    colorbar.outline.set_visible(False)
    colorbar.ax.tick_params(labelsize=_TICK_SIZE)
    return axes


def _label_ticks(axes: Axes, rows: list[str], columns: list[str], is_tilted: bool) -> None:
    tilt = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_tilted else {}
    axes.set_xticks(*_sparse(columns), **tilt)
    axes.set_yticks(*_sparse(rows))
    axes.tick_params(length=0, labelsize=_TICK_SIZE)


def _sparse(labels: list[str]) -> tuple[range, list[str]]:
    step = 1 if len(labels) <= _MOST_LABELS else math.ceil(2 * len(labels) / _MOST_LABELS)
    return range(0, len(labels), step), labels[::step]


def _write_cells(axes: Axes, heatmap: _Heatmap) -> None:
    longest = max(len(text) for row in heatmap.texts for text in row)
    fitting = 72 * min(0.9 * heatmap.cell_width / (_LETTER_WIDTH * longest), 0.6 * heatmap.cell_height)
    if fitting < _SMALLEST_TEXT or max(heatmap.shares.shape) > _MOST_LABELS:
        return
    for (row, column), share in np.ndenumerate(heatmap.shares):
        text = heatmap.texts[row][column]
        color = "white" if share > 0.55 else _ZERO_INK if text == "0" else INK
        # Out of the layout: it measures every text again, and these lie inside the axes.
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=min(fitting, 11),
            color=color,
            in_layout=False,
        )
