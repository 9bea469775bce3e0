"""`mlflow models serve` on a model of Grove, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests

from tests import tables
from tests.inference.models import arrow, register, scorer_of, trained
from tests.servers import free_port, wait_for

ROW = {"day": "2020-03-01", "moment": "2020-03-01T00:30:00+01:00", "flag": None}
"""A missing boolean, a date, and a moment that in UTC is on the day before."""


@pytest.fixture
def address(client: mlflow.MlflowClient, folder: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Where a server answers for a registered model that was trained on dates."""
    port, uri = free_port(), register(client, tables.dates(), "weekend", tmp_path)
    command = ["mlflow", "models", "serve", "-m", uri, "--env-manager", "local", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--workers", "1"], cwd=folder, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def test_good_and_bad_requests(address: str) -> None:
    def post(body: Any) -> requests.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return requests.post(address, data=text, headers={"Content-Type": "application/json"}, timeout=60)

    def refused(body: Any, *words: str) -> None:
        answer = post(body)
        assert answer.status_code == 400, answer.text
        assert "Traceback" not in answer.text
        for word in words:
            assert word in answer.json()["message"], answer.text

    model = trained(tables.dates(), "weekend")
    rows = arrow(tables.dates()).slice(0, 20)
    expected = scorer_of(model, rows).score(rows, 1).rows.to_pandas()
    frame = tables.dates().head(20)[["day", "moment", "flag"]].astype({"day": str, "moment": str})
    records = frame.to_dict("records")
    answer = post({"dataframe_records": records, "params": {"probabilities": True}})
    assert answer.status_code == 200, answer.text
    for found, row in zip(answer.json()["predictions"], expected.to_dict("records"), strict=True):
        assert list(found) == ["prediction", "probability_no", "probability_yes"]
        assert found == {name: row[name] for name in found}
    assert post({"dataframe_records": records}).json() == {"predictions": expected["prediction"].tolist()}
    (answered,) = post({"dataframe_records": [ROW]}).json()["predictions"]
    assert answered in ("no", "yes")

    refused(
        {"dataframe_records": [ROW | {"flag": "true"}]}, "Got 'true' in column 'flag', row 1, expected true or false"
    )
    refused({"dataframe_records": [ROW, ROW | {"day": "soon"}]}, "Got 'soon' in column 'day', row 2, expected a date")
    refused({"dataframe_records": [{"day": "2020-03-01", "flag": True}]}, "missing inputs ['moment']")
    refused({"dataframe_records": []}, "missing inputs")
    refused({"dataframe_split": {"columns": list(ROW), "data": []}}, "Got no rows, expected at least one")
    refused({"dataframe_records": [ROW], "params": {"probabilities": "yes"}}, "probabilities", "yes")
    refused({"rows": [ROW]}, "exactly one of the input fields")
    refused("no JSON", "valid JSON")
