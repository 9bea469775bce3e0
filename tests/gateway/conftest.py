"""Gateways of both kinds, once for all tests of this folder, before an LLM server whose models behave well or badly."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from mlflow.entities.model_registry import ModelVersion

from tests import described, gateways
from tests.described import Describe
from tests.llm_server import BEHAVIOURS, LLMServer, llm_server
from tests.registry.chains import run_step

FREE = ["one", "another"]
"""Endpoints for a test's own behaviours: `llm.behaviours["one"] = lambda request: "…"`."""


@pytest.fixture(scope="session")
def llm() -> Iterator[LLMServer]:
    with llm_server() as server:
        yield server


@pytest.fixture(scope="session")
def built_in(llm: LLMServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with gateways.built_in(tmp_path_factory.mktemp("built-in"), llm.url, [*BEHAVIOURS, *FREE]) as url:
        yield url


@pytest.fixture(scope="session")
def standalone(llm: LLMServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    plain = gateways.endpoint("plain", llm.url)["model"]
    more = [
        gateways.endpoint("vectors", llm.url, endpoint_type="llm/v1/embeddings"),
        gateways.endpoint("limited", llm.url, model=plain, limit={"renewal_period": "hour", "calls": 1}),
    ]
    with gateways.standalone(tmp_path_factory.mktemp("standalone"), llm.url, [*BEHAVIOURS, *FREE], *more) as url:
        yield url


@pytest.fixture(params=["built-in", "standalone"])
def gateway_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param.replace("-", "_"))


@pytest.fixture
def version(name: str) -> ModelVersion:
    return described.register(name)


@pytest.fixture
def describe(version: ModelVersion, built_in: str) -> Iterator[Describe]:
    """Run describe on the version, with the built-in gateway."""
    given = {"model_name": version.name, "gateway": built_in}
    yield lambda **more: run_step("describe", **{**given, **more})
    for thread in threading.enumerate():
        if thread.name.startswith("link_prompt"):  # MLflow's own, which write to the store
            thread.join(30)
