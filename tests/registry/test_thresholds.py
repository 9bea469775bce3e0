from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.forest.metrics import holdout_metrics
from steps.registry.thresholds import METRICS, Threshold, check_metrics, parse_thresholds


def test_a_comma_list() -> None:
    found = parse_thresholds(" accuracy >= 0.7,log_loss<=1.2 ,")
    assert found == [Threshold("accuracy", 0.7), Threshold("log_loss", 1.2)]
    assert [str(each) for each in found] == ["accuracy>=0.7", "log_loss<=1.2"]
    assert parse_thresholds("") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy", "expected a comma list such as accuracy>=0.7,log_loss<=1.2: quote it"),
        ("accuracy>0.7", "expected a comma list"),
        ("accuracy>=high", "expected a comma list"),
        ("accuracy>=nan", "expected a comma list"),
        ("accuracy<=0.7", "expected accuracy>=0.7: more is better"),
        ("log_loss>=1", "expected log_loss<=1: less is better"),
        ("accuracy>=0.7,accuracy>=0.8", "Got accuracy twice"),
    ],
)
def test_what_is_no_threshold(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^Got ") as error:
        parse_thresholds(text)
    assert said in str(error.value)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_score_must_be_at_least_and_a_loss_at_most(value: float, least: float) -> None:
    assert Threshold("accuracy", least).is_met({"accuracy": value}) == (value >= least)
    assert Threshold("log_loss", least).is_met({"log_loss": value}) == (value <= least)


def test_a_metric_without_a_value_meets_nothing() -> None:
    assert not Threshold("accuracy", 0.0).is_met({"accuracy": None})
    assert not Threshold("accuracy", 0.0).is_met({})


def test_the_metrics_are_those_of_a_verdict() -> None:
    found = holdout_metrics(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ["a", "b"])
    assert set(found) == set(METRICS)
    check_metrics([Threshold(metric, 0.0) for metric in (*METRICS, "f1_weighted")], "f1_weighted")
    with pytest.raises(ValueError, match=r"^Got f1_weighted>=0 in thresholds, expected one of the metrics accuracy, "):
        check_metrics([Threshold("f1_weighted", 0.0)], "accuracy")
