"""The prompt in the registry: the file's text at first, then what the team says."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.entities.model_registry import PromptVersion

from steps.gateway.failures import NoAnswerError
from steps.gateway.model_card_prompt import FILE
from steps.gateway.prompts import NAME, messages_of, prompt_named, register_file

TEXT = FILE.read_text(encoding="utf-8")
OTHER, THIRD = ("{{sections}} and {{evidence}}, " + word for word in ("please", "now"))


@pytest.fixture
def store(client: mlflow.MlflowClient) -> Iterator[mlflow.MlflowClient]:
    """Let this process use an empty store."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    mlflow.set_experiment(experiment_id="1")
    yield client
    for thread in threading.enumerate():
        if thread.name.startswith("link_prompt"):  # MLflow's own, which write to the store
            thread.join(30)
    mlflow.set_tracking_uri(before)


def versions(store: mlflow.MlflowClient) -> dict[int, str]:
    return {version.version: version.template for version in store.search_prompt_versions(NAME)}


def production(store: mlflow.MlflowClient) -> int:
    return store.get_prompt_version_by_alias(NAME, "production").version


def team_registers(text: str, tags: dict[str, str] | None = None) -> PromptVersion:
    version = mlflow.genai.register_prompt(NAME, text, tags=tags)
    mlflow.genai.set_prompt_alias(NAME, "production", version.version)
    return version


def refused(asked: str) -> str:
    with pytest.raises(NoAnswerError) as caught:
        prompt_named(asked)
    return str(caught.value)


def test_the_first_use_registers_the_file_once(store: mlflow.MlflowClient) -> None:
    for _ in range(2):
        prompt = prompt_named("production")
        assert (prompt.version, prompt.template) == (1, TEXT)
        assert versions(store) == {1: TEXT}
    assert prompt_named("1").template == TEXT


def test_a_new_text_of_the_file_becomes_production(store: mlflow.MlflowClient) -> None:
    for text in (TEXT, OTHER, TEXT):
        register_file(text)
    assert versions(store) == {1: TEXT, 2: OTHER}
    assert production(store) == 2, "what is there already moves nothing"


def test_a_teams_edit_is_not_taken_back(store: mlflow.MlflowClient) -> None:
    register_file(TEXT)
    # As a copy of the file's version, its tags included.
    team_registers(OTHER, tags=dict(store.get_prompt_version(NAME, 1).tags))
    register_file(THIRD)
    assert versions(store) == {1: TEXT, 2: OTHER, 3: THIRD}
    assert production(store) == 2
    assert prompt_named("production").template == OTHER
    mlflow.genai.set_prompt_alias(NAME, "production", 1)
    register_file(THIRD)
    assert production(store) == 1, "nor is a choice of theirs"


def test_without_production_it_is_the_files_text(store: mlflow.MlflowClient) -> None:
    register_file(TEXT)
    team_registers(OTHER)
    mlflow.genai.delete_prompt_alias(NAME, "production")
    assert prompt_named("production").template == TEXT


def test_several_at_once_register_it_once(store: mlflow.MlflowClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(register_file, [TEXT] * 4))
    assert list(versions(store).values()) == [TEXT]
    assert prompt_named("production").template == TEXT


def test_a_version_that_is_not_there_is_named(store: mlflow.MlflowClient) -> None:
    register_file(TEXT)
    expected = f"Got version 7 of the prompt {NAME}, which the registry lacks; expected an alias such as production, or"
    for asked in ("7", "staging"):
        with pytest.raises(ValueError, match=re.escape(f"{expected.replace('7', asked)} one of 1.")):
            prompt_named(asked)


def test_a_prompt_without_the_evidence_is_refused(store: mlflow.MlflowClient) -> None:
    register_file(TEXT)
    team_registers("Write the sections {{sections}}.")
    said = f"Got version 2 of the prompt {NAME} without {{{{evidence}}}}, expected it there: edit the prompt in the "
    assert refused("production") == f"{said}registry."


def test_a_model_of_the_prompts_name_is_in_the_way(store: mlflow.MlflowClient) -> None:
    store.create_registered_model(NAME)
    said = refused("production")
    assert said.startswith(f"Got no prompt {NAME} from the registry, expected it: ")
    assert "\n" not in said


@given(st.text())
def test_any_evidence_is_filled_in_as_it_is(text: str) -> None:
    prompt = PromptVersion(NAME, 1, "Of {{sections}}: {{ evidence }}.")
    values = {"sections": "metrics", "evidence": text}
    assert messages_of(prompt, values) == [{"role": "user", "content": f"Of metrics: {text}."}]


def test_a_chat_prompt_stays_a_chat() -> None:
    said = [{"role": "system", "content": "Be {{sections}}."}, {"role": "user", "content": "{{evidence}}"}]
    filled = [{"role": "system", "content": "Be s."}, {"role": "user", "content": "e"}]
    assert messages_of(PromptVersion(NAME, 1, said), {"sections": "s", "evidence": "e"}) == filled
