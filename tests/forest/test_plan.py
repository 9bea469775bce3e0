import pytest
from sklearn.model_selection import ParameterGrid

from steps.forest.pipelines import place
from steps.forest.plan import candidates


@pytest.mark.parametrize(
    "grids",
    [
        {"max_depth": (None, 2), "n_clusters": (8, 4)},
        {"n_estimators": (9, 5), "max_features": ("sqrt",), "max_depth": (3, None), "min_samples_leaf": (0.1, 1)},
        {"n_estimators": (5, 9), "n_clusters": (2, 3), "cluster_features": ("both", "label"), "max_depth": (1, 2)},
    ],
)
def test_candidates_are_in_the_order_of_scikit_learn(grids):
    places = {place(name): name for name in grids}
    expected = list(ParameterGrid({place(name): list(values) for name, values in grids.items()}))
    assert candidates(grids) == [{places[name]: value for name, value in each.items()} for each in expected]
    assert all(list(candidate) == list(grids) for candidate in candidates(grids))
