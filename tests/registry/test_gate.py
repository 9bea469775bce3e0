"""The gate: who becomes the champion, who does not, and what is said of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.utils.file_utils import local_file_uri_to_path

from steps.lineage.artifacts import fetch
from steps.registry.comparison import Comparison, predict
from steps.registry.gate import is_worse
from steps.registry.history import read_history
from steps.registry.trained import read_trained
from steps.registry.versions import check_champion
from tests.registry.chains import make_split, run_step, split_of, table, train, verdict_on, write_verdict


def register(name: str, model: str = "good", **given: str) -> Run:
    return run_step("register", verdict=verdict_on(model), model_name=name, **given)


def aliases(registry: mlflow.MlflowClient, name: str) -> dict[str, str]:
    return {alias: str(version) for alias, version in registry.get_registered_model(name).aliases.items()}


def gate(registry: mlflow.MlflowClient, name: str, version: str) -> dict[str, str]:
    """Return the gate's tags of a version."""
    tags = registry.get_model_version(name, version).tags
    return {tag.removeprefix("grove.gate").lstrip("."): value for tag, value in tags.items() if "grove.gate" in tag}


def refusal(run: Run) -> str:
    """Return why the run did not promote what it registered."""
    assert run.info.status == "FINISHED", "not passing is no error"
    assert run.data.tags["grove.model_alias"] == "challenger"
    assert "was not promoted" in run.data.tags["mlflow.note.content"]
    return run.data.tags["grove.not_promoted"]


def model_folder(registry: mlflow.MlflowClient, name: str, version: str) -> Path:
    model = registry.get_model_version(name, version).tags["grove.model"]
    return Path(local_file_uri_to_path(registry.get_logged_model(model.removeprefix("models:/")).artifact_location))


def test_the_first_model_needs_only_the_thresholds(registry: mlflow.MlflowClient, name: str) -> None:
    said = refusal(register(name, min_score="0.99"))
    assert said.startswith("balanced_accuracy 0.") and said.endswith(" misses balanced_accuracy>=0.99")
    assert aliases(registry, name) == {"challenger": "1"}
    assert gate(registry, name, "1")[""] == "not passed"
    assert gate(registry, name, "1")["min_score"] == f"failed: {said}"
    assert "misses balanced\\_accuracy&gt;=0.99" in registry.get_model_version(name, "1").description

    run = register(name, min_score="0.5", thresholds="accuracy>=0.5, log_loss<=2")
    assert aliases(registry, name) == {"champion": "1"}, "a challenger no more"
    assert "grove.not_promoted" not in run.data.tags
    found = gate(registry, name, "1")
    assert found[""] == "passed"
    assert found["min_score"].startswith("passed: balanced_accuracy 0.")
    assert "meets accuracy>=0.5, log_loss 0." in found["thresholds"]
    assert found["champion"] == found["schema"] == "not asked: there was no champion"


@pytest.mark.parametrize(
    ("given", "failed"),
    [
        ({"min_score": "0.99"}, "min_score"),
        ({"thresholds": "accuracy>=0.2,log_loss<=0.01"}, "thresholds"),
        ({"thresholds": "accuracy>=0.999"}, "thresholds"),
    ],
)
def test_a_threshold_that_is_missed_keeps_the_champion(
    given: dict[str, str], failed: str, registry: mlflow.MlflowClient, name: str
) -> None:
    register(name, "poor")
    refusal(register(name, "good", **given))
    assert aliases(registry, name) == {"champion": "1", "challenger": "2"}
    found = gate(registry, name, "2")
    assert [check for check, said in found.items() if said.startswith("failed")] == [failed]


def test_a_better_model_becomes_the_champion(registry: mlflow.MlflowClient, name: str) -> None:
    register(name, "poor")
    register(name, "good")
    assert aliases(registry, name) == {"champion": "2", "previous": "1"}
    version = registry.get_model_version(name, "2")
    said = version.tags["grove.gate.champion"]
    assert said.startswith("passed: balanced_accuracy 0.") and " of version 1 on the same 71 holdout rows: " in said
    assert ", 95 % interval +" in said and said.endswith(" not worse by more than rope=0.01")
    assert float(version.tags["grove.holdout.balanced_accuracy"]) == pytest.approx(figure(said), abs=6e-5)
    assert said.partition(": ")[2] in version.description.replace("\\", "")
    assert version.tags["grove.gate.schema"] == "passed: callers of version 1 need change nothing"


