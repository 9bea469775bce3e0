import itertools

import numpy as np
import pandas as pd
import pytest

from steps.report.score_figures import paired_folds, score_over_grid


def search(**values):
    """Return candidates of a grid; the last combination is the best."""
    candidates = pd.DataFrame(list(itertools.product(*values.values())), columns=list(values))
    n = len(candidates)
    return candidates.assign(mean_score=np.arange(n) / n, std_score=0.01, rank=np.arange(n, 0, -1))


def ticks(axes):
    return [tick.get_text() for tick in axes.get_xticklabels()]


def star(axes):
    """Return where the best candidate is drawn."""
    return axes.collections[-1].get_offsets()[0].tolist()


def test_a_panel_for_each_parameter_that_varies(texts):
    candidates = search(depth=[10, None, 5], leaf=[1], trees=["1000", "200"], features=["sqrt", None])
    before = candidates.copy()
    figure = score_over_grid(candidates, ["depth", "leaf", "trees", "features"], "f1_macro")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["depth", "trees", "features"]
    assert [ticks(axes) for axes in figure.axes] == [["5", "10", "None"], ["200", "1000"], ["sqrt", "None"]]
    assert {"f1_macro of 12 candidates in the grid", "best of each value"} <= set(texts(figure))
    pd.testing.assert_frame_equal(candidates, before)


def test_the_best_candidate_is_on_its_values_and_on_the_line():
    figure = score_over_grid(search(depth=[5, 10], trees=["b", "a"]), ["depth", "trees"], "accuracy")
    depth, trees = figure.axes
    assert star(depth) == [1, 0.75]
    assert star(trees) == [0, 0.75]
    assert depth.lines[-1].get_ydata().tolist() == [0.25, 0.75]
    assert trees.lines[-1].get_ydata().tolist() == [0.75, 0.5]


def test_floats_are_kept_apart_from_whole_numbers():
    candidates = search(features=[0, 1, 2]).assign(features=pd.Series([1, 1.0, 0.5], dtype=object))
    figure = score_over_grid(candidates, ["features"], "accuracy")
    assert ticks(figure.axes[0]) == ["0.5", "1", "1.0"]


@pytest.mark.parametrize("candidates", [search(a=[1]), search(a=[None] * 12)])
def test_one_panel_where_nothing_varies(candidates, texts):
    figure = score_over_grid(candidates, ["a"], "accuracy")
    assert len(figure.axes) == 1
    assert len(figure.axes[0].collections[1].get_offsets()) == len(candidates)
    assert "best of each value" not in texts(figure)


def test_candidates_of_one_value_do_not_hide_each_other_or_leave_their_value():
    axes = score_over_grid(search(a=[1, 2], b=list(range(100))), ["a"], "accuracy").axes[0]
    x = axes.collections[1].get_offsets()[:, 0]
    assert len(np.unique(x)) == 200
    assert np.abs(x - np.round(x)).max() < 0.4


def test_a_grid_of_any_size_renders(odd_labels, texts):
    storable = [label for label in odd_labels if label != "\ud800"]
    many = search(a=storable, b=list(range(40)), **{"$p$" * 30: [1, 2], "_q": [None, 0.5]})
    figure = score_over_grid(many, many.columns[:4].tolist(), "$s$")
    assert len(figure.axes) == 4
    assert {"$x_1$", "_hidden", "_q", "$s$"} <= set(texts(figure))


def test_paired_folds_joins_the_scores_of_a_fold(texts):
    fold_scores = {"_a": [0.8, 0.9], "$b$": [0.82, 0.94]}
    figure = paired_folds(fold_scores, {"_a": 0.81, "$b$": 0.83}, "accuracy")
    folds = figure.axes[0].lines[:2]
    assert [line.get_ydata().tolist() for line in folds] == [[0.8, 0.82], [0.9, 0.94]]
    assert {
        "accuracy on the same 2 folds",
        "_a\nfolds 0.8500 ± 0.0500\nholdout 0.8100",
        "$b$\nfolds 0.8800 ± 0.0600\nholdout 0.8300",
    } <= set(texts(figure))
    assert fold_scores == {"_a": [0.8, 0.9], "$b$": [0.82, 0.94]}


@pytest.mark.parametrize(("variants", "folds"), [(1, 1), (2, 50), (6, 5)])
def test_paired_folds_of_any_number(variants, folds, render):
    names = [f"variant {i} " + "x" * 60 for i in range(variants)]
    figure = paired_folds({name: [0.5] * folds for name in names}, dict.fromkeys(names, 0.5), "accuracy")
    render(figure)
    assert len(figure.axes[0].get_xticks()) == variants


def test_a_model_without_a_holdout_score_is_drawn(texts):
    figure = paired_folds({"rf": [0.5, 0.6], "kmeans": [0.7, 0.5]}, {"rf": 0.5, "kmeans": None}, "roc_auc_ovr")
    assert any("holdout –" in text for text in texts(figure))


def test_paired_folds_needs_the_same_folds_and_a_holdout_score():
    with pytest.raises(ValueError, match=r"Got \{'a': 2, 'b': 1\} fold scores, expected the same folds"):
        paired_folds({"a": [1, 1], "b": [1]}, {"a": 1, "b": 1}, "accuracy")
    with pytest.raises(ValueError, match=r"Got no holdout score of \['b'\]"):
        paired_folds({"a": [1], "b": [1]}, {"a": 1}, "accuracy")
