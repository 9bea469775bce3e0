"""What a user sees in the MLflow UI, and of the report and the cards, in a real browser."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pytest
from mlflow.entities import Run

from steps.report.page import Heading, Table, page
from tests import tables
from tests.conftest import MLPROJECT, PROJECT, TRIVIAL, children, stored

pytestmark = pytest.mark.browser
LOCAL = ("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:", "file:")


@dataclass(frozen=True)
class Shown:
    """A main that has run against a server, and where the server shows it."""

    address: str
    client: mlflow.MlflowClient
    main: Run

    @property
    def steps(self) -> dict[str, Run]:
        return children(self.client, self.main)

    def file(self, step: str, path: str) -> str:
        """Return the address of a step's artifact on this machine."""
        return stored(self.client, self.steps[step].info.run_id, path).as_uri()


@pytest.fixture(scope="module")
def screenshots() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", PROJECT / "docs" / "screenshots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shown(screenshots: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("ui")
    store = f"sqlite:///{folder / 'mlflow.db'}"
    mlflow.MlflowClient(store).create_experiment("grove", artifact_location=(folder / "artifacts").as_uri())
    tables.unicode_names(1500, noise=0.2).to_parquet(folder / "t.parquet", index=False)
    given = {name: str(about.get("default", "")) for name, about in MLPROJECT["main"]["parameters"].items()}
    given |= TRIVIAL | {"n_clusters": "2,3", "max_features": "1,2", "cluster_features": "distances"}
    given |= {"data": str(folder / "t.parquet"), "target": "класс", "slices": "место $x_1$"}
    with screenshots.served(store) as address:
        client = mlflow.MlflowClient(address)
        run_id = client.create_run("1", run_name="quick-fox-1").info.run_id
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MLFLOW_TRACKING_URI": address,
            "MLFLOW_EXPERIMENT_ID": "1",
            "MLFLOW_RUN_ID": run_id,
        }
        command = [sys.executable, "-m", "steps.main", *(f"--{name}={value}" for name, value in given.items())]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Shown(address, client, client.get_run(run_id))


def test_main_reads_like_a_report_that_leads_to_its_steps(screenshots: ModuleType, shown: Shown) -> None:
    with screenshots.browser_page() as page:
        screenshots.show_run(page, shown.address, "1", shown.main.info.run_id)
        text = page.inner_text("body")
        assert "cross-validated balanced_accuracy" in text
        assert "alias champion" in text
        for name, path in (("load", ""), ("The report", "/artifacts/report.html")):
            with page.expect_popup() as opened:
                page.get_by_role("link", name=name, exact=True).first.click()
            step = {"load": "load", "The report": "evaluate"}[name]
            opened.value.wait_for_url(f"**/runs/{shown.steps[step].info.run_id}{path}*")
        screenshots.show_run(page, shown.address, "1", shown.steps["load"].info.run_id)
        text = page.inner_text("body")
        for name in tables.unicode_names().columns:
            assert name in text, "names with Markdown's own characters are shown as they are"


def test_the_experiment_shows_the_runs_with_their_scores_and_the_verdict(screenshots: ModuleType, shown: Shown) -> None:
    scored = set()
    with screenshots.browser_page(1500) as page:
        screenshots.show_experiment(page, shown.address, "1", screenshots.COLUMNS)
        for name, run in {"main": shown.main, **shown.steps}.items():
            row = page.locator(f".ag-row[row-id='{run.info.run_id}']")
            assert name in " ".join(row.all_inner_texts())
            if "grove.verdict" in run.data.tags:
                assert run.data.tags["grove.verdict"] in " ".join(row.all_inner_texts())
            if score := run.data.metrics.get("cv_balanced_accuracy"):
                assert score < 1, "a score of 1 would be found in any row"
                assert str(score)[:8] in " ".join(row.all_inner_texts())
                scored.add(name)
    assert scored == {"train_rf", "train_rf_kmeans"}