def figure(said: str) -> float:
    return float(said.partition("balanced_accuracy ")[2].split()[0])


def test_an_equal_model_becomes_the_champion_and_the_same_one_moves_nothing(
    registry: mlflow.MlflowClient, name: str
) -> None:
    register(name, "good")
    register(name, "equal")
    assert aliases(registry, name) == {"champion": "2", "previous": "1"}
    said = registry.get_model_version(name, "2").tags["grove.gate.champion"]
    assert "difference +0.0000, 95 % interval +0.0000 to +0.0000, not worse by more than rope=0.01" in said

    before = registry.get_registered_model(name), registry.get_model_version(name, "2")
    again = register(name, "equal", min_score="0.99")
    assert again.data.tags["grove.model_alias"] == "champion"
    assert "would not pass today: balanced\\_accuracy" in again.data.tags["mlflow.note.content"]
    assert (registry.get_registered_model(name).tags, aliases(registry, name)) == (
        before[0].tags,
        {"champion": "2", "previous": "1"},
    )
    assert registry.get_model_version(name, "2").tags == before[1].tags, "its evidence is that of its promotion"


def test_a_worse_model_does_not(registry: mlflow.MlflowClient, name: str) -> None:
    register(name, "good")
    said = refusal(register(name, "poor"))
    assert "difference -0." in said and said.endswith("which is worse by more than rope=0.01")
    assert aliases(registry, name) == {"champion": "1", "challenger": "2"}
    assert len(read_history(registry.get_registered_model(name)).records) == 2

    refusal(register(name, "poor"))
    assert len(read_history(registry.get_registered_model(name)).records) == 2, "a challenger already"

    register(name, "poor", rope="1")
    assert aliases(registry, name) == {"champion": "2", "previous": "1"}
    assert gate(registry, name, "2")[""] == "passed", "the evidence is the newest"


@pytest.mark.parametrize(
    ("difference", "interval", "worse"),
    [
        (0.0, (-0.3, 0.3), False),
        (-0.01, (-0.3, 0.3), False),
        (-0.02, (-0.3, 0.3), True),
        (-0.005, (-0.5, -0.02), True),
        (0.2, None, False),
        (None, None, True),
    ],
)
def test_worse_is_lower_by_more_than_rope(
    difference: float | None, interval: tuple[float, float] | None, worse: bool
) -> None:
    new = None if difference is None else 0.5 + difference
    assert is_worse(Comparison("accuracy", new, 0.5, interval, 10, 0), 0.01) == worse


@pytest.mark.parametrize(
    ("champion", "model", "said"),
    [
        ("good", "wider", "it needs the column 'e'"),
        ("good", "three classes", "it has the class 'unknown'"),
        ("three classes", "good", "it lacks the class 'unknown'"),
    ],
)
def test_a_changed_schema_is_refused_unless_allowed_and_compared_in_any_case(
    champion: str, model: str, said: str, registry: mlflow.MlflowClient, name: str
) -> None:
    register(name, champion)
    refused = refusal(register(name, model, rope="1"))
    assert refused.startswith(f"callers of version 1 would have to change something, as {said}")
    assert gate(registry, name, "2")["champion"].startswith("passed: balanced_accuracy ")
    assert aliases(registry, name) == {"champion": "1", "challenger": "2"}
    register(name, model, rope="1", allow_schema_change="true")
    assert aliases(registry, name)["champion"] == "2"
    assert said in gate(registry, name, "2")["schema"]


def test_a_champion_that_cannot_be_asked_is_said_so(registry: mlflow.MlflowClient, name: str) -> None:
    register(name, "good")
    refused = refusal(register(name, "narrower"))
    assert refused == (
        "version 1 can't be asked about today's rows, as they lack the column 'd'; allow_schema_change=true lets the "
        "thresholds alone decide"
    )
    assert aliases(registry, name) == {"champion": "1", "challenger": "2"}
    refusal(register(name, "narrower", allow_schema_change="true", min_score="0.999"))
    register(name, "narrower", allow_schema_change="true")
    assert aliases(registry, name)["champion"] == "2"
    assert "that stops nothing" in gate(registry, name, "2")["champion"]


def test_a_model_of_another_target_is_no_successor(registry: mlflow.MlflowClient, name: str) -> None:
    register(name, "poor")
    registry.set_model_version_tag(name, "1", "grove.target", "colour")
    assert "it predicts 'label', not 'colour'" in refusal(register(name, "good"))


