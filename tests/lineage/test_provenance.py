"""What is recorded of where a run comes from, and what is refused."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest
from mlflow.utils.mlflow_tags import MLFLOW_GIT_REPO_URL, MLFLOW_SOURCE_NAME

from steps.lineage.provenance import hide_credentials, read_record, refuse_dirty

CLEAN = {"commit": "0123456789" * 4, "dirty": False, "problem": None, "refusal": None}


def test_a_clean_commit_is_not_refused() -> None:
    refuse_dirty(CLEAN)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"dirty": True}, "a work tree that differs from commit 012345678901, .* they are kept as source.patch"),
        ({"dirty": True, "problem": "Got 11.0 MB."}, "which needs a clean commit. Got 11.0 MB."),
        ({"commit": None, "dirty": True, "refusal": "dubious"}, r"a project without a commit \(dubious\)"),
    ],
)
def test_all_else_is_refused_with_the_reason(source: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"Got strict=true.*{said}"):
        refuse_dirty(CLEAN | source)


@pytest.fixture
def run(client: mlflow.MlflowClient) -> Any:
    mlflow.set_tracking_uri(client.tracking_uri)
    url = "https://me:secret@example.org/grove.git"
    tags = {MLFLOW_SOURCE_NAME: f"{url}#tools", MLFLOW_GIT_REPO_URL: url}
    with mlflow.start_run(experiment_id="1", tags=tags) as active:
        yield active
    mlflow.set_tracking_uri(None)


def test_passwords_that_mlflow_recorded_are_taken_out(run: mlflow.ActiveRun) -> None:
    hide_credentials(run)
    tags = mlflow.get_run(run.info.run_id).data.tags
    assert tags[MLFLOW_SOURCE_NAME] == "https://example.org/grove.git#tools"
    assert tags[MLFLOW_GIT_REPO_URL] == "https://example.org/grove.git"


@pytest.mark.parametrize("content", ["[]", "{}", '{"entry_point": "load", "parameters": {}, "source": {}}'])
def test_a_damaged_record_is_an_error(run: mlflow.ActiveRun, content: str) -> None:
    mlflow.log_text(content, "provenance.json")
    with pytest.raises(ValueError, match=f"Got provenance.json of run {run.info.run_id} without its "):
        read_record(run.info.run_id)
