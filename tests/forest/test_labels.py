import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.forest.encoder import encoder
from steps.forest.labels import as_text, codes_of, encode_labels
from steps.forest.pipelines import forest_pipeline, with_classes

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
LABELS = st.one_of(
    st.lists(TEXT, min_size=1).map(lambda labels: pd.Series(labels, dtype="str")),
    st.lists(st.booleans(), min_size=1).map(lambda labels: pd.Series(labels, dtype=bool)),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1).map(lambda labels: pd.Series(labels, dtype="int64")),
    st.lists(st.floats(allow_nan=False), min_size=1).map(lambda labels: pd.Series(labels, dtype="float64")),
)


@pytest.mark.parametrize(
    ("labels", "codes", "classes", "texts"),
    [
        (["b", "a", "b"], [1, 0, 1], ["a", "b"], ["a", "b"]),
        (["NA", "None", "", "nan"], [1, 2, 0, 3], ["", "NA", "None", "nan"], ["", "NA", "None", "nan"]),
        (["a", "A", " a", "a "], [2, 1, 0, 3], [" a", "A", "a", "a "], [" a", "A", "a", "a "]),
        (["é", "e\u0301", "中", "ß"], [2, 0, 3, 1], ["e\u0301", "ß", "é", "中"], ["e\u0301", "ß", "é", "中"]),
        (["10", "9"], [0, 1], ["10", "9"], ["10", "9"]),
        ([True, False], [1, 0], [False, True], ["False", "True"]),
        ([10, -9, 10], [1, 0, 1], [-9, 10], ["-9", "10"]),
        ([1.0, 0.5], [1, 0], [0.5, 1.0], ["0.5", "1.0"]),
    ],
)
def test_codes_and_classes(labels, codes, classes, texts):
    series = pd.Series(labels)
    found, names = encode_labels(series)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, codes)
    np.testing.assert_array_equal(names, np.array(classes))
    assert names.dtype.kind == np.array(labels).dtype.kind
    assert as_text(names) == texts


@pytest.mark.parametrize("dtype", ["str", "string", object])
def test_text_of_any_pandas_type_becomes_a_numpy_string_array(dtype):
    assert encode_labels(pd.Series(["b", "a"], dtype=dtype))[1].dtype == np.dtype("<U1")


@given(LABELS)
def test_codes_point_to_the_labels(labels):
    codes, classes = encode_labels(labels)
    assert classes[codes].tolist() == labels.tolist()
    assert classes.tolist() == sorted(set(labels.tolist()))
    assert len(set(as_text(classes))) == len(classes)
    np.testing.assert_array_equal(codes_of(labels, classes), codes)


@given(LABELS, st.data())
def test_some_rows_keep_the_codes_of_all(labels, data):
    codes, classes = encode_labels(labels)
    chosen = data.draw(st.lists(st.integers(0, len(labels) - 1)))
    np.testing.assert_array_equal(codes_of(labels.iloc[chosen], classes), codes[chosen])


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (["a", "z", "y"], ["a", "b"], "Got rows of class 'y', expected only classes .* trained on \\('a', 'b'\\)\\.$"),
        (["a "], ["a"], "Got rows of class 'a ', .*\\('a'\\)\\.$"),
        ([8], [1, 2, 3, 4, 5, 6], "Got rows of class 8, .*\\(1, 2, 3, 4, 5, …\\)\\.$"),
        ([0.5], [0.25], "Got rows of class 0.5, .*\\(0.25\\)\\.$"),
        ([True], [False], "Got rows of class True, .*\\(False\\)\\.$"),
        (["1"], [1], "Got rows of class '1', .*\\(1\\)\\.$"),
    ],
)
def test_an_unknown_label_is_named(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        codes_of(pd.Series(labels), np.array(classes))


@pytest.mark.parametrize(
    "labels",
    [
        ["cat", "dog", "emu"],
        ["", "NA", "None"],
        ["a", "a ", "A"],
        ["ё", "中文", "😀"],
        [-1, 7, 2**62],
        [False, True],
        [1.0, 2.0, 3.0],
        [0.1, 0.25, 1e300],
    ],
)
def test_a_named_model_answers_with_labels_of_the_same_type(labels):
    series = pd.Series(labels * 4)
    rows = pd.DataFrame({"x": np.arange(len(series)) % len(labels) * 1.0})
    codes, classes = encode_labels(series)
    coded = forest_pipeline(encoder(["x"], [], [], 5), 0).set_params(forest__n_estimators=5).fit(rows, codes)
    named = with_classes(coded, classes)
    predicted = named.predict(rows)
    assert predicted.tolist() == series.tolist()
    assert predicted.dtype == np.array(labels).dtype
    np.testing.assert_array_equal(named.classes_, classes)
    np.testing.assert_array_equal(named.predict_proba(rows), coded.predict_proba(rows))
    np.testing.assert_array_equal(coded.predict(rows), codes)
