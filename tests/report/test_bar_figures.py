import pandas as pd
import pytest

from steps.report.bar_figures import class_balance, compared_importances, permutation_importances


def tick_labels(figure):
    return [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def widths(figure):
    return [bar.get_width() for bar in figure.axes[0].patches]


def test_class_balance_is_sorted_with_counts_and_shares(texts):
    counts = {"b": 1, "a": 1, "$x_1$": 1998}
    figure = class_balance(counts)
    assert tick_labels(figure) == ["$x_1$", "a", "b"]
    assert widths(figure) == [1998, 1, 1]
    assert {"1,998  (99.9%)", "1  (0.1%)", "2,000 rows in 3 classes"} <= set(texts(figure))
    assert counts == {"b": 1, "a": 1, "$x_1$": 1998}


@pytest.mark.parametrize(("classes", "bars"), [(1, 1), (2, 2), (14, 14), (40, 40), (41, 40), (60, 40)])
def test_class_balance_of_many_classes_sums_up_the_others(classes, bars, render):
    figure = class_balance({f"class {i}": 100 - i for i in range(classes)})
    render(figure)
    assert len(widths(figure)) == bars
    assert sum(widths(figure)) == sum(100 - i for i in range(classes))
    assert (tick_labels(figure)[-1] == f"others ({classes - 39} classes)") == (classes > 40)


def test_class_balance_shows_odd_labels(odd_labels, texts):
    figure = class_balance(dict.fromkeys(odd_labels, 3))
    assert {"$x_1$", "_hidden", r"two\nlines", r"$\frac{1}$", '""', r"\ud800", "%s {x}"} <= set(texts(figure))


def test_class_balance_is_the_same_picture_each_time(render):
    assert render(class_balance({"a": 1, "b": 2})) == render(class_balance({"b": 2, "a": 1}))


def test_permutation_importances_are_sorted(texts):
    importances = pd.DataFrame({"column": ["_a", "$b$", "c"], "mean": [0.1, 0.3, -0.1], "std": [0.01, 0.02, 0.01]})
    before = importances.copy()
    figure = permutation_importances(importances)
    assert tick_labels(figure) == ["$b$", "_a", "c"]
    assert widths(figure) == [0.3, 0.1, -0.1]
    assert "Permutation importance of 3 columns" in texts(figure)
    pd.testing.assert_frame_equal(importances, before)


@pytest.mark.parametrize("columns", [1, 2, 30, 31, 200])
def test_permutation_importances_shows_at_most_30(columns, texts):
    numbers = [i / 1000 for i in range(columns)]
    figure = permutation_importances(
        pd.DataFrame({"column": [f"c{i}" for i in range(columns)], "mean": numbers, "std": numbers})
    )
    assert len(widths(figure)) == min(columns, 30)
    assert (f"Permutation importance of the top 30 of {columns} columns" in texts(figure)) == (columns > 30)


def test_compared_importances_has_a_bar_for_each_model_and_column(texts):
    plain = pd.DataFrame({"column": ["_a", "$b$", "c"], "mean": [0.1, 0.3, 0.0], "std": [0.01, 0.02, 0.0]})
    other = pd.DataFrame({"column": ["c", "$b$", "_a"], "mean": [0.9, 0.2, 0.15], "std": [0.01, 0.02, 0.01]})
    figure = compared_importances({"_rf": plain, "$k$": other})
    assert tick_labels(figure) == ["c", "$b$", "_a"], "by the larger of both"
    assert widths(figure) == [0.0, 0.3, 0.1, 0.9, 0.2, 0.15]
    assert {"_rf", "$k$", "Permutation importance of 3 columns"} <= set(texts(figure))


@pytest.mark.parametrize(("models", "columns"), [(1, 1), (2, 30), (3, 31), (12, 200)])
def test_compared_importances_of_any_number(models, columns, render, texts):
    numbers = [i / 1000 for i in range(columns)]
    frame = pd.DataFrame({"column": [f"c{i}" for i in range(columns)], "mean": numbers, "std": numbers})
    figure = compared_importances({f"model {i}": frame for i in range(models)})
    render(figure)
    assert len(widths(figure)) == models * min(columns, 30)
    assert (f"Permutation importance of the top 30 of {columns} columns" in texts(figure)) == (columns > 30)
