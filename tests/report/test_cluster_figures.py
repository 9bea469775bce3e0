import numpy as np
import pytest
from matplotlib.figure import Figure

from steps.report.cluster_figures import cluster_map


def points_of(rows):
    return np.random.default_rng(0).normal(size=(rows, 2))


def legends(figure):
    return [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]


def test_cluster_map_has_two_panels_on_the_same_axes(texts):
    points, clusters, classes = points_of(4), np.array([0, 1, 1, 2]), np.array(["_a", "$b$", "$b$", "_a"])
    before = points.copy()
    figure = cluster_map(points, clusters, classes, (0.5, 0.25))
    assert isinstance(figure, Figure)
    assert legends(figure) == [["0", "1", "2"], ["$b$", "_a"]]
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert "first principal component (50.0% of the variance)" in texts(figure)
    assert left.get_ylabel() == "second principal component (25.0% of the variance)"
    np.testing.assert_array_equal(points, before)


@pytest.mark.parametrize(("groups", "entries"), [(1, 1), (2, 2), (10, 10), (11, 11), (14, 11), (60, 11)])
def test_cluster_map_colours_ten_groups(groups, entries, render):
    codes = np.arange(300) % groups
    figure = cluster_map(points_of(300), codes, codes.astype(str), (0.5, 0.25))
    render(figure)
    assert [len(labels) for labels in legends(figure)] == [entries, entries]
    assert (legends(figure)[1][-1] == f"other ({groups - 10} classes)") == (groups > 11)
    assert (legends(figure)[0][-1] == "other (1 cluster)") == (groups == 11)


def test_the_same_row_has_the_colours_of_its_own_groups():
    points = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    figure = cluster_map(points, np.array([5, 5, 7]), np.array(["a", "b", "b"]), (0.5, 0.25))
    for axes, same in zip(figure.axes, ({0.0, 1.0}, {1.0, 2.0}), strict=True):
        dots = axes.collections[0]
        colors = {x: tuple(color) for (x, _), color in zip(dots.get_offsets(), dots.get_facecolors(), strict=True)}
        assert len({colors[x] for x in same}) == 1
        assert len(set(colors.values())) == 2


def test_a_large_table_is_sampled(texts):
    zeros = np.zeros(20_001, dtype=int)
    figure = cluster_map(points_of(20_001), zeros, zeros.astype(str), (0.5, 0.25))
    assert len(figure.axes[0].collections[0].get_offsets()) == 20_000
    assert "20,000 of 20,001 rows on their first two principal components" in texts(figure)


def test_cluster_map_is_the_same_picture_each_time_and_shows_odd_labels(odd_labels, texts, render):
    classes = np.array(odd_labels)
    arguments = points_of(len(classes)), np.arange(len(classes)), classes, (0.5, 0.25)
    assert render(cluster_map(*arguments)) == render(cluster_map(*arguments))
    assert {"$x_1$", "_hidden", r"two\nlines"} <= set(texts(cluster_map(*arguments)))
