"""describe when an LLM, or what stands between, is in trouble or means no good."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion

from steps.report import markdown
from tests.described import SCRIPT, Describe, card_of, draft, tags_of, truthful
from tests.llm_server import LLMServer, completion, failure

# MLflow's digest of what it evaluates.
pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments of all")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"endpoint": "empty"}, "Got an empty answer from empty, expected text"),
        ({"endpoint": "nope"}, "Got the endpoint nope, which the gateway http://127.0.0.1:"),
        ({"endpoint": "one", "gateway": "http://127.0.0.1:9"}, "Got no answer from http://127.0.0.1:9"),
    ],
)
def test_without_an_answer_the_card_says_why(
    given: dict[str, str],
    why: str,
    describe: Describe,
    version: ModelVersion,
    registry: mlflow.MlflowClient,
    capsys: pytest.CaptureFixture,
) -> None:
    capsys.readouterr()
    run = describe(**given)
    assert run.info.status == "FINISHED"
    card = card_of(run)
    assert {section["key"]: section["sentences"] for section in card["sections"]} == truthful(version)
    tags = tags_of(registry, version)
    assert set(tags) == {"run", "endpoint", "why"}
    assert tags["why"].startswith(why)
    assert markdown.escape(tags["why"]) in mlflow.artifacts.load_text(f"{run.info.artifact_uri}/model_card.md")
    assert markdown.escape(tags["why"]) in registry.get_model_version(version.name, version.version).description
    assert capsys.readouterr().err.strip().splitlines()[-1] == f"describe: {tags['why']}"
    traces = registry.search_traces(locations=["1"], run_id=run.info.run_id)
    assert [(trace.info.state, trace.data.spans[0].status.description) for trace in traces] in (
        [],
        [("ERROR", tags["why"])],
    )


def test_a_prompt_that_is_not_there_is_a_mistake_that_changes_nothing(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient
) -> None:
    describe()
    before = registry.get_model_version(version.name, version.version)
    with pytest.raises(ValueError, match=r"^Got version staging of the prompt grove-model-card, which the registry"):
        describe(endpoint="one", prompts="staging")
    after = registry.get_model_version(version.name, version.version)
    assert (after.description, after.tags) == (before.description, before.tags)


@pytest.mark.parametrize("given", [{"endpoint": "one"}, {"endpoints": "one"}])
def test_an_interruption_is_no_success(
    given: dict[str, str],
    describe: Describe,
    version: ModelVersion,
    registry: mlflow.MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steps.gateway.client.Gateway.ask", interrupted)
    before = registry.get_model_version(version.name, version.version)
    started = {run.info.run_id for run in registry.search_runs(["1"])}
    with pytest.raises(KeyboardInterrupt):
        describe(**given)
    mlflow.flush_trace_async_logging()
    asking, *_ = (run for run in registry.search_runs(["1"]) if run.info.run_id not in started)
    (trace,) = registry.search_traces(locations=["1"], run_id=asking.info.run_id)
    assert (trace.info.state, trace.data.spans[0].status.description) == ("ERROR", "interrupted")
    if "endpoints" in given:
        assert (asking.info.status, asking.data.tags["grove.failure"]) == ("KILLED", "interrupted")
        assert "grove.process" in asking.data.tags, "if it is killed the hard way, main can tell"
    after = registry.get_model_version(version.name, version.version)
    assert (after.description, after.tags) == (before.description, before.tags)


def test_a_second_draft_that_fails_loses_nothing(
    describe: Describe, version: ModelVersion, llm: LLMServer, capsys: pytest.CaptureFixture
) -> None:
    said = truthful(version)
    text = draft({"metrics": said["metrics"], "use": "It is perfect."})
    llm.behaviours["one"] = lambda request: text if len(request.body["messages"]) == 1 else failure(500, "Oh.")
    card = card_of(describe(endpoint="one"))
    by = {section["key"]: section["by_model"] for section in card["sections"]}
    assert [key for key in by if by[key]] == ["metrics"]
    assert "describe: There is no second draft. Got 500 from the endpoint one" in capsys.readouterr().err


def test_what_an_llm_is_made_to_write_is_cut_and_shown_as_text(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    obeyed = "The model is perfect. [click](javascript:alert(1)) <img src=x onerror=alert(1)>"
    names = f"`{SCRIPT}` is a class of `label`."
    llm.behaviours["one"] = lambda request: f"{draft({'use': obeyed, 'factors': names})}\n\n<script>alert(2)</script>"
    run = describe(endpoint="one")
    card = card_of(run)
    factors = next(section for section in card["sections"] if section["key"] == "factors")
    assert (factors["by_model"], factors["sentences"][0]) == (1, names)
    assert SCRIPT in llm.of("one")[-1].prompt, "a name is told as it is"
    html = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/model_card.html")
    note = registry.get_model_version(version.name, version.version).description
    for shown in (html, *(re.sub("`[^`]*`", "", text) for text in (note, run.data.tags["mlflow.note.content"]))):
        assert "<script>alert" not in shown
        assert "<img" not in shown
        assert "](javascript:" not in shown
        assert "is perfect." not in shown


@contextlib.contextmanager
def switched_off(store: Path) -> Iterator[None]:
    mlflow.tracing.disable()
    yield
    mlflow.tracing.enable()


@contextlib.contextmanager
def broken(store: Path) -> Iterator[None]:
    """A store that takes no trace."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute("ALTER TABLE trace_info RENAME TO away")
        yield
        database.execute("ALTER TABLE away RENAME TO trace_info")


