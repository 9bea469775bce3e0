import numpy as np
import pandas as pd
import pytest

from steps.report.heatmap_figures import classes_in_clusters, confusion_matrix


def cell_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_confusion_matrix_is_coloured_by_share_and_shows_counts(texts):
    matrix = np.array([[1500, 500], [0, 0]])
    before = matrix.copy()
    figure = confusion_matrix(matrix, ["$x_1$", "_hidden"], "random forest")
    assert cell_texts(figure) == ["1,500", "500", "0", "0"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert {"$x_1$", "_hidden", "random forest"} <= set(texts(figure))
    np.testing.assert_array_equal(matrix, before)


@pytest.mark.parametrize(
    ("classes", "texts_shown", "ticks"), [(1, 1, 1), (2, 4, 2), (14, 196, 14), (40, 1600, 40), (60, 0, 20)]
)
def test_confusion_matrix_of_any_number_of_classes(classes, texts_shown, ticks, render):
    matrix = np.eye(classes, dtype=int) * 7
    figure = confusion_matrix(matrix, [f"class {i}" for i in range(classes)], "random forest")
    render(figure)
    assert len(cell_texts(figure)) == texts_shown
    assert len(figure.axes[0].get_xticks()) == len(figure.axes[0].get_yticks()) == ticks
    assert max(figure.get_size_inches()) < 15


def test_counts_too_long_for_their_cells_are_left_out(render):
    figure = confusion_matrix(np.full((40, 40), 10**9), [str(i) for i in range(40)], "random forest")
    render(figure)
    assert cell_texts(figure) == []


def test_confusion_matrix_shows_odd_labels(odd_labels, texts):
    n = len(odd_labels)
    shown = texts(confusion_matrix(np.eye(n, dtype=int), odd_labels, "$t$"))
    assert {"$x_1$", "_hidden", r"two\nlines", '""', "$t$"} <= set(shown)


def test_confusion_matrix_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match=r"Got a matrix of shape \(2, 2\), expected .* each of 3 classes"):
        confusion_matrix(np.eye(2, dtype=int), ["a", "b", "c"], "random forest")


def test_classes_in_clusters_shows_percent(texts):
    shares = pd.DataFrame([[1.0, 0.0], [0.004, 0.996], [0.25, 0.75]], columns=["_a", "$b$"])
    before = shares.copy()
    figure = classes_in_clusters(shares)
    assert cell_texts(figure) == ["100", "0", "0", "100", "25", "75"]
    assert {"_a", "$b$", "2"} <= set(texts(figure))
    pd.testing.assert_frame_equal(shares, before)


@pytest.mark.parametrize("clusters", [1, 8, 100])
@pytest.mark.parametrize("classes", [1, 2, 14, 60])
def test_classes_in_clusters_of_any_shape(clusters, classes, render):
    shares = pd.DataFrame(np.full((clusters, classes), 1 / classes)).rename(columns=str)
    figure = classes_in_clusters(shares)
    render(figure)
    assert max(figure.get_size_inches()) < 16
