"""What callers of the champion would feel, and when it can't be asked about today's rows."""

from __future__ import annotations

from typing import Any

import pytest

from steps.lineage.artifacts import Artifact
from steps.registry.trained import Trained, _taken, changes_for_callers, obstacles


def model(features: dict[str, str], classes: list[Any], scoring: str = "accuracy", target: str | None = "y") -> Trained:
    search: Artifact = None  # type: ignore[assignment]  # is not looked at
    return Trained("models:/m-1", features, target, search, {"classes": classes, "scoring": scoring})


CHAMPION = model({"a": "numbers", "b": "categories that are text"}, ["no", "yes"])
CASES = {
    "the same": (model(dict(CHAMPION.features), ["no", "yes"]), [], []),
    "one column more": (
        model({**CHAMPION.features, "c": "numbers"}, ["no", "yes"]),
        ["it needs the column 'c'"],
        [],
    ),
    "one column less": (model({"a": "numbers"}, ["no", "yes"]), [], ["they lack the column 'b'"]),
    "a column of another kind": (
        model({**CHAMPION.features, "a": "dates"}, ["no", "yes"]),
        ["the column 'a' holds dates, not numbers"],
        ["the column 'a' holds dates, not numbers"],
    ),
    "other classes": (
        model(CHAMPION.features, ["maybe", "no"]),
        ["it has the class 'maybe'", "it lacks the class 'yes'"],
        [],
    ),
    "classes of another type": (
        model(CHAMPION.features, [False, True]),
        ["its classes are booleans, not text"],
        ["its classes are booleans, not text"],
    ),
    "a score of two classes": (
        model(CHAMPION.features, ["maybe", "no", "yes"], "roc_auc"),
        ["it has the class 'maybe'"],
        ["roc_auc is of two classes, and it has the class 'maybe'"],
    ),
    "another target": (
        model(CHAMPION.features, ["no", "yes"], target="z"),
        ["it predicts 'z', not 'y'"],
        ["it predicts 'z', not 'y'"],
    ),
    "an unknown target": (model(CHAMPION.features, ["no", "yes"], target=None), [], []),
}


@pytest.mark.parametrize("case", CASES)
def test_changes_and_obstacles(case: str) -> None:
    new, changes, hindrances = CASES[case]
    assert changes_for_callers(new, CHAMPION) == changes
    assert obstacles(new, CHAMPION) == hindrances


def test_integers_and_fractions_are_one_to_callers_in_columns_and_in_classes() -> None:
    kinds = [_taken({"name": "a", "type": kind, "role": "numeric"}) for kind in ("integer", "number")]
    assert kinds == ["numbers", "numbers"]
    assert changes_for_callers(model({}, [1, 2]), model({}, [1.0, 2.0])) == []