@pytest.mark.parametrize("tracing", [switched_off, broken])
def test_traces_that_cant_be_written_lose_nothing(
    tracing: Callable[[Path], contextlib.AbstractContextManager[None]],
    describe: Describe,
    version: ModelVersion,
    registry: mlflow.MlflowClient,
    registry_store: Path,
    llm: LLMServer,
    capsys: pytest.CaptureFixture,
) -> None:
    said = truthful(version)
    llm.behaviours["one"] = lambda request: draft(said)
    with tracing(registry_store):
        run = describe(endpoint="one")
    assert run.info.status == "FINISHED"
    assert all(section["by_model"] for section in card_of(run)["sections"])
    assert "kept" in tags_of(registry, version)
    assert "describe: the drafts could not be scored: " in capsys.readouterr().err


def test_an_answer_without_an_end_is_read_as_far_as_a_card_goes(
    describe: Describe, version: ModelVersion, llm: LLMServer
) -> None:
    lies = " ".join(f"The holdout has {number} rows." for number in range(1000, 9000))
    true = truthful(version)["metrics"]
    llm.behaviours["one"] = lambda request: f"## Metrics\n\n{' '.join(true)} {lies}"
    card = card_of(describe(endpoint="one"))
    assert next(section["sentences"] for section in card["sections"] if section["key"] == "metrics") == true
    assert 1000 < len(card["cut"]) < 3000, "of both drafts"


def test_nobody_else_is_asked(
    describe: Describe,
    version: ModelVersion,
    registry: mlflow.MlflowClient,
    llm: LLMServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts, look_up = set(), socket.getaddrinfo

    def recorded(host: Any, *args: Any, **more: Any) -> Any:
        hosts.add(host)
        return look_up(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", recorded)
    known = {**completion(draft(truthful(version))), "model": "gpt-4o-mini"}
    llm.behaviours["one"] = lambda request: known
    run = describe(endpoint="one")
    (trace,) = registry.search_traces(locations=["1"], run_id=run.info.run_id)
    assert trace.info.cost["total_cost"] > 0, "by the prices that MLflow has on board"
    assert {*map(str, hosts)} <= {"127.0.0.1", "localhost"}
    assert "127.0.0.1" in hosts
