from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from steps.inference.model import TrainedModel
from steps.inference.observed import Observed
from steps.inference.summary import content_of
from tests import tables
from tests.inference.models import arrow, model_of, scorer_of


def observed(model: TrainedModel, frame: pd.DataFrame, size: int = 70) -> dict:
    table = arrow(frame)
    scorer, found = scorer_of(model, table), Observed(model)
    for start in range(0, len(frame), size):
        found.add(scorer.score(table.slice(start, size), start + 1))
    about = {"model": "models:/m@champion", "source": "new.csv", "output": "out.csv"}
    return content_of(found, **about, has_profile=model.profile is not None)


def test_the_training_rows_themselves_do_not_drift() -> None:
    frame = tables.all_categorical()
    content = observed(model_of("all_categorical"), frame)
    assert [column["psi"] for column in content["columns"]] == [0, 0]
    assert {column["name"]: column["missing_before"] for column in content["columns"]} == {
        column["name"]: column["missing"] for column in content["columns"]
    }
    assert content["sentence"].startswith("Drift from the training rows: none in 2 columns. Predicted classes: none")
    assert content["notes"] == []
    assert content["labelled"] == content["rows"] == 300
    shares = frame["label"].value_counts(normalize=True)
    for share in content["classes"]["shares"]:
        assert share["before"] == pytest.approx(shares[share["name"]])


def test_what_changed_comes_first_and_is_said() -> None:
    frame = tables.all_categorical().assign(shape="square")
    frame.loc[:9, "label"] = None
    frame.loc[10:12, "label"] = "mauve"
    content = observed(model_of("all_categorical"), frame)
    assert [column["name"] for column in content["columns"]] == ["shape", "colour"]
    assert content["columns"][0]["level"] == "large"
    assert content["columns"][0]["unknown"] == 1
    assert "large in shape (PSI " in content["sentence"]
    assert content["notes"] == [
        "Column 'shape': none of its values occurred in training; is it the right one, and written as then?",
        "The metrics leave out 10 rows without a label.",
        "The metrics leave out 3 rows with a label that the model does not know: 'mauve' (3).",
    ]
    assert content["labelled"] == 287


def test_the_size_of_the_batches_shows_nowhere() -> None:
    frame = tables.dates().sample(50, random_state=0)
    one, other = (observed(model_of("dates"), frame, size) for size in (7, 50))
    for name, value in one.pop("metrics").items():
        assert other["metrics"][name] == pytest.approx(value, rel=1e-12)
    other.pop("metrics")
    assert one == other


def test_without_a_profile_nothing_is_told_of_drift() -> None:
    model = replace(model_of("all_categorical"), profile=None)
    content = observed(model, tables.all_categorical().assign(colour="blue"))
    assert content["sentence"].startswith(
        "The model took no profile of its training rows along, so no drift can be told"
    )
    assert {column["level"] for column in content["columns"]} == {"unknown"}
    assert {column["name"]: column["unknown"] for column in content["columns"]} == {"colour": 1, "shape": 0}
    assert content["classes"]["psi"] is None


def test_no_rows() -> None:
    content = observed(model_of("all_categorical"), tables.all_categorical().head(0).astype("str"))
    assert content["sentence"] == "There are no rows, so no drift can be told."
    assert content["metrics"] == {}
    assert content["columns"][0]["missing"] is None
