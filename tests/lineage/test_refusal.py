from __future__ import annotations

from pathlib import Path

import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, UNAUTHENTICATED

from steps.lineage.refusal import refusal

SERVER = "https://mlflow.example.com/tracking"


def answered(code: int, path: str) -> list[Exception]:
    """Return the errors that MLflow makes of the answer: of its own calls, and of those that move artifacts."""
    response = requests.Response()
    response.status_code, response.url = code, f"{SERVER}{path}"
    own = MlflowException(
        f"API request to endpoint {path} failed with error code {code} != 200. Response body: 'Permission denied'",
        error_code=UNAUTHENTICATED if code == 401 else PERMISSION_DENIED,
    )
    return [own, requests.HTTPError("403 Client Error. Response text: Permission denied", response=response)]


@pytest.fixture
def ann(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/2.0/mlflow/runs/create", "user ann may not start a run in this experiment"),
        ("/api/2.0/mlflow/runs/log-batch", "user ann may not read or change this run"),
        ("/api/2.0/mlflow/logged-models", "for EDIT on the experiment"),
        ("/api/2.0/mlflow/model-versions/create", "register versions of this model"),
        ("/api/2.0/mlflow/registered-models/alias", "move this alias"),
        ("/api/2.0/mlflow/registered-models/set-tag", "for MANAGE on the registered model"),
        ("/api/2.0/mlflow-artifacts/artifacts/1/0123/artifacts/a.txt", "artifacts of this experiment"),
    ],
)
def test_a_refusal_says_who_may_not_do_what(ann: None, path: str, words: str) -> None:
    for error in answered(403, path):
        said = refusal(error, SERVER)
        assert said is not None
        assert words in said


def test_a_refused_login_names_the_variables(ann: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in answered(401, "/api/2.0/mlflow/runs/create"):
        assert "does not know, of user ann: check MLFLOW_TRACKING_USERNAME" in str(refusal(error, SERVER))
        with monkeypatch.context() as without:
            without.delenv("MLFLOW_TRACKING_USERNAME")
            assert "Got no name and password" in str(refusal(error, SERVER))


def test_what_somebody_else_refuses_is_no_refusal_of_the_server(ann: None) -> None:
    _, elsewhere = answered(403, "/t.csv")
    assert refusal(elsewhere, "https://data.example.com") is None
    assert refusal(MlflowException("not there"), SERVER) is None
    assert refusal(MlflowException("403: Invalid Host header", error_code=PERMISSION_DENIED), SERVER) is None
    stored = answered(403, "/api/2.0/mlflow-artifacts/artifacts/1/a.txt")[1]
    assert refusal(requests.HTTPError("403 Client Error: Forbidden", response=stored.response), SERVER) is None
