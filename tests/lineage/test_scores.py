"""Scores of earlier searches are found again, and no others."""

from __future__ import annotations

import json
import re

import mlflow
import pytest

from steps.forest.fits import FoldScore
from steps.lineage.keys import StepKey
from tests.lineage.searches import CANDIDATES, KEY, SCORES, below, history, journal, search
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("store")


def test_a_later_search_takes_the_scores_over_and_names_their_origin(client: mlflow.MlflowClient) -> None:
    first = below(client, search())
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [dict(enumerate(SCORES))] * 2
    taken = below(client, parent)
    assert [run.info.status for run in taken] == ["FINISHED", "FINISHED"]
    assert [run.data.metrics for run in taken] == [run.data.metrics for run in first]
    assert [history(client, run) for run in taken] == [[(0, 0.5), (1, 0.75)]] * 2
    assert [run.data.tags["grove.origin"] for run in taken] == [run.info.run_id for run in first]
    assert first[0].info.run_id in taken[0].data.tags["mlflow.note.content"]
    again = below(client, search())
    assert [run.data.tags["grove.origin"] for run in again] == [run.info.run_id for run in first], "not of the copies"


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": KEY.parameters | {"scoring": "f1_macro"}},
        {"parameters": KEY.parameters | {"cv": 3}},
        {"seed": 1},
        {"inputs": {"split": "abd"}},
        {"source": {"steps/train_rf.py": "deg"}},
        {"environment": {"python": "3.12"}},
        {"entry_point": "train_other"},
    ],
)
def test_what_decides_a_score_must_be_the_same(change: dict[str, object], client: mlflow.MlflowClient) -> None:
    search()
    other = StepKey(**(vars(KEY) | change))
    with mlflow.start_run() as parent, journal(parent, key=other) as told:
        assert told.open(CANDIDATES, None) == [{}, {}]


def test_other_grids_and_ways_to_search_do_not_matter(client: mlflow.MlflowClient) -> None:
    search()
    grown = StepKey(**(vars(KEY) | {"parameters": KEY.parameters | {"n_estimators": [50, 99], "search": "halving"}}))
    with mlflow.start_run() as parent, journal(parent, key=grown) as told:
        tried = [{"n_estimators": 99, "max_depth": None}, CANDIDATES[1], {"n_estimators": 50, "max_depth": 50}]
        assert told.open(tried, None) == [{}, dict(enumerate(SCORES)), {}]
        assert told.open([CANDIDATES[1]], 100) == [{}], "scored on other rows"


def test_the_fits_of_a_search_that_was_killed_are_not_lost(client: mlflow.MlflowClient) -> None:
    with mlflow.start_run() as killed:
        told = journal(killed)
        told.__enter__()
        told.open(CANDIDATES, None)
        told.start(0)
        told.score(0, 1, SCORES[1])
        wait_until(lambda: below(client, killed) and history(client, below(client, killed)[0]), 10)
    (left,) = below(client, killed)
    client.set_terminated(left.info.run_id, "KILLED")
    with mlflow.start_run() as parent, journal(parent) as later:
        assert later.open(CANDIDATES, None) == [{1: SCORES[1]}, {}]
        later.start(0)
        later.score(0, 0, SCORES[0])
    (done,) = below(client, parent)
    assert history(client, done) == [(0, 0.5), (1, 0.75)]
    assert done.data.tags["grove.origin"] == left.info.run_id
    assert "1 of 2 folds were taken over from" in done.data.tags["mlflow.note.content"]
    (copy, _) = below(client, search())
    assert copy.data.tags["grove.origin"] == done.info.run_id, "which has both folds, as the killed one has not"


DIGEST = r'"digest": "[0-9a-f]+"'


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("0.75, 2.5", "0.875, 2.5"),  # a score
        ("2.5", "2.25"),  # seconds
        (r"\[0.5, 1.5, 0.25\](.*)\[0.75, 2.5, 0.75\]", r"[0.75, 2.5, 0.75]\1[0.5, 1.5, 0.25]"),  # the same mean
        ('"1": ', '"7": '),
        (DIGEST, '"digest": ""'),
        (f", {DIGEST}", ""),
        ("^.*$", "[]"),
        ("}$", ""),
    ],
)
def test_damaged_scores_are_not_taken_over(
    pattern: str, other: str, client: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = below(client, search())
    text = first.data.tags["grove.folds.0"]
    damaged = re.sub(pattern, other, text)
    assert damaged != text
    client.set_tag(first.info.run_id, "grove.folds.0", damaged)
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [{}, dict(enumerate(SCORES))]
    assert f"candidate {first.info.run_id} can't be taken over" in capsys.readouterr().err


def test_scores_of_another_candidate_are_not_taken_over(client: mlflow.MlflowClient) -> None:
    first, second = below(client, search())
    client.set_tag(first.info.run_id, "grove.candidate", "0" * 64)
    client.set_tag(second.info.run_id, "grove.candidate", first.data.tags["grove.candidate"])
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [{}, {}]


def test_refresh_takes_nothing_over_and_leaves_its_scores_to_others(client: mlflow.MlflowClient) -> None:
    search()
    better = [FoldScore(0.875, 1.0, 1.0)] * 2
    refreshed = search(better, take=False)
    assert [run.data.metrics["cv_accuracy"] for run in below(client, refreshed)] == [0.875, 0.875]
    assert all("grove.origin" not in run.data.tags for run in below(client, refreshed))
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [dict(enumerate(better))] * 2, "the newer one's"


def test_what_is_to_stay_apart_neither_takes_nor_gives(
    client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as apart:
        apart.setenv("GROVE_CACHE", "off")
        search()
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [{}, {}]
    search()
    monkeypatch.setenv("GROVE_CACHE", "off")
    with mlflow.start_run() as parent, journal(parent) as told:
        assert told.open(CANDIDATES, None) == [{}, {}]


def test_any_number_of_folds_is_logged_and_taken_over(
    client: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    score = FoldScore(1 / 3, 1 / 3, 1 / 3)
    with mlflow.start_run() as parent, journal(parent, n_folds=2000) as told:
        told.open(CANDIDATES[:1], None)
        told.start(0)
        for fold in range(2000):
            told.score(0, fold, score)
            if fold == 70:
                wait_until(lambda: below(client, parent) and history(client, below(client, parent)[0]), 10)
    (run,) = below(client, parent)
    assert history(client, run) == [(fold, 1 / 3) for fold in range(2000)]
    with mlflow.start_run() as later, journal(later, n_folds=2000) as told:
        assert told.open(CANDIDATES[:1], None) == [dict.fromkeys(range(2000), score)]
    assert capsys.readouterr().err == ""


def test_not_a_number_is_taken_over_too(client: mlflow.MlflowClient) -> None:
    search([FoldScore(float("nan"), 1.0, 1.0)] * 2)
    with mlflow.start_run() as parent, journal(parent) as told:
        (known, _) = told.open(CANDIDATES, None)
    assert json.dumps(known) == json.dumps({0: [float("nan"), 1.0, 1.0], 1: [float("nan"), 1.0, 1.0]})
