"""Whatever a gateway sends: an answer that is text, or one sentence that holds nothing of what it should not."""

from __future__ import annotations

import copy
import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.gateway.answers import Answer, read_answer
from steps.gateway.failures import NoAnswerError, no_answer, no_gateway, quoted
from steps.gateway.reply import Reply
from tests.llm_server import KEY, completion

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    (),
    ("choices",),
    ("choices", 0),
    ("choices", 0, "message"),
    ("choices", 0, "message", "content"),
    ("choices", 0, "finish_reason"),
    ("model",),
    ("usage",),
    ("usage", "prompt_tokens"),
]
KEYS = st.from_regex(r"[A-Za-z0-9_.-]{16,60}", fullmatch=True).filter(
    lambda key: any(letter.isdigit() for letter in key) and not key[:4].isdigit()
)


def changed(document: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """Return the document with something else at one place."""
    if not place:
        return value
    document = copy.copy(document)
    document[place[0]] = changed(document[place[0]], place[1:], value)
    return document


@given(st.sampled_from(PLACES), JSON)
def test_any_document_is_an_answer_of_text_or_a_sentence(place: tuple[str | int, ...], value: Any) -> None:
    document = changed(completion("A forest."), place, value)
    try:
        answer = read_answer(document, "one", 0.5)
    except NoAnswerError as error:
        assert str(error).startswith("Got ")
        assert "\n" not in str(error)
    else:
        assert answer.text.strip()
        assert isinstance(answer.model, str)
        for tokens in (answer.input_tokens, answer.output_tokens):
            assert tokens is None or isinstance(tokens, int)
        json.dumps(vars(answer), ensure_ascii=False).encode()


def test_an_answer_is_read() -> None:
    assert read_answer(completion("A forest."), "one", 0.5) == Answer("A forest.", "small-model-1", 11, 7, 0.5, "stop")


@pytest.mark.parametrize(("said", "text"), [("a\0b", "ab"), ("a\ud800b", "a?b"), ("a\n\tb <i>", "a\n\tb <i>")])
def test_characters_that_no_database_takes_are_left_out(said: str, text: str) -> None:
    assert read_answer(completion(said), "one", 0).text == text


def test_a_name_of_a_model_is_plain_words() -> None:
    document = {**completion("A forest."), "model": "<b>meta-llama/Llama-3.1-8B-Instruct</b>\n[x](http://y)"}
    assert read_answer(document, "one", 0).model == "b meta-llama/Llama-3.1-8B-Instruct /b x (http://y)"


@given(st.text(), st.sampled_from([" ", ":", "'", '"', "`", "(", "=", "\n", "<", ","]), KEYS, st.text())
def test_no_key_is_quoted(before: str, mark: str, key: str, after: str) -> None:
    assert key not in quoted(f"{before}{mark}{key}{mark}{after}")


def test_what_people_need_is_quoted() -> None:
    for text in (
        "This model's maximum context length is 2048 tokens. However, you requested 3,012 tokens (1012 + 2000).",
        "Budget limit exceeded. Limit: 1.00 USD per 1 day. Budget resets at 2026-11-29T00:00:00Z.",
        "The model gpt-4o-mini does not exist.",
        "Set MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS=true to allow private upstreams.",
    ):
        assert quoted(text) == text


@given(
    st.integers(300, 599),
    JSON | st.fixed_dictionaries({"detail": JSON}) | st.fixed_dictionaries({"error": JSON}),
    st.dictionaries(st.sampled_from(["Location", "Retry-After", "WWW-Authenticate"]), st.text()),
    st.text(),
)
def test_any_refusal_is_one_plain_sentence(status: int, said: Any, headers: dict[str, str], endpoint: str) -> None:
    reply = Reply(status, headers, json.dumps(said).encode())
    types = {"one": "", endpoint: "llm/v1/chat"}
    for sentence in (no_answer(reply, "http://me:secret@host", endpoint, types), no_gateway(reply, "http://host")):
        assert sentence.startswith("Got ")
        assert len(sentence) < 700
        assert not set(sentence) & set("\n\r\0<>`[]|")
        assert "secret" not in sentence


def test_how_long_a_server_asks_to_be_left_alone_is_read() -> None:
    in_ten_minutes = formatdate(time.time() + 600, usegmt=True)
    for said, seconds in (("7", 7), ("soon", 0), ("-5", 0), ("", 0), (in_ten_minutes, 600), ("99999", 99_999)):
        assert Reply(429, {"Retry-After": said}, b"").retry_after() == pytest.approx(seconds, abs=2)
    assert Reply(429, {}, b"").retry_after() == 0


def test_a_key_in_the_middle_of_a_long_text_is_hidden_before_the_text_is_cut() -> None:
    assert "sk-" not in quoted("word " * 38 + KEY)
