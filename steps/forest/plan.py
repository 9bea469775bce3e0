"""Which fits a list of candidates needs: those with the same features and trees share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from steps.forest.pipelines import settings


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
        *steps, (_, forest) = clone(pipeline).set_params(**settings(dict(candidate))).steps
        trees = forest.get_params()
        size = trees.pop("n_estimators")
        features = joblib.hash(steps)
        group = groups.setdefault((features, joblib.hash(trees)), Group(features, steps, forest))
        group.members.setdefault(size, []).append(position)
    return list(groups.values())


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