def test_candidates_can_be_compared(screenshots: ModuleType, shown: Shown) -> None:
    tried = children(shown.client, shown.steps["train_rf_kmeans"])
    assert len(tried) == 4
    with screenshots.browser_page() as page:
        run_ids = [run.info.run_id for run in tried.values()]
        chart = screenshots.show_comparison(page, shown.address, "1", run_ids)
        chart.get_by_text("cv_balanced_accuracy").wait_for()
        text = chart.inner_text()
        assert "n_clusters" in text and "max_features" in text, "those that vary"
        assert "n_estimators" not in text
        assert re.search(r"\b1\.[1-9]0000\b", text), "an axis of numbers, not of texts"


def test_the_report_opens_in_the_run_and_asks_nobody(screenshots: ModuleType, shown: Shown) -> None:
    evaluate = shown.steps["evaluate"]
    verdict = mlflow.artifacts.load_dict(f"{evaluate.info.artifact_uri}/verdict/verdict.json")
    asked, said = [], []
    with screenshots.browser_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{shown.address}/#/experiments/1/runs/{evaluate.info.run_id}")
        page.wait_for_timeout(2000)
        said.clear()  # what MLflow's own pages say
        frame = screenshots.show_report(page, shown.address, "1", evaluate.info.run_id)
        assert frame.locator("h1").inner_text() == f"{verdict['winner']} wins"
        assert frame.locator("header p").inner_text() == verdict["sentence"]
        for place in ("Kraków", "東京", 'it\'s "here"'):
            name = f"место $x_1$ = {place}"
            assert frame.get_by_role("row").filter(has_text=name).count() == 1, name
        widths = frame.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
        assert len(widths) == 13 and min(widths) > 200
        frame.get_by_role("link", name="Provenance").click()
        assert frame.get_by_role("heading", name="Provenance").evaluate("one => one.getBoundingClientRect().top") < 900
        link = frame.get_by_role("link", name=shown.steps["load"].info.run_id)
        assert link.get_attribute("href").startswith(f"{shown.address}/#/experiments/1/runs/")
        assert said == []
    assert asked and all(url.startswith(LOCAL) for url in asked)


CARDS = [
    ("load", "card.html"),
    ("preprocess", "card.html"),
    ("train_rf", "card.html"),
    ("train_rf_kmeans", "card.html"),
    ("register", "card.html"),
]
PAGES = [*CARDS, ("evaluate", "verdict/card.html"), ("evaluate", "report.html")]


@pytest.mark.parametrize(("step", "path"), PAGES, ids=["/".join(names) for names in PAGES])
def test_a_page_fits_a_phone_in_the_dark(screenshots: ModuleType, shown: Shown, step: str, path: str) -> None:
    with screenshots.browser_page(390, color_scheme="dark") as page:
        page.goto(shown.file(step, path))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", paper))) < 60, paper
        assert_in_order(page)


def assert_in_order(page: Any) -> None:
    """A reader that hears the page finds its way."""
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1 and max(levels) <= 2
    assert page.eval_on_selector_all("th", "all => all.every(one => ['row', 'col'].includes(one.scope))")
    assert page.eval_on_selector_all("img", "all => all.every(one => one.alt)")
    assert page.get_attribute("html", "lang") == "en"


def test_a_page_of_long_names_and_many_columns_fits_too(screenshots: ModuleType, tmp_path: Path) -> None:
    names = [f"column_{i}_{'long' * 50}" for i in range(9)]
    wide = Table(names, [names], "of " + "x" * 200)
    path = tmp_path / "page.html"
    path.write_text(
        page("t" * 200, "s" * 200, ["p" * 200, ["i" * 200], Heading("h" * 200), wide, Table(names[:4], [names[:4]])])
    )
    for width in (390, 800, 1280):
        with screenshots.browser_page(width) as opened:
            opened.goto(path.as_uri())
            assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_the_report_can_be_printed(screenshots: ModuleType, shown: Shown) -> None:
    with screenshots.browser_page(color_scheme="dark") as page:
        page.goto(shown.file("evaluate", "report.html"))
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.is_visible("nav")
        printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF") and 5 < printed.count(b"/Type /Page\n") < 30


def test_the_version_of_the_model_tells_its_story(screenshots: ModuleType, shown: Shown) -> None:
    tags = shown.main.data.tags
    with screenshots.browser_page() as page:
        screenshots.show_version(page, shown.address, tags["grove.model_name"], tags["grove.model_version"])
        text = page.inner_text("body")
        assert "train_rf for класс" in text
        assert "the simpler forest wins" in text
        assert "champion" in text
