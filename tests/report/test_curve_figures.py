import math

import numpy as np
import pandas as pd
import pytest

from steps.report.curve_figures import calibration_curves, precision_recall_curves, roc_curves

FIGURES = pytest.mark.parametrize("draw", [roc_curves, precision_recall_curves])


def curves_of(areas):
    return {label: (np.array([0.0, 0.5, 1.0]), np.array([0.0, area, 1.0]), area) for label, area in areas.items()}


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def curves_in(figure):
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]


@FIGURES
def test_legend_is_sorted_by_area(draw, texts):
    curves = curves_of({"_low": 0.5, "$high$": 0.9, "none": math.nan})
    figure = draw(curves, "random forest")
    assert legend(figure) == ["0.900  $high$", "0.500  _low", "  n/a  none"]
    assert {"random forest", "0.900  $high$", "0.500  _low"} <= set(texts(figure))


@FIGURES
@pytest.mark.parametrize(("classes", "entries"), [(1, 1), (2, 2), (14, 14), (20, 20), (21, 11), (60, 11)])
def test_many_classes_highlight_the_extremes(draw, classes, entries, render):
    figure = draw(curves_of({f"class {i:02}": i / 100 for i in range(classes)}), "random forest")
    render(figure)
    assert len(curves_in(figure)) == classes
    assert len(legend(figure)) == entries
    if classes == 60:
        assert legend(figure)[0] == "0.590  class 59"
        assert legend(figure)[5] == "50 other classes"
        assert legend(figure)[-1] == "0.000  class 00"


@FIGURES
def test_a_class_without_an_area_is_no_extreme(draw):
    areas = {f"class {i:02}": i / 100 for i in range(30)} | {"none": math.nan}
    assert legend(draw(curves_of(areas), "random forest"))[-1] == "0.000  class 00"


@FIGURES
def test_curves_tell_each_other_apart(draw):
    figure = draw(curves_of({f"class {i:02}": i / 100 for i in range(20)}), "random forest")
    looks = {(str(line.get_color()), line.get_linestyle()) for line in curves_in(figure)}
    assert len(looks) == 20


@FIGURES
def test_inputs_are_unchanged_and_odd_labels_shown(draw, odd_labels, texts):
    curves = curves_of(dict.fromkeys(odd_labels, 0.5))
    shown = texts(draw(curves, "$t$"))
    assert {"0.500  $x_1$", "0.500  _hidden", r"0.500  two\nlines", "$t$"} <= set(shown)
    for x, y, area in curves.values():
        np.testing.assert_array_equal((x, y), ([0, 0.5, 1], [0, 0.5, 1]))
        assert area == 0.5


def test_calibration_of_models(texts):
    bins = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.6, 0.9], "rows": [10, 30]})
    figure = calibration_curves({"$a$": bins, "_b": bins.iloc[:1], **{str(i): bins for i in range(5)}})
    assert {"$a$", "_b", "probability of the predicted class"} <= set(texts(figure))
    drawn = [line.get_xydata().tolist() for line in figure.axes[0].lines[1:3]]
    assert drawn == [[[0.5, 0.6], [0.9, 0.9]], [[0.5, 0.6]]]
    small, large = figure.axes[0].collections[0].get_sizes()
    assert small < large
