"""describe: whose sentences a card has, what goes wrong with an LLM, and what is written of both."""

from __future__ import annotations

import json

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion

from tests import described
from tests.described import Describe, card_of, draft, tags_of, truthful
from tests.llm_server import LLMServer, Request

# MLflow's digest of what it evaluates.
pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0 all arguments of all")


def test_without_an_endpoint_the_card_is_the_deterministic_one(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, capsys: pytest.CaptureFixture
) -> None:
    run = describe(gateway="http://127.0.0.1:9")
    card = card_of(run)
    assert {section["key"]: section["sentences"] for section in card["sections"]} == truthful(version)
    assert tags_of(registry, version) == {"run": run.info.run_id}
    described_as = registry.get_model_version(version.name, version.version).description
    assert "**Quantitative analyses**" in described_as
    assert f"(#/experiments/1/runs/{run.info.run_id}/artifacts/model_card.html)" in described_as
    assert len(described_as) <= 5000, "MLflow's database has no more"
    assert run.data.tags["mlflow.note.content"] == described_as
    assert capsys.readouterr().err == ""
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/evidence.json") == described.evidence(version)
    assert registry.search_traces(["1"], f"attributes.run_id = '{run.info.run_id}'") == []


def test_true_sentences_stand_and_are_the_llms(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    said = truthful(version)
    llm.behaviours["one"] = lambda request: draft(said)
    run = describe(endpoint="one")
    card = card_of(run)
    count = sum(map(len, said.values()))
    assert {section["key"]: section["sentences"] for section in card["sections"]} == said
    assert all(section["by_model"] for section in card["sections"])
    assert card["cut"] == []
    tags = tags_of(registry, version)
    assert float(tags.pop("seconds")) < 30
    assert tags == {
        "run": run.info.run_id,
        "endpoint": "one",
        "model": "small-model-1",
        "prompt": "grove-model-card/1",
        "kept": f"{count} of {count}",
        "share_kept": "1.00",
        "tokens": "18",
    }
    assert {tag: run.data.tags[f"grove.card.{tag}"] for tag in tags} == tags
    assert len(llm.of("one")) >= 1


def test_a_cut_sentence_is_written_once_more(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    said = truthful(version)
    lie = "The holdout has 12,345 rows."

    def mended(request: Request) -> str:
        first = len(request.body["messages"]) == 1
        return draft(said | {"evaluation_data": lie} if first else {"evaluation_data": said["evaluation_data"]})

    llm.behaviours["one"] = mended
    before = len(llm.of("one"))
    run = describe(endpoint="one")
    card, asked = card_of(run), llm.of("one")[before:]
    assert {section["key"]: section["sentences"] for section in card["sections"]} == said
    assert [(cut["section"], cut["sentence"]) for cut in card["cut"]] == [("evaluation_data", lie)]
    assert [message["role"] for message in asked[1].body["messages"]] == ["user", "assistant", "user"]
    correction = asked[1].body["messages"][-1]["content"]
    assert f'- In "Evaluation data": {lie} (cut: {card["cut"][0]["why"]})' in correction
    assert "- Evaluation data: " in correction
    assert "- Metrics: " not in correction, "only the sections of what was cut"
    count = sum(map(len, said.values()))
    assert tags_of(registry, version)["kept"] == f"{count} of {count + 1}"
    assert tags_of(registry, version)["tokens"] == "36"


def test_each_question_is_a_trace_and_each_draft_is_scored(
    describe: Describe, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    wrong = "The model beats `nobody` by 0.5. There are 3 classes. There are 3 classes."
    text = draft({"use": wrong, "factors": "There are 2 classes."})
    llm.behaviours["one"] = lambda request: text
    run = describe(endpoint="one")
    traces = registry.search_traces(locations=["1"], run_id=run.info.run_id, order_by=["timestamp_ms ASC"])
    assert [trace.info.state for trace in traces] == ["OK", "OK"]
    asked = [request.body["messages"] for request in llm.of("one")[-2:]]
    for trace, messages in zip(traces, asked, strict=True):
        (span,) = trace.data.spans
        assert span.inputs == {"model": "one", "messages": messages}
        assert span.outputs["choices"][0]["message"]["content"] == text
        assert trace.info.token_usage == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
        assert trace.info.execution_duration > 0
        assert json.loads(trace.info.tags["mlflow.linkedPrompts"]) == [{"name": "grove-model-card", "version": "1"}]
        scores = {assessment.name: assessment.value for assessment in trace.info.assessments}
        assert scores == {
            "kept": pytest.approx(1 / 3),
            "numbers_supported": 0.5,
            "names_known": 0.0,
            "sections_complete": scores["sections_complete"],
            "length": len(text.split()),
        }
    assert [next(a.value for a in trace.info.assessments if a.name == "sections_complete") for trace in traces] == [
        0.25,
        1.0,
    ], "the second was asked for one section"
    metrics = run.data.metrics
    assert metrics["kept/mean"] == pytest.approx(1 / 3)
    assert metrics["sections_complete/mean"] == 0.625
    assert metrics["tokens"] == 36
    assert run.data.tags["mlflow.linkedPrompts"] == json.dumps([{"name": "grove-model-card", "version": "1"}])


def test_a_reversed_comparison_is_scored_as_a_wrong_direction(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    wrong = "`train_rf` is worse than `train_rf_kmeans`. `train_rf_kmeans` is worse than `train_rf`."
    llm.behaviours["one"] = lambda request: draft({"analyses": wrong})
    run = describe(endpoint="one")
    trace, *_ = registry.search_traces(locations=["1"], run_id=run.info.run_id)
    scores = {assessment.name: assessment.value for assessment in trace.info.assessments}
    assert scores["direction_right"] == scores["kept"] < 1
    assert scores["names_known"] == 1
    assert "numbers_supported" not in scores, "there is none"


def test_a_card_of_before_leaves_nothing_behind(
    describe: Describe, version: ModelVersion, registry: mlflow.MlflowClient, llm: LLMServer
) -> None:
    llm.behaviours["one"] = lambda request: draft(truthful(version))
    describe(endpoint="one")
    run = describe()
    assert tags_of(registry, version) == {"run": run.info.run_id}
