"""What a user sees in the MLflow UI, in a real browser."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from types import ModuleType

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
def test_the_description_of_main_reads_like_a_report_and_leads_to_the_steps(
    screenshots: ModuleType, step: Callable[..., Result], client: mlflow.MlflowClient, folder
) -> None:
    table = tables.unicode_names()
    table.to_parquet(folder / "t.parquet", index=False)
    main = step("main", data=str(folder / "t.parquet"), target="класс", **TRIVIAL)
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
