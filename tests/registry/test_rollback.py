"""Moving the champion back."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from steps.registry.history import read_history
from tests.registry.chains import make_split, run_step, table, train, verdict_on, write_verdict


def champions(registry: mlflow.MlflowClient, name: str, *models: str) -> None:
    """Make the models champions, one after the other."""
    for model in models:
        run_step("register", verdict=verdict_on(model), model_name=name, rope="1", allow_schema_change="true")


def aliases(registry: mlflow.MlflowClient, name: str) -> dict[str, str]:
    return {alias: str(version) for alias, version in registry.get_registered_model(name).aliases.items()}


def test_one_step_back_and_another_one(
    registry: mlflow.MlflowClient, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    champions(registry, name, "poor", "good", "equal")
    run = run_step("rollback", model_name=name, why="complaints from the ward")
    assert aliases(registry, name) == {"champion": "2", "previous": "3"}
    assert "version 2 is the champion of " in capsys.readouterr().out
    record = read_history(registry.get_registered_model(name)).records[-1]
    assert (record.step, record.run, record.who, record.why) == (
        "rollback",
        run.info.run_id,
        "ann",
        "complaints from the ward",
    )
    assert record.moves["champion"] == ("3", "2")
    run_step("rollback", model_name=name, why="still")
    assert aliases(registry, name) == {"champion": "1", "previous": "2"}, "further back, not to and fro"
    with pytest.raises(ValueError, match=r"with no champion before 1; .* add -P to=<version>"):
        run_step("rollback", model_name=name, why="once more")
    run_step("rollback", model_name=name, to="3", why="it was right")
    assert aliases(registry, name) == {"champion": "3", "previous": "1"}
    assert not read_history(registry.get_registered_model(name)).faults


def test_what_is_no_version_to_go_back_to(registry: mlflow.MlflowClient, name: str, tmp_path: Path) -> None:
    champions(registry, name, "poor", "good")
    registry.create_model_version(name, source=tmp_path.as_uri())
    before = registry.get_registered_model(name)
    for given, said in (
        ({"to": "2"}, "Got to=2, which is the champion of "),
        ({"to": "9"}, "Got version 9 of .*, which does not exist or was deleted; expected one of 1, 2, 3"),
        ({"to": "3"}, "which Grove did not register"),
    ):
        with pytest.raises(ValueError, match=said):
            run_step("rollback", model_name=name, why="x", **given)
    registry.delete_model_version(name, "1")
    with pytest.raises(ValueError, match=r"Got version 1 of .*, which does not exist or was deleted"):
        run_step("rollback", model_name=name, why="x")
    after = registry.get_registered_model(name)
    assert after.tags == before.tags
    assert aliases(registry, name) == {"champion": "2"}, "previous went with its version"


@pytest.mark.parametrize("spoil", ["deleted", "damaged"])
def test_a_model_that_does_not_load_as_it_was_trained_is_not_gone_back_to(
    spoil: str, registry: mlflow.MlflowClient, name: str
) -> None:
    split = make_split(table("plain"))
    run_step("register", verdict=write_verdict(split, train(split)), model_name=name)
    champions(registry, name, "good")
    uri = registry.get_model_version(name, "1").tags["grove.model"]
    folder = Path(local_file_uri_to_path(registry.get_logged_model(uri.removeprefix("models:/")).artifact_location))
    file = folder / "model.skops"
    file.unlink() if spoil == "deleted" else file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(
        ValueError, match=r"^Got version 1 of .*, expected one whose model loads as it was trained\. [NG]o"
    ):
        run_step("rollback", model_name=name, why="x")
    assert aliases(registry, name) == {"champion": "2", "previous": "1"}


def test_a_changed_history_does_not_tell_where_to_go_but_a_version_does(
    registry: mlflow.MlflowClient, name: str
) -> None:
    champions(registry, name, "poor", "good")
    registry.delete_registered_model_tag(name, "grove.history.000001")
    with pytest.raises(
        ValueError, match=r"record 1 is missing, so it can't tell the champion before; .* -P to=<version>"
    ):
        run_step("rollback", model_name=name, why="x")
    run_step("rollback", model_name=name, to="1", why="x")
    assert aliases(registry, name) == {"champion": "1", "previous": "2"}


def test_a_champion_that_was_taken_away_is_brought_back(registry: mlflow.MlflowClient, name: str) -> None:
    champions(registry, name, "poor", "good")
    registry.delete_registered_model_alias(name, "champion")
    run_step("rollback", model_name=name, why="somebody took it away")
    assert aliases(registry, name)["champion"] == "2"
