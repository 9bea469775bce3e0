"""The gateway of a team's server: users, permissions, a path before it, a budget, and one that is switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from mlflow.server import get_app_client

from steps.gateway.client import NoAnswerError, find_gateway
from tests import gateways
from tests.llm_server import LLMServer, completion

pytestmark = pytest.mark.slow
MESSAGES = [{"role": "user", "content": "Describe a forest."}]
ADMIN = ("admin", "the-admins-password")
EVE = ("eve", "the-password-of-eve")


def log_in(monkeypatch: pytest.MonkeyPatch, user: tuple[str, str]) -> None:
    for name, value in zip(("USERNAME", "PASSWORD"), user, strict=True):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)


@pytest.fixture(scope="module")
def team(llm: LLMServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with users, below a path; its admin has made endpoints."""
    folder = tmp_path_factory.mktemp("team")
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndatabase_uri = sqlite:///{folder / 'auth.db'}\ndefault_permission = READ\n"
        f"admin_username = {ADMIN[0]}\nauth_cache_ttl_seconds = 60\n"
        f"authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "signs forms",
    }
    options = ["--app-name", "basic-auth", "--static-prefix", "/mlflow"]
    with gateways.mlflow_server(folder, env=variables, options=options) as server:
        url = f"{server}/mlflow"
        gateways.make_endpoints(url, llm.url, ["plain", "refused-key", "forbidden"], auth=ADMIN)
        yield url


@pytest.fixture(autouse=True)
def at_the_team_s_server(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow.get_tracking_uri", lambda: team)


def refused(url: str, endpoint: str = "") -> str:
    with pytest.raises(NoAnswerError) as caught:
        gateway = find_gateway(url)
        gateway.ask(endpoint, MESSAGES)
    return str(caught.value)


def test_the_gateway_answers_who_logs_in(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, ADMIN)
    gateway = find_gateway(team)
    assert gateway.endpoints() == ["forbidden", "plain", "refused-key"]
    assert gateway.ask("plain", MESSAGES).text == "A forest of trees."


@pytest.mark.parametrize("user", [None, ("admin", "not-the-admins-password")])
def test_a_stranger_is_refused(team: str, user: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if user:
        log_in(monkeypatch, user)
    assert "Got a refusal (401) of the gateway" in refused(team)


def test_the_login_stays_at_home(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, ADMIN)
    assert "Got a refusal (401) of the gateway" in refused(team.replace("127.0.0.1", "localhost"))


def test_the_refusal_of_a_provider_is_told_from_that_of_the_server(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, ADMIN)
    for endpoint, status in (("refused-key", 401), ("forbidden", 403)):
        assert f"Got a refusal ({status}) of the provider behind the endpoint" in refused(team, endpoint)


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi")
def test_a_user_needs_the_permission_to_use_an_endpoint(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, ADMIN)
    users = get_app_client("basic-auth", team)
    users.create_user(*EVE)
    log_in(monkeypatch, EVE)
    assert find_gateway(team).endpoints() == []
    assert "Got a refusal (403) of the gateway" in refused(team, "plain")
    log_in(monkeypatch, ADMIN)
    role = users.create_role("default", "writers of cards")
    users.add_role_permission(role.id, "gateway_endpoint", "*", "USE")
    users.assign_role(EVE[0], role.id)
    log_in(monkeypatch, EVE)
    gateway = find_gateway(team)
    assert gateway.endpoints() == ["forbidden", "plain", "refused-key"]
    assert gateway.ask("plain", MESSAGES).text == "A forest of trees."


def test_a_budget_that_is_used_up_is_told_and_not_waited_for(llm: LLMServer, tmp_path: Path) -> None:
    llm.behaviours["gpt-4o-mini"] = lambda request: {**completion("A dear forest."), "model": "gpt-4o-mini"}
    with gateways.mlflow_server(tmp_path) as url:
        gateways.make_endpoints(url, llm.url, ["gpt-4o-mini"], usage_tracking=True)
        policy = {
            "budget_unit": "USD",
            "budget_amount": 0.0000001,
            "duration": {"unit": "DAYS", "value": 1},
            "target_scope": "GLOBAL",
            "budget_action": "REJECT",
        }
        made = requests.post(f"{url}/api/3.0/mlflow/gateway/budgets/create", json=policy, timeout=60)
        assert made.status_code == 200, made.text
        gateway = find_gateway(url)
        assert gateway.ask("gpt-4o-mini", MESSAGES).text == "A dear forest."
        with pytest.raises(NoAnswerError) as caught:
            gateway.ask("gpt-4o-mini", MESSAGES)
        assert re.search(r"budget is used up: Budget limit exceeded\..* Budget resets at \d{4}-", str(caught.value))


def test_a_gateway_that_is_switched_off_is_called_so(tmp_path: Path) -> None:
    with gateways.mlflow_server(tmp_path, env={"MLFLOW_ENABLE_AI_GATEWAY": "false"}) as url:
        assert "with its gateway switched off" in refused(url)