def test_a_column_that_is_needed_no_more_changes_nothing_for_callers(registry: mlflow.MlflowClient, name: str) -> None:
    register(name, "wider")
    refusal(register(name, "good"))
    assert gate(registry, name, "2")["schema"] == "passed: callers of version 1 need change nothing"
    model = mlflow.pyfunc.load_model(registry.get_model_version(name, "2").tags["grove.model"])
    rows = mlflow.artifacts.download_artifacts(f"{split_of('wider')}/test.parquet")
    assert len(model.predict(pd.read_parquet(rows).head(3))) == 3, "extra columns are left out"


def test_a_champion_that_may_have_seen_the_holdout_is_favoured_and_that_is_said(
    registry: mlflow.MlflowClient, name: str
) -> None:
    register(name, "other seed", rope="1")
    register(name, "good", rope="1")
    said = gate(registry, name, "2")["champion"]
    seen = int(said.partition("; ")[2].split()[0])
    assert 30 < seen < 71, "about four fifths of them"
    assert said.endswith("equal rows that version 1 was trained on, which favours it: keep seed and test_size")


def fresh(split: str = "plain") -> str:
    """Return the URI of a verdict on a model of its own, which a test may spoil."""
    return write_verdict(split_of(split), train(split_of(split)))


SPOILERS = {
    "its files deleted": shutil.rmtree,
    "its file damaged": lambda folder: (folder / "model.skops").write_bytes(b"PK"),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_champion_that_is_gone_or_changed_promotes_nothing_silently(
    spoiler: str, registry: mlflow.MlflowClient, name: str
) -> None:
    run_step("register", verdict=fresh(), model_name=name)
    SPOILERS[spoiler](model_folder(registry, name, "1"))
    refused = refusal(register(name, "good"))
    assert "version 1 can't be " in refused
    assert "delete the alias champion: then the thresholds alone decide" in refused
    assert aliases(registry, name) == {"champion": "1", "challenger": "2"}
    registry.delete_registered_model_alias(name, "champion")
    register(name, "good")
    assert aliases(registry, name) == {"champion": "2"}


def test_a_champion_that_grove_did_not_register(registry: mlflow.MlflowClient, name: str, tmp_path: Path) -> None:
    registry.create_registered_model(name)
    registry.create_model_version(name, source=tmp_path.as_uri())
    registry.set_registered_model_alias(name, "champion", "1")
    assert "which Grove did not register" in refusal(register(name, "good", allow_schema_change="true"))


def test_a_champion_version_that_was_deleted_leaves_the_place_to_the_next(
    registry: mlflow.MlflowClient, name: str
) -> None:
    register(name, "good")
    registry.delete_model_version(name, "1")
    register(name, "poor")
    assert aliases(registry, name) == {"champion": "2"}


def test_gone_training_rows_leave_it_open_what_the_champion_has_seen(registry: mlflow.MlflowClient, name: str) -> None:
    split = make_split(table("plain"))
    run_step("register", verdict=write_verdict(split, train(split)), model_name=name)
    place = Path(local_file_uri_to_path(registry.get_run(split.split("/")[1]).info.artifact_uri))
    (place / "split" / "train.parquet").unlink()
    register(name, "good", rope="1")
    assert "can't be told, as its training rows are gone" in gate(registry, name, "2")["champion"]


SLICES = [
    {"column": "city", "value": "Gdańsk", "rows": 90, "scores": {"train_rf": 0.9}},
    {"column": "city", "value": "Łódź", "rows": 32, "scores": {"train_rf": 0.4}},
    {"column": "city", "value": "Bonn", "rows": 31, "scores": {"train_rf": None}},
]
CLASSES = [
    {"column": "label", "value": "sick", "rows": 30, "scores": {"train_rf": 0.5}},
    {"column": "label", "value": "rare", "rows": 29, "scores": {"train_rf": 0.0}},
]


def slices_verdict(**more: object) -> str:
    folder = mlflow.artifacts.download_artifacts(verdict_on("good"))
    about = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return write_verdict(split_of("plain"), about["apart"]["model_uris"]["train_rf"], **more)


def test_the_lowest_slice_must_reach_the_floor(registry: mlflow.MlflowClient, name: str) -> None:
    verdict = slices_verdict(slices=SLICES)
    said = refusal(run_step("register", verdict=verdict, model_name=name, min_slice_score="0.5"))
    assert said == (
        "the lowest of 2 slices with at least 30 rows, city=Łódź with 0.4000 on 32 rows, misses min_slice_score>=0.5"
    )
    run_step("register", verdict=verdict, model_name=name, min_slice_score="0.4")
    assert aliases(registry, name) == {"champion": "1"}
    empty = slices_verdict(slices=[])
    said = refusal(run_step("register", verdict=empty, model_name=f"{name} 2", min_slice_score="0"))
    assert said == "none of 0 slices with at least 30 rows has a score, min_slice_score=0 asks for one"


def test_the_lowest_recall_must_reach_the_floor_and_classes_with_few_rows_do_not_count(
    registry: mlflow.MlflowClient, name: str
) -> None:
    verdict = slices_verdict(classes=CLASSES, slices=SLICES)
    said = refusal(run_step("register", verdict=verdict, model_name=name, min_class_recall="0.6"))
    assert said == (
        "the lowest of 1 classes with at least 30 rows, label=sick with 0.5000 on 30 rows, misses min_class_recall>=0.6"
    )
    run_step("register", verdict=verdict, model_name=name, min_class_recall="0.5")
    assert aliases(registry, name) == {"champion": "1"}


def test_slices_of_an_older_verdict_and_unknown_metrics_register_nothing(
    registry: mlflow.MlflowClient, name: str
) -> None:
    with pytest.raises(ValueError, match=r"^Got min_slice_score=0.5 and a verdict without slices, .* run evaluate"):
        register(name, min_slice_score="0.5")
    with pytest.raises(ValueError, match=r"^Got f1_weighted>=0.5 in thresholds, expected one of .*log_loss"):
        register(name, thresholds="f1_weighted>=0.5")
    assert not registry.search_registered_models(f"name = '{name}'")


def test_the_way_leads_from_the_version_to_what_it_came_from_and_back(
    registry: mlflow.MlflowClient, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = register(name, "good", tags={"mlflow.parentRunId": registry.create_run("1").info.run_id})
    tags = registry.get_model_version(name, "1").tags
    for step in ("load", "preprocess", "train_rf", "evaluate", "register", "main"):
        assert registry.get_run(tags[f"grove.run.{step}"]).info.run_id
    assert tags["grove.run.register"] == run.info.run_id
    trained = registry.get_run(tags["grove.run.train_rf"]).data.tags
    assert tags["grove.data.fingerprint"] == trained["grove.data.fingerprint"]
    register(name, "wider", rope="1", allow_schema_change="true")
    for origin in (tags["grove.run.train_rf"], tags["grove.run.main"], tags["grove.data.fingerprint"]):
        capsys.readouterr()
        run_step("history", model_name=name, of=origin)
        said = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in said if line] == ["version", "1"]
    (found,) = registry.search_model_versions(
        f"tags.`grove.run.train_rf` = '{tags['grove.run.train_rf']}' and name = '{name}'"
    )
    assert str(found.version) == "1", "and MLflow's own search knows the tags"
    with pytest.raises(ValueError, match=r"^Got of=none of these, from which no version of "):
        run_step("history", model_name=name, of="none of these")


def test_main_takes_what_it_registered_only_while_that_is_the_champion(
    registry: mlflow.MlflowClient, name: str
) -> None:
    promoted, refused = register(name, "good"), register(name, "poor")
    models = [registry.get_model_version(name, version).tags["grove.model"] for version in "12"]
    check_champion(promoted, models)
    with pytest.raises(ValueError, match="made of another model"):
        check_champion(promoted, models[1:])
    with pytest.raises(ValueError, match="was not promoted; the gate may decide otherwise now"):
        check_champion(refused, models)
    register(name, "poor", rope="1")
    with pytest.raises(ValueError, match=r"^Got version 2 as the champion of .*, expected version 1\.$"):
        check_champion(promoted, models)
    registry.delete_registered_model_alias(name, "champion")
    with pytest.raises(ValueError, match=r"^Got no champion of "):
        check_champion(promoted, models)


def test_probabilities_are_aligned_by_label(registry: mlflow.MlflowClient) -> None:
    folder = mlflow.artifacts.download_artifacts(verdict_on("good"))
    model = read_trained(fetch(folder, "verdict").apart["model_uris"]["train_rf"], "label")
    rows = pd.read_parquet(mlflow.artifacts.download_artifacts(f"{split_of('plain')}/test.parquet"))
    classes = np.array(["a", "sick", "unknown", "well"])
    found = predict(model, rows, classes)
    assert (found[:, [0, 2]] == 0).all()
    np.testing.assert_array_equal(found[:, [1, 3]], model.load().predict_proba(rows[list(model.features)]))
