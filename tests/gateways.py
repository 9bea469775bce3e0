"""Real gateways of MLflow, of both kinds, before an LLM server of a test's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.servers import free_port, serving

UPSTREAM_SECONDS = 6
"""How long a gateway waits for the LLM; by itself it would 300 seconds."""


@contextlib.contextmanager
def built_in(
    folder: Path, llm: str, models: Iterable[str], *, env: Mapping[str, str] | None = None, options: Iterable[str] = ()
) -> Iterator[str]:
    """Serve MLflow, with an endpoint for each model of the LLM server under the same name, and give the URL."""
    with mlflow_server(folder, env=env, options=options) as url:
        make_endpoints(url, llm, models)
        yield url


@contextlib.contextmanager
def mlflow_server(folder: Path, *, env: Mapping[str, str] | None = None, options: Iterable[str] = ()) -> Iterator[str]:
    """Serve MLflow on a store in the folder; its gateway may ask this machine, without TLS."""
    port = free_port()
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    kept = ["--artifacts-destination", str(folder / "kept")]
    variables = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_CRYPTO_KEK_PASSPHRASE": "a passphrase of the tests' own",
        "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "https,http",
        "MLFLOW_GATEWAY_ROUTE_TIMEOUT_SECONDS": str(UPSTREAM_SECONDS),
    }
    with serving([*command, *store, *kept, *options], port, env={**os.environ, **variables, **(env or {})}, cwd=folder):
        yield f"http://127.0.0.1:{port}"


def make_endpoints(url: str, llm: str, models: Iterable[str], *, usage_tracking: bool = False, **login: Any) -> None:
    """Give the built-in gateway a key, and for each model an endpoint of the same name."""

    def call(route: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{url}/api/3.0/mlflow/gateway/{route}", json=body, timeout=60, **login)
        assert answer.status_code == 200, answer.text
        return answer.json()

    secret = call(
        "secrets/create",
        secret_name="key",
        secret_value={"api_key": "sk-of-the-tests"},
        provider="openai",
        auth_config={"api_base": llm},
    )
    for model in models:
        definition = call(
            "model-definitions/create",
            name=model,
            secret_id=secret["secret"]["secret_id"],
            provider="openai",
            model_name=model,
        )
        number = definition["model_definition"]["model_definition_id"]
        linked = {"model_definition_id": number, "linkage_type": "PRIMARY"}
        call("endpoints/create", name=model, model_configs=[linked], usage_tracking=usage_tracking)


@contextlib.contextmanager
def standalone(folder: Path, llm: str, models: Iterable[str], *more: dict[str, Any]) -> Iterator[str]:
    """Serve `mlflow gateway start`, with an endpoint for each model under the same name, and give the URL."""
    port = free_port()
    endpoints = [endpoint(name, llm) for name in models]
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump({"endpoints": [*endpoints, *more]}), encoding="utf-8")
    command = ["mlflow", "gateway", "start", "--config-path", str(path), "--host", "127.0.0.1", "--port", str(port)]
    with serving(
        [*command, "--workers", "1"],  # each counts its limits for itself
        port,
        env={**os.environ, "MLFLOW_GATEWAY_ROUTE_TIMEOUT_SECONDS": str(UPSTREAM_SECONDS)},
        cwd=folder,
    ):
        yield f"http://127.0.0.1:{port}"


def endpoint(name: str, llm: str, **changes: Any) -> dict[str, Any]:
    """Return one endpoint of a standalone gateway's configuration."""
    return {
        "name": name,
        "endpoint_type": "llm/v1/chat",
        "model": {
            "provider": "openai",
            "name": name,
            "config": {"openai_api_key": "sk-of-the-tests", "openai_api_base": llm},
        },
        **changes,
    }
