"""Make the README's pictures: run Grove into a store of its own, and photograph the MLflow UI with Debian's chromium.

python docs/screenshots.py
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
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
def browser_page() -> Iterator[Page]:
    """Open a page in headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser.new_page(viewport={"width": 1280, "height": 1100})
        browser.close()


def show_run(page: Page, address: str, experiment_id: str, run_id: str) -> None:
    """Open the run's page with its whole description, and without MLflow's assistant beside it."""
    page.goto(f"{address}/#/experiments/{experiment_id}/runs/{run_id}")
    page.get_by_text("About this run").wait_for()
    page.wait_for_timeout(2000)
    for button in page.get_by_role("button", name="Close", exact=True).all():
        button.click()
    for more in page.get_by_text("Show more", exact=True).all():
        more.click()
    page.wait_for_timeout(1000)


def main() -> None:
    """Run the default pipeline and photograph its run."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/mlflow.db"
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": store,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        command = ["mlflow", "run", str(DOCS.parent), "-e", "main", "--env-manager", "local"]
        subprocess.run(command, cwd=folder, env=environment, check=True)
        client = mlflow.MlflowClient(store)
        (run,) = client.search_runs(["0"], "tags.mlflow.project.entryPoint = 'main'")
        with served(store) as address, browser_page() as page:
            show_run(page, address, "0", run.info.run_id)
            page.screenshot(path=DOCS / "main_run.png")


if __name__ == "__main__":
    main()
