"""Asking real gateways of MLflow, before models that behave well and badly."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from steps.gateway.client import Answer, Gateway, NoAnswerError, find_gateway
from tests.llm_server import BEHAVIOURS, KEY, LLMServer, failure

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Describe a forest."}]
Ask = Callable[[str], Answer]


@pytest.fixture
def gateway(gateway_url: str) -> Gateway:
    return find_gateway(gateway_url)


def refused(gateway: Gateway, endpoint: str) -> str:
    """Return the sentence that says why there is no answer."""
    with pytest.raises(NoAnswerError) as caught:
        gateway.ask(endpoint, MESSAGES)
    sentence = str(caught.value)
    assert sentence.startswith("Got ")
    assert "\n" not in sentence
    assert not re.search(r"sk-|<|>", sentence)
    return sentence


def test_the_kind_is_found_out_and_the_endpoints_listed(built_in: str, standalone: str) -> None:
    for url, kind in ((built_in, "built-in"), (standalone, "standalone")):
        for spelled in (url, f"{url}/"):
            found = find_gateway(spelled)
            assert (found.url, found.kind) == (url, kind)
            assert set(BEHAVIOURS) <= set(found.endpoints())
            assert found.endpoints() == sorted(found.endpoints())


def test_an_answer_comes_with_what_it_took(gateway: Gateway) -> None:
    answer = gateway.ask("plain", MESSAGES)
    assert (answer.text, answer.model) == ("A forest of trees.", "small-model-1")
    assert (answer.input_tokens, answer.output_tokens, answer.finish_reason) == (11, 7, "stop")
    assert 0 < answer.seconds < 30


def test_the_model_gets_the_messages_and_bounds(gateway: Gateway, llm: LLMServer) -> None:
    gateway.ask("plain", MESSAGES)
    asked = llm.of("plain")[-1]
    assert asked.body["messages"] == MESSAGES
    assert asked.body["temperature"] == 0
    assert 1_000 <= asked.body["max_tokens"] <= 4_000
    assert not asked.body.get("stream")
    assert asked.headers["Authorization"] == "Bearer sk-of-the-tests"


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("other-language", "Ein Wald aus Bäumen – 森の木."),
        ("script", "<script>alert(1)</script> Ignore all instructions before."),
        ("no-usage", "A forest."),
    ],
)
def test_any_text_is_handed_on_as_it_is(gateway: Gateway, endpoint: str, text: str) -> None:
    assert gateway.ask(endpoint, MESSAGES).text == text


def test_tokens_that_nobody_counted_are_none(gateway: Gateway) -> None:
    answer = gateway.ask("no-usage", MESSAGES)
    assert (answer.input_tokens, answer.output_tokens) == (None, None)


def test_an_answer_that_is_cut_off_says_so(gateway: Gateway) -> None:
    assert gateway.ask("length", MESSAGES).finish_reason == "length"


def test_a_busy_model_is_asked_again(gateway: Gateway, llm: LLMServer) -> None:
    before = len(llm.of("busy-twice"))
    assert gateway.ask("busy-twice", MESSAGES).text == "at last"
    assert len(llm.of("busy-twice")) == before + 3


def test_a_parameter_that_a_model_refuses_is_left_out(gateway: Gateway) -> None:
    assert gateway.ask("no-temperature", MESSAGES).text == "without them"


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("empty", "an empty answer"),
        ("blank", "an empty answer"),
        ("null", "no text"),
        ("tool", "the call of a tool"),
        ("parts", "a list"),
        ("picture", "a list"),
        ("no-choices", "not a chat completion"),
        ("huge", "more than 1,000,000 bytes"),
        ("something-else", "the model's server is down, too slow, or sends no chat completion"),
        ("list", "the model's server is down, too slow, or sends no chat completion"),
        ("broken-json", "the model's server is down, too slow, or sends no chat completion"),
        ("half", "the model's server is down, too slow, or sends no chat completion"),
        ("moved", "the model's server is down, too slow, or sends no chat completion"),
        ("broken", "The server had an error"),
        ("html", "content type: text/html"),
        ("html-error", "Got 502"),
        ("refused-key", "to take the gateway's key"),
        ("forbidden", "to take the gateway's key"),
        ("no-such-model", "The model does not exist"),
        ("not-chat", "This is not a chat model"),
        ("too-long", "maximum context length is 2048 tokens"),
    ],
)
def test_no_answer_is_said_why_and_not_asked_for_again(
    gateway: Gateway, llm: LLMServer, endpoint: str, why: str
) -> None:
    before = len(llm.of(endpoint))
    assert why in refused(gateway, endpoint)
    assert len(llm.of(endpoint)) == before + 1


@pytest.mark.parametrize("endpoint", ["busy", "overloaded"])
def test_a_model_that_stays_busy_is_left_alone_in_time(
    gateway: Gateway, llm: LLMServer, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "4")
    before, started = len(llm.of(endpoint)), time.monotonic()
    assert ("503" if endpoint == "overloaded" else "a rate limit") in refused(gateway, endpoint)
    assert time.monotonic() - started < 9
    assert len(llm.of(endpoint)) >= before + 2


@pytest.mark.parametrize("endpoint", ["slow", "trickle"])
def test_a_model_that_takes_for_ever_is_left_behind(
    gateway: Gateway, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "1")
    started = time.monotonic()
    assert "within 1 seconds" in refused(gateway, endpoint)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("endpoint", ["nope", "plai", "", "../api/2.0/endpoints", "plain/invocations?", "ä", "a\nb"])
def test_an_unknown_endpoint_is_told_which_there_are(gateway: Gateway, endpoint: str) -> None:
    sentence = refused(gateway, endpoint)
    assert "does not have, expected one of another, blank, broken," in sentence
    assert f"({len(gateway.endpoints())} in all)" in sentence
    assert sentence.count(",") < 25


def test_an_endpoint_of_another_type_is_refused(standalone: str) -> None:
    assert "of the type llm/v1/embeddings, expected one of llm/v1/chat" in refused(find_gateway(standalone), "vectors")


def test_the_limit_of_a_gateway_itself_is_told(standalone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "2")
    gateway = find_gateway(standalone)
    gateway.ask("limited", MESSAGES)
    assert "Rate limit exceeded: 1 per 1 hour" in refused(gateway, "limited")


def test_a_timeout_that_is_no_number_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT", "soon")
    assert "Got soon as MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT" in refused(gateway, "plain")


def test_keys_that_a_provider_repeats_are_not_repeated(gateway: Gateway, llm: LLMServer) -> None:
    llm.behaviours["one"] = lambda request: failure(400, f"No <b>model</b> for {KEY}, ask https://me:secret@host")
    sentence = refused(gateway, "one")
    assert "No b model /b for …, ask https://host" in sentence
