"""Make the README's pictures: run Grove into a store of its own, and photograph the MLflow UI with Debian's chromium.

python docs/screenshots.py [endpoint]

With an endpoint of the gateway that MLFLOW_DEPLOYMENTS_TARGET names, its LLM writes the model card.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlflow
from mlflow.entities import Run
from playwright.sync_api import FrameLocator, Locator, Page, sync_playwright

COLUMNS = ("cv_balanced_accuracy", "grove.winner", "grove.verdict")
"""What the picture of the experiment shows of each run."""
DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
_SHOWN_AT_FIRST = ("Dataset", "Source", "Models")
"""Columns that the list of runs has until they are chosen away."""
_FRAME = "iframe.mlflow-html-iframe"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@contextmanager
def served(tracking_uri: str) -> Iterator[str]:
    """Serve the store's UI on a free port of this machine, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", tracking_uri, "--workers", "1"]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def _wait_for(port: int, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError(f"Got nobody on port {port} within {seconds:.0f} seconds, expected the MLflow server.")


@contextmanager
def browser_page(width: int = 1280, **looks: Any) -> Iterator[Page]:
    """Open a page in headless Chromium; `looks` are Playwright's, such as `color_scheme`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser.new_page(viewport={"width": width, "height": 1100}, **looks)
        browser.close()


def show_run(page: Page, address: str, experiment_id: str, run_id: str) -> None:
    """Open the run's page with its whole description."""
    page.goto(f"{address}/#/experiments/{experiment_id}/runs/{run_id}")
    page.get_by_text("About this run").wait_for()
    _tidy(page)
    for more in page.get_by_text("Show more", exact=True).all():
        more.click()
    page.wait_for_timeout(1000)


def show_experiment(page: Page, address: str, experiment_id: str, columns: Sequence[str]) -> None:
    """Open the experiment's runs, each below the one that started it, with these columns beside their names."""
    page.goto(f"{address}/#/experiments/{experiment_id}/runs")
    page.get_by_role("button", name="Columns", exact=True).wait_for()
    _tidy(page)
    page.get_by_role("button", name="Columns", exact=True).click()
    for name in (*_SHOWN_AT_FIRST, *columns):
        page.get_by_placeholder("Search columns").fill(name)
        entry = page.locator(".du-bois-light-tree-treenode").filter(has_text=re.compile(f"^{re.escape(name)}$"))
        entry.locator(".du-bois-light-tree-checkbox").click()
    page.keyboard.press("Escape")
    for parent in ("main", "train_rf_kmeans", "train_rf"):
        link = page.get_by_role("link", name=parent, exact=True).first
        page.get_by_role("gridcell").filter(has=link).first.get_by_role("button").first.click()
    page.wait_for_timeout(1000)
    for name in columns:
        edge = page.locator(f".ag-header-cell[col-id$='`{name}`'] .ag-header-cell-resize")
        edge.dblclick()  # makes the column as wide as what is in it
    page.wait_for_timeout(500)


def show_comparison(page: Page, address: str, experiment_id: str, run_ids: Sequence[str]) -> Locator:
    """Open the page that compares the runs, and return its chart of parallel coordinates."""
    runs, experiments = (quote(json.dumps(ids)) for ids in (list(run_ids), [experiment_id]))
    page.goto(f"{address}/#/compare-runs?runs={runs}&experiments={experiments}")
    chart = page.locator(".js-plotly-plot").first
    chart.wait_for()
    _tidy(page)
    return chart


def show_report(page: Page, address: str, experiment_id: str, run_id: str) -> FrameLocator:
    """Open the run's report in MLflow's viewer, and return the frame that it is in."""
    return _show_html(page, f"{address}/#/experiments/{experiment_id}/runs/{run_id}/artifacts/report.html")


def show_card(page: Page, address: str, experiment_id: str, run_id: str) -> FrameLocator:
    """Open the model card that a run of describe wrote, and return the frame that it is in."""
    return _show_html(page, f"{address}/#/experiments/{experiment_id}/runs/{run_id}/artifacts/model_card.html")


def _show_html(page: Page, url: str) -> FrameLocator:
    page.goto(url)
    frame = page.frame_locator(_FRAME)
    frame.locator("h1").wait_for()
    _tidy(page)
    return frame


def show_version(page: Page, address: str, name: str, version: str) -> None:
    """Open the page of a version of a registered model."""
    page.goto(f"{address}/#/models/{quote(name)}/versions/{version}")
    page.get_by_text("Registered At").wait_for()
    _tidy(page)


def _tidy(page: Page) -> None:
    """Let the page come to rest, and close MLflow's assistant beside it."""
    page.wait_for_timeout(2000)
    for button in page.get_by_role("button", name="Close", exact=True).all():
        button.click()
    page.wait_for_timeout(500)


def main() -> None:
    """Run the default pipeline and photograph what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/mlflow.db"
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": store,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        command = ["mlflow", "run", str(DOCS.parent), "--env-manager", "local", "-e"]
        subprocess.run([*command, "main"], cwd=folder, env=environment, check=True)
        client = mlflow.MlflowClient(store)
        (run,) = client.search_runs(["0"], "tags.mlflow.project.entryPoint = 'main'")
        with served(store) as address, browser_page() as page:
            photograph(page, address, client, run)
            writer = [word for endpoint in sys.argv[1:] for word in ("-P", f"endpoint={endpoint}")]
            subprocess.run([*command, "describe", *writer], cwd=folder, env=environment, check=True)
            (described,) = client.search_runs(["0"], "tags.mlflow.project.entryPoint = 'describe'")
            show_card(page, address, "0", described.info.run_id)
            page.locator(_FRAME).screenshot(path=DOCS / "model_card.png")


def photograph(page: Page, address: str, client: mlflow.MlflowClient, main: Run) -> None:
    """Make all pictures of a run of main in the first experiment."""
    tags = main.data.tags
    show_run(page, address, "0", main.info.run_id)
    page.screenshot(path=DOCS / "main_run.png")
    show_experiment(page, address, "0", COLUMNS)
    page.screenshot(path=DOCS / "experiment.png")
    tried = client.search_runs(["0"], f"tags.mlflow.parentRunId = '{tags['grove.step.train_rf_kmeans']}'")
    show_comparison(page, address, "0", [run.info.run_id for run in tried])
    page.screenshot(path=DOCS / "compare.png")
    show_report(page, address, "0", tags["grove.step.evaluate"])
    page.screenshot(path=DOCS / "report.png")
    show_version(page, address, tags["grove.model_name"], tags["grove.model_version"])
    page.screenshot(path=DOCS / "model_version.png")


if __name__ == "__main__":
    main()
