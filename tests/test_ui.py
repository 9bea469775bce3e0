"""What a user sees in the MLflow UI, in a real browser."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from types import ModuleType
from urllib.parse import quote

import mlflow
import pytest

from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Result, children


@pytest.fixture(scope="module")
def screenshots() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", PROJECT / "docs" / "screenshots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.browser
def test_main_reads_like_a_report_that_leads_to_its_steps_and_their_candidates_can_be_compared(
    screenshots: ModuleType, step: Callable[..., Result], client: mlflow.MlflowClient, folder
) -> None:
    table = tables.unicode_names()
    table.to_parquet(folder / "t.parquet", index=False)
    grids = TRIVIAL | {"n_clusters": "2,3", "max_features": "1,2"}
    main = step("main", data=str(folder / "t.parquet"), target="класс", **grids)
    assert main.code == 0, main.out
    found = children(client, main.run)
    with screenshots.served(client.tracking_uri) as address, screenshots.browser_page() as page:
        screenshots.show_run(page, address, "1", main.run.info.run_id)
        text = page.inner_text("body")
        assert "cross-validated balanced_accuracy" in text
        assert "alias champion" in text
        link = page.locator("table").get_by_role("link", name="load", exact=True)
        with page.expect_popup() as opened:
            link.click()
        opened.value.wait_for_url(f"**/runs/{found['load'].info.run_id}*")
        screenshots.show_run(page, address, "1", found["load"].info.run_id)
        text = page.inner_text("body")
        for name in table.columns:
            assert name in text, "names with Markdown's own characters are shown as they are"
        tried = children(client, found["train_rf_kmeans"])
        assert len(tried) == 4
        page.goto(comparison(address, [run.info.run_id for run in tried.values()]))
        chart = page.locator(".js-plotly-plot").first
        chart.get_by_text("cv_balanced_accuracy").wait_for()
        shown = chart.inner_text()
        assert "n_clusters" in shown and "max_features" in shown, "those that vary"
        assert "n_estimators" not in shown
        assert re.search(r"\b1\.[1-9]0000\b", shown), "an axis of numbers, not of texts"


def comparison(address: str, run_ids: list[str]) -> str:
    """Return where the UI compares runs in the parallel-coordinates chart."""
    return f"{address}/#/compare-runs?runs={quote(json.dumps(run_ids))}&experiments={quote(json.dumps(['1']))}"
