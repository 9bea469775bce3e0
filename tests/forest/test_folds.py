"""Folds, and the rows that they need."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.forest.search import check_rows, folds


def test_all_variants_share_the_folds():
    codes = np.arange(20) % 2
    first, second = (list(folds(5, 7).split(np.zeros((20, width)), codes)) for width in (1, 9))
    other = list(folds(5, 8).split(np.zeros((20, 1)), codes))
    for (train, validation), (same_train, same_validation) in zip(first, second, strict=True):
        np.testing.assert_array_equal(train, same_train)
        np.testing.assert_array_equal(validation, same_validation)
        assert np.bincount(codes[validation]).tolist() == [2, 2]
    assert any(not np.array_equal(ours[1], theirs[1]) for ours, theirs in zip(first, other, strict=True))


def test_a_class_with_fewer_rows_than_folds_is_refused():
    with pytest.raises(ValueError) as caught:
        check_rows(np.array([0, 0, 0, 1, 1, 1, 1]), ["fox", "owl"], cv=4)
    assert str(caught.value) == (
        "Got 3 training rows of class 'fox', expected at least cv=4: "
        "lower cv, or leave such classes out with min_class_rows and rare_classes=drop."
    )
    check_rows(np.array([0, 0, 0, 1, 1, 1, 1]), ["fox", "owl"], cv=3)


def test_a_class_with_no_row_is_refused():
    with pytest.raises(ValueError, match="Got 0 training rows of class 7, expected at least cv=2: "):
        check_rows(np.array([0, 0, 1, 1]), [5, 6, 7], cv=2)


def test_more_clusters_than_rows_are_refused():
    with pytest.raises(ValueError) as caught:
        check_rows(np.arange(10) % 2, ["a", "b"], cv=3, n_clusters=(2, 7, 3))
    assert str(caught.value) == "Got n_clusters=7, expected at most the 6 training rows of a fold."
    check_rows(np.arange(10) % 2, ["a", "b"], cv=3, n_clusters=(2, 6, 3))


@settings(deadline=None)
@given(st.lists(st.integers(2, 15), min_size=2, max_size=4), st.integers(2, 8), st.integers(0, 9))
def test_as_many_clusters_are_allowed_as_the_smallest_fold_has_training_rows(counts, cv, seed):
    codes = np.repeat(np.arange(len(counts)), [max(count, cv) for count in counts])
    smallest = min(len(train) for train, _ in folds(cv, seed).split(codes, codes))
    check_rows(codes, list(range(len(counts))), cv, [smallest])
    with pytest.raises(ValueError, match=f"^Got n_clusters={smallest + 1}, expected at most the {smallest} "):
        check_rows(codes, list(range(len(counts))), cv, [smallest + 1])
