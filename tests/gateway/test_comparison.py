"""describe with several endpoints or prompts: each in a run of its own, for the MLflow UI to compare."""

from __future__ import annotations

import json

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion

from tests.conftest import children
from tests.described import Describe, card_of, draft, truthful
from tests.llm_server import LLMServer

pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments of all")


def test_endpoints_are_compared_and_nothing_is_registered(
    describe: Describe,
    version: ModelVersion,
    registry: mlflow.MlflowClient,
    llm: LLMServer,
    capsys: pytest.CaptureFixture,
) -> None:
    said = truthful(version)
    llm.behaviours |= {"one": lambda request: draft(said), "another": lambda request: draft({"use": "It is perfect."})}
    before = registry.get_model_version(version.name, version.version)
    capsys.readouterr()
    run = describe(endpoints="one, another,empty,one")
    after = registry.get_model_version(version.name, version.version)
    assert (after.description, after.tags) == (before.description, before.tags)
    found = children(registry, run)
    assert {name: child.info.status for name, child in found.items()} == {
        "one, prompt 1": "FINISHED",
        "another, prompt 1": "FINISHED",
        "empty, prompt 1": "FAILED",
    }
    assert {child.data.params["endpoint"]: child.data.metrics.get("kept/mean") for child in found.values()} == {
        "one": 1.0,
        "another": 0.0,
        "empty": None,
    }
    assert found["empty, prompt 1"].data.tags["grove.failure"].startswith("Got an empty answer from empty")
    assert (
        card_of(found["one, prompt 1"])["kept"] == f"{sum(map(len, said.values()))} of {sum(map(len, said.values()))}"
    )
    for name, traces in {"one, prompt 1": 1, "another, prompt 1": 2, "empty, prompt 1": 1}.items():
        assert len(registry.search_traces(locations=["1"], run_id=found[name].info.run_id)) == traces
        assert f"/runs/{found[name].info.run_id})" in run.data.tags["mlflow.note.content"]
    out = capsys.readouterr().out
    assert "another   grove-model-card/1  small-model-1  0 of 1" in out


def test_prompts_are_compared(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    describe(endpoint="plain")  # which registers the file
    mlflow.genai.register_prompt("grove-model-card", "Be brief. {{sections}} {{evidence}}")
    said = truthful(version)
    llm.behaviours["one"] = lambda request: draft({"use": said["use"]} if "Be brief." in request.prompt else said)
    run = describe(endpoint="one", prompts="1,2")
    found = children(registry, run)
    assert {name: child.data.metrics["sections_complete/mean"] for name, child in found.items()} == {
        "one, prompt 1": 1.0,
        "one, prompt 2": 0.125,
    }
    linked = {json.loads(child.data.tags["mlflow.linkedPrompts"])[0]["version"] for child in found.values()}
    assert linked == {"1", "2"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"endpoints": "empty,blank"}, "Got an empty answer from empty"),
        ({"endpoints": "one", "endpoint": "one"}, "Got endpoint=one and endpoints=one, expected one of the two."),
        ({"prompts": "1,2"}, "Got prompts=1,2 and no endpoint, expected one"),
        ({"prompts": ""}, "Got prompts="),
        ({"endpoints": "one", "prompts": "99"}, "Got version 99 of the prompt"),
        ({"endpoints": "one", "gateway": "sqlite:////x.db"}, "Got sqlite:////x.db as the gateway, expected a URL"),
        ({"version": "7"}, "Got version 7 of model"),
    ],
)
def test_a_comparison_without_anything_to_compare_fails(given: dict[str, str], words: str, describe: Describe) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        describe(**given)
