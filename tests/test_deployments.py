"""The gateways of deployments/: the commands of its README, typed as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from mlflow.gateway.config import GatewayConfig

from steps.gateway.client import find_gateway
from tests.conftest import PROJECT
from tests.llm_server import LLMServer, llm_server
from tests.servers import free_port, serving

FOLDER = PROJECT / "deployments"
MESSAGES = [{"role": "user", "content": "Describe a forest."}]
Typed = Callable[[str], str]


@pytest.fixture
def llm() -> Iterator[LLMServer]:
    with llm_server(**{"local-model": lambda request: "A forest of trees."}) as server:
        yield server


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def block(llm: LLMServer, port: int) -> Typed:
    """Return the one block of the README that has the words, with the addresses of this test."""

    def find(words: str) -> str:
        blocks = re.findall(r"^```\w+\n(.*?)^```$", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
        (text,) = (text for text in blocks if words in text)
        text = re.sub(r"127\.0\.0\.1:5000|(?<=--port )500\d", lambda found: found[0][:-4] + str(port), text)
        return text.replace("http://127.0.0.1:8080/v1", llm.url)

    return find


def typed(text: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "OPENAI_API_KEY": "sk-of-the-tests"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_built_in_gateway_is_set_up_as_the_page_says(
    block: Typed, port: int, llm: LLMServer, tmp_path: Path
) -> None:
    start = ["bash", "-euc", block("mlflow server")]
    with serving(start, port, env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}, cwd=tmp_path):
        for words in ("gpt-4o-mini", "local-model"):
            typed(block("post()") + block(words), tmp_path)
        gateway = find_gateway(f"http://127.0.0.1:{port}")
        assert (gateway.kind, gateway.endpoints()) == ("built-in", ["hosted", "local"])
        assert gateway.ask("local", MESSAGES).text == "A forest of trees."
        assert llm.asked[-1].headers["Authorization"] == "Bearer none"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hosted", "local"])
def test_a_standalone_gateway_is_started_as_the_page_says(
    block: Typed, port: int, llm: LLMServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / "deployments").mkdir()
    for path in FOLDER.glob("*.yaml"):
        text = path.read_text("utf-8").replace("http://127.0.0.1:8080/v1", llm.url)
        (tmp_path / "deployments" / path.name).write_text(text, "utf-8")
    with serving(["bash", "-euc", block(f"{name}.yaml")], port, cwd=tmp_path):
        gateway = find_gateway(f"http://127.0.0.1:{port}")
        assert (gateway.kind, gateway.endpoints()) == ("standalone", [name])
        if name == "local":
            assert gateway.ask("local", MESSAGES).text == "A forest of trees."


@pytest.mark.parametrize(("name", "endpoints"), [("hosted", ["hosted", "hosted-anthropic"]), ("local", ["local"])])
def test_a_configuration_is_mlflow_s_with_what_is_commented_out_and_holds_no_key(
    name: str, endpoints: list[str]
) -> None:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    whole = GatewayConfig(**yaml.safe_load(re.sub(r"^  # (?=- name|  )", "  ", text, flags=re.MULTILINE)))
    assert [endpoint.name for endpoint in whole.endpoints] == endpoints
    for endpoint in whole.endpoints:
        (key,) = re.findall(r"api_key='(.*?)'", repr(endpoint.model.config))
        assert key.startswith("$") or key == "none"
