import click
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from steps.forest.grid import CLUSTER_FEATURES, GRIDS, LARGEST


def convert(name, text):
    return GRIDS[name].convert(text, None, None)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("n_estimators", "50", (50,)),
        ("n_estimators", "50,1, 200 ", (50, 1, 200)),
        ("n_estimators", str(LARGEST), (LARGEST,)),
        ("max_features", "sqrt,log2,none", ("sqrt", "log2", None)),
        ("max_features", "1,1.0,0.3", (1, 1.0, 0.3)),
        ("max_features", "1e-1,.5", (0.1, 0.5)),
        ("max_depth", "none,16,1", (None, 16, 1)),
        ("min_samples_leaf", "3,0.25", (3, 0.25)),
        ("n_clusters", "8,2", (8, 2)),
        ("cluster_features", "both,distances,label", ("both", "distances", "label")),
        ("max_depth", "4,4,none,04,none", (4, None)),
        ("max_features", "0.3,0.30,1,01", (0.3, 1)),
        ("n_estimators", ",7,,", (7,)),
    ],
)
def test_allowed_values(name, text, expected):
    values = convert(name, text)
    assert values == expected
    assert [type(value) for value in values] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            (name, text)
            for name in GRIDS
            for text in ["0", "-1", "nan", "inf", "-inf", "1e9999", "²", "½", "None", "x"]
        ),
        *((name, str(LARGEST + 1)) for name in GRIDS),
        *((name, "9" * 5000) for name in GRIDS),
        ("n_estimators", "none"),
        ("n_estimators", "1.0"),
        ("n_estimators", "0.5"),
        ("max_features", "1.5"),
        ("max_features", "2.0"),
        ("max_features", "0.0"),
        ("max_features", "1e-9999"),
        ("max_features", "auto"),
        ("max_depth", "sqrt"),
        ("max_depth", "3.5"),
        ("min_samples_leaf", "none"),
        ("min_samples_leaf", "1.0"),
        ("n_clusters", "1"),
        ("n_clusters", "none"),
        ("cluster_features", "Label"),
        ("cluster_features", "none"),
    ],
)
def test_refused_values_are_named_with_what_is_allowed(name, text):
    good = {"cluster_features": "label"}.get(name, "3")
    with pytest.raises(click.BadParameter) as caught:
        convert(name, f"{good},{text}")
    assert caught.value.message == f"Got {text!r}, expected {GRIDS[name].allowed}."


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("n_estimators", "whole numbers from 1 to 2147483647"),
        ("max_features", "sqrt, log2, none, whole numbers from 1 to 2147483647 or shares above 0 up to 1.0"),
        ("max_depth", "none or whole numbers from 1 to 2147483647"),
        ("min_samples_leaf", "whole numbers from 1 to 2147483647 or shares between 0 and 1"),
        ("n_clusters", "whole numbers from 2 to 2147483647"),
        ("cluster_features", "distances, label, both"),
    ],
)
@pytest.mark.parametrize("text", ["", "  ", ",", " , ,"])
def test_an_empty_grid_is_refused(name, allowed, text):
    with pytest.raises(click.BadParameter) as caught:
        convert(name, text)
    assert caught.value.message == f"Got an empty grid, expected {allowed}, separated by commas."


def test_converted_values_pass_unchanged():
    assert convert("max_depth", (None, 3)) == (None, 3)


TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,eE+-_ ²٣nifoesqrtlg", max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)


@given(st.sampled_from(list(GRIDS)), TEXTS)
def test_any_text_is_converted_or_refused(name, text):
    try:
        values = convert(name, text)
    except click.BadParameter as error:
        assert error.message.startswith("Got ")
        assert GRIDS[name].allowed in error.message
    else:
        assert values
        assert len(values) == len({(type(value), value) for value in values})


@settings(deadline=None)
@given(st.sampled_from(["max_features", "max_depth", "min_samples_leaf"]), TEXTS)
def test_the_forest_takes_whatever_was_not_refused(name, text):
    try:
        values = convert(name, text)
    except click.BadParameter:
        return
    for value in values:
        forest = RandomForestClassifier(n_estimators=1, **{name: value})
        assert len(forest.fit(np.arange(4.0).reshape(-1, 1), [0, 1, 0, 1]).estimators_) == 1


def test_the_clusters_of_a_grid_are_those_of_the_pipeline():
    assert convert("cluster_features", ",".join(CLUSTER_FEATURES)) == CLUSTER_FEATURES
