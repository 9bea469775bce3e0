"""No name, label or value that somebody chose runs code, leaves its folder, or commands a browser or a terminal."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import click
import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.entities import Run
from mlflow.projects._project_spec import load_project

from steps.registry.history import Record
from tests import tables
from tests.conftest import MLPROJECT, PROJECT, TRIVIAL, Result, children, stored
from tests.inference.models import register

CANARY = "something-ran"
NASTY = [
    f"$(touch {CANARY})`touch {CANARY}`",
    f"'; touch {CANARY}; '",
    f'" && touch {CANARY} #',
    f"x\ntouch {CANARY}\n",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></title><svg/onload=alert(1)>",
    "[x](javascript:alert(1)) ![y](http://evil.invalid/y.png)",
    "<javascript:alert(1)> javascript:alert(1)",
    "{{7*7}}{% raw %}{0}%s%n${x}",
    r"$\frac{a}{b}$ $\unknown{",
    "../../evil",
    "--output=x",
    "-",
    "=cmd|' /C calc'!A0",
    "\x1b]0;title\x07\x1b[2J\x9b31m",
    "\u202eevil\u2066",
    "עברית",
    "CON",
    "long " * 60,
]


def typed(entry_point: str, parameter: str, value: str, folder: Path) -> list[str]:
    """Return the words that the shell makes of MLproject's command, by running it with another `python`."""
    given = dict.fromkeys(MLPROJECT[entry_point]["parameters"], "1") | {parameter: value}
    command = load_project(str(PROJECT)).get_entry_point(entry_point).compute_command(given, None)
    program = folder / "python"
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    told = shlex.join([sys.executable, "-c", code])  # not after #!, where a path may have no space
    program.write_text(f'#!/bin/sh\nexec {told} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, check=True)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_every_parameter_reaches_its_step_as_it_was_typed(entry_point: str, tmp_path: Path) -> None:
    """All nasty texts in each parameter: the shell of `mlflow run` hands them on and does nothing else."""
    for parameter, about in MLPROJECT[entry_point]["parameters"].items():
        if about["type"] == "float":
            continue  # MLflow takes numbers alone
        value = "\n".join(NASTY)
        assert f"--{parameter}={value}" in typed(entry_point, parameter, value, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"python"}


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_reaches_its_step(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    folder = tmp_path_factory.mktemp("typed")
    assert f"--why={value}" in typed("rollback", "why", value, folder)


@pytest.mark.parametrize("entry_point", MLPROJECT)
def test_every_parameter_takes_a_text_as_it_is_or_refuses_it(entry_point: str) -> None:
    command = getattr(importlib.import_module(f"steps.{entry_point}"), entry_point)
    for option in command.params:
        for value in NASTY:
            try:
                found = option.process_value(click.Context(command), value)
            except (click.ClickException, ValueError) as error:
                assert str(error)
            else:
                assert isinstance(found, str | list | tuple | dict), f"{option.name}: {value!r} became {found!r}"


def nasty_table() -> pd.DataFrame:
    """Every nasty text is a column's name, a category or a class."""
    random = np.random.default_rng(0)
    columns = {name: random.normal(size=240) for name in NASTY[:-4]}
    columns["\n".join(NASTY[4:8])] = random.choice(NASTY[:12], 240)
    label = np.array(NASTY[4:8] + NASTY[13:17])[random.integers(0, 8, 240)]
    return pd.DataFrame({**columns, "\"'><b onmouseover=alert(1)>": label})


TARGET = "\"'><b onmouseover=alert(1)>"
FILE = "$(touch something-ran) <img src=x onerror=alert(1)>%s{0}.parquet"


class _Markup(HTMLParser):
    """The elements of a page with the names of their attributes, and the addresses that it leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[tuple[str, str]] = set()
        self.addresses: set[str] = set()
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.elements |= {(tag, name) for name, _ in attrs} or {(tag, "")}
        self.addresses |= {str(value) for name, value in attrs if name in ("href", "src")}


def check_page(path: Path) -> None:
    """A page of HTML has no element and no attribute that its template has not."""
    template = (PROJECT / "steps" / "report" / "page.html").read_text(encoding="utf-8")
    known = {*re.findall(r"<([a-z]+\d?)", template)}
    names = {"class", "id", "lang", "charset", "name", "content", "scope", "data-head", "href", "target", "rel", ""}
    names |= {"src", "alt", "width", "height", "aria-label"}
    found = _Markup(path.read_text(encoding="utf-8"))
    assert {tag for tag, _ in found.elements} <= known, path
    assert {name for _, name in found.elements} <= names, path
    assert found.scripts <= 1, path
    for address in found.addresses:
        assert re.match(r"#[\w-]+$|data:image/png;base64,|http://127\.0\.0\.1:\d+/#/experiments/\d+/runs/\w+$", address)


def check_shown(text: str) -> None:
    """A text holds nothing that a terminal or a browser obeys."""
    assert not set("\x1b\x07\x9b\u202e\u2066") & set(text)


def check_note(text: str) -> None:
    """A description has no markup of others': outside of code, what Markdown or HTML obeys is escaped."""
    check_shown(text)
    plain = re.sub(r"```.*?```|(?<!\\)`[\w…:/@.-]+`", "", text, flags=re.DOTALL).replace("\\\\", "")
    assert not re.search(r"<\w|(?<!\\)\]\((?!#/experiments/)|(?<!\\)!\[|(?<!\\)`", plain), text


@pytest.mark.browser
def test_a_table_all_of_whose_texts_are_nasty(
    mlflow_run: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    nasty_table().to_parquet(folder / FILE, index=False)
    around = {path.name for path in PROJECT.iterdir()}
    result = mlflow_run(PROJECT, data=FILE, target=TARGET, slices=NASTY[4], drop=NASTY[5], rope="0.02", **TRIVIAL)
    assert result.code == 0, result.out
    check_shown(result.out)
    runs = {"main": result.run, **children(client, result.run)}
    for name, run in runs.items():
        check_note(run.data.tags["mlflow.note.content"])
        for page in stored(client, run.info.run_id, "").rglob("*.html"):
            check_page(page)
        assert run.info.status == "FINISHED", name
    version = client.get_model_version("grove", "1")
    check_note(version.description)
    scored = mlflow_run(PROJECT, "score", data=FILE, model="models:/grove@champion", output="-scored.csv")
    assert scored.code == 0, scored.out
    check_shown(scored.out)
    check_page(stored(client, scored.run.info.run_id, "drift.html"))
    assert set(pd.read_csv(folder / "-scored.csv")["prediction"]) <= set(NASTY)
    assert {path.name for path in PROJECT.iterdir()} - around <= {".pytest_cache", "__pycache__"}
    assert not list(folder.parent.rglob(CANARY))
    assert not list(folder.parent.rglob("evil*"))
    client.rename_experiment("1", NASTY[5])
    assert heard_in_a_browser(client.tracking_uri, runs, list(folder.rglob("*.html"))) == []


def heard_in_a_browser(store: str, runs: dict[str, Run], pages: list[Path]) -> list[str]:
    """Return what scripts said and what was asked of others while MLflow showed the runs, and Chromium the pages."""
    spec = importlib.util.spec_from_file_location("screenshots", PROJECT / "docs" / "screenshots.py")
    screenshots = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screenshots)
    heard: list[str] = []
    with screenshots.served(store) as address, screenshots.browser_page() as page:
        page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: heard.append(request.url) if "//evil" in request.url else None)
        for name in ("main", "load", "evaluate"):
            screenshots.show_run(page, address, "1", runs[name].info.run_id)
            assert page.eval_on_selector_all("a", "all => all.every(one => !one.href.startsWith('javascript:'))")
        screenshots.show_report(page, address, "1", runs["evaluate"].info.run_id)
        screenshots.show_version(page, address, "grove", "1")
        for path in pages:
            page.goto(path.as_uri())
            page.mouse.move(300, 300)
    return heard


@pytest.mark.parametrize("data", [NASTY[0] + ".csv", "../../\x1b[2J\u202eevil.csv"])
def test_a_file_that_is_not_there_is_named_in_one_sentence(
    data: str, step: Callable[..., Result], folder: Path
) -> None:
    result = step("load", data=data, target="x")
    assert result.code == 1
    check_shown(result.out)
    check_note(result.note)
    assert "Traceback" not in result.out
    assert sum(line.startswith("Error: Got ") for line in result.out.splitlines()) == 1, result.out
    assert not list(folder.rglob(CANARY))


def test_what_colleagues_wrote_on_a_model_is_only_shown(
    step: Callable[..., Result], client: mlflow.MlflowClient
) -> None:
    """A history, tags and aliases that somebody wrote with other tools."""
    record = Record(1, "2026-01-01", NASTY[15], NASTY[4], NASTY[5], f"x\n2  2026  you\x1b[2J{NASTY[7]}", {}, "")
    moves = {NASTY[6]: ("1", NASTY[16])}
    client.create_registered_model("grove", {record.key: replace(record, moves=moves).to_tag()})
    run = client.create_run("1", run_name=NASTY[15])
    tags = {"grove.model": NASTY[5], "grove.run.x": NASTY[7], "grove.source.commit": NASTY[15] + NASTY[4]}
    tags |= {"grove.variant": "x", "grove.data.fingerprint": NASTY[16]}
    client.create_model_version("grove", f"{run.info.artifact_uri}/x", run.info.run_id, tags=tags)
    result = step("history", model_name="grove")
    check_shown(result.out)
    check_note(result.note)
    assert result.out.count("\n1  ") == 2, "a row for the record and one for the version, and no forged one"
    assert "\n2  " not in result.out


def test_score_runs_nothing_of_a_model_that_somebody_spoiled(
    step: Callable[..., Result], client: mlflow.MlflowClient, folder: Path
) -> None:
    uri = register(client, tables.all_categorical(), "label", folder)
    tables.all_categorical(20).to_csv(folder / "new.csv", index=False)
    (model,) = folder.glob("artifacts/models/*/artifacts")
    (model / "model.skops").write_bytes(b"cos\nsystem\n(S'touch something-ran'\ntR.")  # what pickle would run
    about = (model / "MLmodel").read_text(encoding="utf-8")
    about = about.replace("serialization_format: skops", "serialization_format: pickle")
    (model / "MLmodel").write_text(about.replace("loader_module: mlflow.sklearn", "loader_module: os"), "utf-8")
    for module in ("skops", "grove_model", "os"):
        (model / "code" / f"{module}.py").write_text(f"open({str(folder / CANARY)!r}, 'w')", encoding="utf-8")
    result = step("score", data=str(folder / "new.csv"), model=uri, output=str(folder / "scored.csv"))
    assert result.code == 1
    assert f"Error: Got the model {uri} saved as 'pickle' in 'model.skops', expected skops" in result.out
    assert "Traceback" not in result.out
    assert not (folder / "scored.csv").exists()
    assert not [path for place in (folder.parent, PROJECT) for path in place.rglob(CANARY)]
