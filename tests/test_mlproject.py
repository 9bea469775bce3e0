"""MLproject, the click options and the layout say the same."""

from __future__ import annotations

import importlib
import re

import click
import pytest
from mlflow.projects._project_spec import load_project

from steps.main import OWN_OPTIONS
from tests.conftest import MLPROJECT, PROJECT

# MLflow has one type for all numbers.
NUMBERS = (click.IntRange, click.FloatRange, type(click.INT))


def options(entry_point: str) -> dict[str, click.Option]:
    command = getattr(importlib.import_module(f"steps.{entry_point}"), entry_point)
    return {option.name: option for option in command.params}


def test_files_in_steps_are_the_entry_points() -> None:
    assert {path.stem for path in (PROJECT / "steps").glob("*.py")} == set(MLPROJECT)


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_click_and_mlproject_name_the_same_parameters(entry_point: str) -> None:
    assert set(options(entry_point)) == set(MLPROJECT[entry_point]["parameters"])


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_defaults_live_in_mlproject_alone(entry_point: str) -> None:
    for option in options(entry_point).values():
        assert option.required, option.name
        assert not option.to_info_dict()["default"], option.name


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_command_passes_every_parameter_safely(entry_point: str) -> None:
    module, *arguments = MLPROJECT[entry_point]["command"].split()[2:]
    assert module == f"steps.{entry_point}"
    assert arguments == [f"--{name}={{{name}}}" for name in MLPROJECT[entry_point]["parameters"]]


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_defaults_are_accepted(entry_point: str) -> None:
    context = click.Context(click.Command(entry_point))
    for name, option in options(entry_point).items():
        about = MLPROJECT[entry_point]["parameters"][name]
        if "default" in about:
            option.process_value(context, str(about["default"]))


@pytest.mark.parametrize("entry_point", sorted(set(MLPROJECT) - {"main"}))
def test_numbers_are_numbers_in_both(entry_point: str) -> None:
    for name, option in options(entry_point).items():
        is_number = MLPROJECT[entry_point]["parameters"][name]["type"] == "float"
        assert isinstance(option.type, NUMBERS) == is_number, name


def test_main_repeats_the_steps_values() -> None:
    for name in set(MLPROJECT["main"]["parameters"]) - set(OWN_OPTIONS):
        about = MLPROJECT["main"]["parameters"][name]
        assert any(entry["parameters"].get(name) == about for step, entry in MLPROJECT.items() if step != "main"), name


def test_every_default_is_written_once() -> None:
    text = (PROJECT / "MLproject").read_text(encoding="utf-8")
    (main,) = re.findall(r"^  main:\n(?:(?:    .*)?\n)*", text, re.MULTILINE)
    assert re.findall(r"^ +(\w+): .*default", main, re.MULTILINE) == list(OWN_OPTIONS)


def test_mlflow_reads_the_project() -> None:
    project = load_project(str(PROJECT))
    assert project.name == "grove"
    assert project.env_config_path == str(PROJECT / "conda.yaml")
    command = project.get_entry_point("load").compute_command({"data": "$(rm -rf x) '; a\nb"}, None)
    assert """--data='$(rm -rf x) '"'"'; a\nb' --target=species_id""" in command
