from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from steps.forest.options import SEARCH_OPTIONS
from steps.lineage.options import options
from steps.registry.options import GATE_OPTIONS
from steps.table.options import TABLE_OPTIONS
from tests.conftest import MLPROJECT

TYPES = TABLE_OPTIONS | SEARCH_OPTIONS | GATE_OPTIONS


def test_options_are_required_and_their_errors_name_them() -> None:
    @click.command()
    @options("max_depth", "cv", types=TYPES)
    def command(max_depth: tuple[int | None, ...], cv: int) -> None:
        click.echo(f"{max_depth} {cv}")

    assert [parameter.name for parameter in command.params] == ["max_depth", "cv"]
    run = CliRunner().invoke
    assert run(command, ["--max_depth=none,2", "--cv=5"]).output == "(None, 2) 5\n"
    missing, wrong = run(command, ["--max_depth=2"]), run(command, ["--max_depth=²", "--cv=5"])
    assert (missing.exit_code, wrong.exit_code) == (2, 2)
    assert "Missing option '--cv'" in missing.output
    assert "Invalid value for '--max_depth': Got '²', expected none or whole numbers" in wrong.output


BAD = {
    "format": "xlsx",
    "delimiter": "<>",
    "encoding": "utf-9",
    "max_categories": "1",
    "test_size": "1",
    "min_class_rows": "0",
    "rare_classes": "forget",
    "duplicates": "Keep",
    "sample_rows": "-1",
    "n_estimators": "0",
    "max_features": "1.5",
    "max_depth": "",
    "min_samples_leaf": "1.0",
    "n_clusters": "8,1",
    "cluster_features": "distance",
    "scoring": "r2",
    "search": "random",
    "cv": "1",
    "seed": "-1",
    "n_jobs": "0",
    "compute": "localhost:8786",
    "model_name": "a/b",
    "min_score": "high",
    "thresholds": "accuracy>0.7",
    "min_class_recall": "nan",
    "min_slice_score": "inf",
    "allow_schema_change": "perhaps",
}


def test_every_type_has_a_bad_value_here() -> None:
    assert set(BAD) == set(TYPES)


def test_every_type_is_of_a_parameter() -> None:
    assert set(TYPES) <= set(MLPROJECT["main"]["parameters"])


@pytest.mark.parametrize(("name", "bad"), BAD.items())
@pytest.mark.parametrize("as_typed", [True, False])
def test_bad_values_are_refused_by_the_step_and_by_main(name: str, bad: str, as_typed: bool) -> None:
    @click.command()
    @options(name, types=TYPES, as_typed=as_typed)
    def command(**values: object) -> None:
        raise AssertionError(values)

    result = CliRunner().invoke(command, [f"--{name}={bad}"])
    assert result.exit_code == 2
    assert name in result.output
    # The others are click's own, for a choice and for true or false.
    assert any(words in result.output for words in ("expected", "is not one of", "not a valid boolean"))


@pytest.mark.parametrize("name", ["cv", "seed", "max_categories", "min_class_rows", "test_size", "n_jobs"])
@pytest.mark.parametrize("bad", ["abc", "", "1.5.1"])
def test_what_is_no_number_is_named_with_what_is_expected(name: str, bad: str) -> None:
    with pytest.raises(click.BadParameter, match=f"^Got '{bad}', expected a "):
        TYPES[name].convert(bad, None, None)


@pytest.mark.parametrize("name", TYPES)
def test_main_hands_values_on_as_they_were_typed(name: str) -> None:
    default = str(MLPROJECT["main"]["parameters"][name]["default"])

    @click.command()
    @options(name, types=TYPES, as_typed=True)
    def command(**values: str) -> None:
        assert values == {name: default}

    assert CliRunner().invoke(command, [f"--{name}={default}"], catch_exceptions=False).exit_code == 0


@pytest.mark.parametrize("delimiter", ["auto", "tab", ";"])
def test_delimiters(delimiter: str) -> None:
    assert TYPES["delimiter"].convert(delimiter, None, None) == delimiter
