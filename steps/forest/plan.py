"""Which candidates a grid has, and which fits they need: those with the same features and trees share them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from steps.forest.pipelines import place, settings


def candidates(grids: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return every combination of the grids' values, in the order of scikit-learn's ParameterGrid.

    The order counts: of candidates that are equally good the first is the best.
    """
    order = sorted(grids, key=place)
    combinations = itertools.product(*(grids[name] for name in order))
    return [{name: values[order.index(name)] for name in grids} for values in combinations]


@dataclass(frozen=True)
class Group:
    """Candidates that differ in the number of trees only.

    Attributes
    ----------
    features
        Equal for groups whose forests see the same features.
    steps
        The pipeline's steps before the forest, not fitted.
    forest
        Not fitted.
    members
        Number of trees to the positions of the candidates with so many.
    """

    features: str
    steps: list[tuple[str, Any]]
    forest: RandomForestClassifier
    members: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """One forest to grow on one fold, and the ascending numbers of trees to score it at."""

    group: Group
    fold: int
    sizes: list[int]


def grouped(pipeline: Pipeline, candidates: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Return the candidates' groups, in the order of their first members.

    Parameters
    ----------
    pipeline
        Ends in a forest that has a seed.
    candidates
        Hyperparameters by their short names.
    """
    groups: dict[tuple[str, str], Group] = {}
    for position, candidate in enumerate(candidates):
        forest, features = _divided(candidate)
        size = trees(pipeline, candidate)
        # As text: 1 and 1.0 are equal, but not the same number of features.
        key = (repr(features), repr([item for item in forest if item[0] != "n_estimators"]))
        if key not in groups:
            *steps, (_, unfitted) = clone(pipeline).set_params(**settings(dict(candidate))).steps
            groups[key] = Group(key[0], steps, unfitted)
        groups[key].members.setdefault(size, []).append(position)
    return list(groups.values())


def _divided(candidate: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Return the hyperparameters of the forest, and those of the steps before it, each in the order of their names."""
    parts: tuple[list[tuple[str, Any]], list[tuple[str, Any]]] = ([], [])
    for name, value in sorted(candidate.items()):
        parts[not place(name).startswith("forest__")].append((name, value))
    return parts


def fits(groups: Sequence[Group], known: Sequence[Mapping[int, Any]], n_folds: int) -> list[Fit]:
    """Return the fits that are left to do, those of one group after those of another, so that candidates end early.

    Parameters
    ----------
    known
        For each candidate the folds whose score is known.
    """
    left = []
    for group in groups:
        for fold in range(n_folds):
            sizes = [
                size
                for size in sorted(group.members)
                if any(fold not in known[position] for position in group.members[size])
            ]
            if sizes:
                left.append(Fit(group, fold, sizes))
    return left


def trees(pipeline: Pipeline, candidate: Mapping[str, Any]) -> int:
    """Return how many trees a candidate has."""
    return int(candidate.get("n_estimators", pipeline[-1].n_estimators))
