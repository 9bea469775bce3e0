"""A tracking store of its own for each test, and ways to run Grove for real against it."""

from __future__ import annotations

import steps.forest  # noqa: F401  # before any test module loads scikit-learn: it limits OpenMP to one thread

# isort: split
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from uuid import uuid4

import hypothesis
import mlflow
import pytest
import yaml
from mlflow.entities import Run
from mlflow.utils.file_utils import local_file_uri_to_path

from tests.repositories import commit
from tests.servers import git_daemon

# How long an example takes says more about what else the machine does.
hypothesis.settings.register_profile("grove", deadline=None)
hypothesis.settings.load_profile("grove")

PROJECT = Path(__file__).parents[1]
MLPROJECT = yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
TRIVIAL = {
    "n_estimators": "5",
    "max_features": "sqrt",
    "min_samples_leaf": "1",
    "n_clusters": "2",
    "cluster_features": "distances",
    "cv": "2",
}
"""Grids of one candidate each, for what is not about the search."""
SHARING = ("test_team_server.py", "test_ui.py")
"""Files whose tests share a server, or a main, that takes a minute to make."""
Started = tuple[subprocess.Popen[str], Run]
"""The process of an entry point, and the run that it is."""


@dataclass(frozen=True)
class Result:
    """What a command said, and the run that it was."""

    code: int
    out: str
    run: Run

    @property
    def reason(self) -> str:
        return self.run.data.tags.get("grove.failure", "")

    @property
    def note(self) -> str:
        return self.run.data.tags.get("mlflow.note.content", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What comes last is divided among the workers, each of which would make its own.
    items.sort(key=lambda item: item.path.name not in SHARING)


@pytest.fixture(autouse=True)
def _environment_is_put_back() -> Iterator[None]:
    # mlflow.set_experiment and set_tracking_uri set variables, which would reach the processes of later tests.
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_experiments()
    return folder / "mlflow.db"


@pytest.fixture
def folder(tmp_path: Path, _empty_store: Path) -> Path:
    """A folder with a space in its name and an empty store, where a user might type commands."""
    place = tmp_path / "a user's folder"
    place.mkdir()
    shutil.copy(_empty_store, place / "mlflow.db")
    return place


@pytest.fixture
def client(folder: Path) -> mlflow.MlflowClient:
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment_id = client.create_experiment("grove", artifact_location=(folder / "artifacts").as_uri())
    assert experiment_id == "1"
    return client


@pytest.fixture
def environment(folder: Path, client: mlflow.MlflowClient, tmp_path: Path) -> dict[str, str]:
    """Environment variables for a process that is to use the store; temporary files go to a folder of the test's."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": client.tracking_uri,
        "MLFLOW_EXPERIMENT_ID": "1",
        "TMPDIR": str(temporary),
    }


@pytest.fixture
def start(client: mlflow.MlflowClient, environment: dict[str, str]) -> Iterator[Callable[..., Started]]:
    """Start one entry point as MLflow does, without the seconds that `mlflow run` takes; it is ended with the test."""
    with contextlib.ExitStack() as processes:

        def begin(name: str, project: Path = PROJECT, *, run_name: str = "quick-fox-1", **given: str) -> Started:
            created = client.create_run("1", run_name=run_name)
            parameters = MLPROJECT[name]["parameters"]
            values = {key: str(about.get("default", "")) for key, about in parameters.items()} | given
            process = subprocess.Popen(
                [sys.executable, "-m", f"steps.{name}", *(f"--{key}={value}" for key, value in values.items())],
                cwd=project,
                env={**environment, "MLFLOW_RUN_ID": created.info.run_id},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.enter_context(process)
            processes.callback(process.kill)
            return process, created

        yield begin


@pytest.fixture
def step(start: Callable[..., Started], client: mlflow.MlflowClient) -> Callable[..., Result]:
    """Run one entry point to its end."""

    def run(name: str, project: Path = PROJECT, **given: str) -> Result:
        process, created = start(name, project, **given)
        out, err = process.communicate(timeout=900)
        return Result(process.returncode, out + err, client.get_run(created.info.run_id))

    return run


@pytest.fixture
def mlflow_run(folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]) -> Callable[..., Result]:
    """Type `mlflow run` in the user's folder."""

    def run(uri: str | Path, entry_point: str = "main", *, env_manager: str = "local", **given: str) -> Result:
        parameters = [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
        done = subprocess.run(
            ["mlflow", "run", str(uri), "-e", entry_point, "--env-manager", env_manager, *parameters],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,  # pytest's own limit comes first, unless a test sets a longer one
            check=False,
        )
        runs = client.search_runs(
            ["1"], f"tags.mlflow.project.entryPoint = '{entry_point}'", order_by=["start_time DESC"], max_results=1
        )
        return Result(done.returncode, done.stdout + done.stderr, runs[0])

    return run


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The project, as it is now, committed into a git repository of its own; the path has a space."""
    yield copy_project(tmp_path / "a clone" / "grove")


@pytest.fixture(scope="session")
def registry_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("a store")
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("grove", artifact_location=(folder / "artifacts").as_uri())
    return folder / "mlflow.db"


@pytest.fixture
def registry(registry_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mlflow.MlflowClient]:
    """Let this process log in the store."""
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{registry_store}")
    mlflow.set_experiment(experiment_id="1")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def name(registry: mlflow.MlflowClient) -> str:
    """Give a model name that no other test has."""
    return f"model {uuid4().hex}"


def stored(client: mlflow.MlflowClient, run_id: str, path: str) -> Path:
    """Return where an artifact lies in the store, to look at it or to spoil it."""
    return Path(local_file_uri_to_path(client.get_run(run_id).info.artifact_uri)) / path


def copy_project(target: Path) -> Path:
    """Copy the project's files, tracked and new ones, and commit them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT, capture_output=True, check=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, target / name)
    commit(target)
    return target


def children(client: mlflow.MlflowClient, run: Run) -> dict[str, Run]:
    """Return the runs below a run, by name, in the order of their start."""
    found = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{run.info.run_id}'", order_by=["start_time ASC"])
    return {child.info.run_name: child for child in found}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """A git daemon of the test's own: the project at /repo, and inside a larger repository at /larger."""
    copy_project(tmp_path / "served" / "repo")
    copy_project(tmp_path / "served" / "larger" / "tools" / "grove")
    subprocess.run(["rm", "-rf", str(tmp_path / "served" / "larger" / "tools" / "grove" / ".git")], check=True)
    commit(tmp_path / "served" / "larger")
    with git_daemon(tmp_path / "served") as url:
        yield url
