"""Eight mains typed at the same moment: none fails, none is mixed up with another, and equal steps run once."""

from __future__ import annotations

import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from steps.lineage import interruption
from steps.lineage.cache import check_output, output_of
from steps.lineage.in_progress import IN_PROGRESS_TAG
from steps.lineage.run_files import check_files, run_folder
from steps.registry.history import read_history, what_became
from tests import tables
from tests.conftest import PROJECT, TRIVIAL, Started
from tests.processes import find, wait_until
from tests.team import clean_environment, team_server

STEPS = ["load", "preprocess", "train_rf", "train_rf_kmeans", "evaluate", "register"]
EIGHT = 8
SECONDS = 800
"""For eight mains on two cores that are busy with other tests, which need some fifty else."""
FIRST = "flock mlflow.lock mlflow experiments search > /dev/null"
"""What README says to type where there is no store yet."""


def type_at_once(
    folder: Path, mains: Sequence[tuple[dict[str, str], int]], before: str = "true"
) -> list[tuple[int, str]]:
    """Type `mlflow run` several times at the same moment in one folder; return the exit codes and the outputs.

    Parameters
    ----------
    mains
        The environment and the seed of each.
    """
    tables.numeric_binary().to_csv(folder / "table.csv", index=False)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, (environment, seed) in enumerate(mains):
            given = {"data": "table.csv", "target": "sick", "seed": str(seed), **TRIVIAL}
            words = [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
            line = shlex.join(["mlflow", "run", str(PROJECT), "-e", "main", "--env-manager", "local", *words])
            with (folder / f"output {number}").open("wb") as output:
                command = ["bash", "-c", f"{before} && {line}"]
                started.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output))
        codes = [process.wait(SECONDS) for process in started]
    finally:
        for process in started:
            process.terminate()
    return [(code, (folder / f"output {number}").read_text(encoding="utf-8")) for number, code in enumerate(codes)]


def check(client: mlflow.MlflowClient, experiment_id: str, typed: list[tuple[int, str]]) -> Counter[str]:
    """Assert that all is well and whole; return how often each step was run."""
    for code, output in typed:
        assert code == 0, output
    runs = client.search_runs([experiment_id], max_results=1000)
    assert [run.info.run_id for run in runs if run.info.status != "FINISHED"] == []
    mains = [run for run in runs if run.data.tags.get("mlflow.project.entryPoint") == "main"]
    assert len(mains) == len(typed)
    of_run = {run.info.run_id: run for run in runs}
    for main in mains:
        check_main(main, of_run)
    metrics = {(main.data.params["seed"], tuple(sorted(main.data.metrics.items()))) for main in mains}
    assert len(metrics) == len({main.data.params["seed"] for main in mains}), "equal mains have equal results"
    mlflow.set_tracking_uri(client.tracking_uri)
    for run_id in {main.data.tags[f"grove.step.{step}"] for main in mains for step in STEPS}:
        check_whole(of_run[run_id])
    check_registry(client)
    return Counter(run.info.run_name for run in runs if run.info.run_name in STEPS)


def check_main(main: Run, of_run: dict[str, Run]) -> None:
    """Assert that a main says of itself what is so, and that its steps are its own or equal."""
    tags = main.data.tags
    assert not [tag for tag in tags if tag.startswith(IN_PROGRESS_TAG)]
    steps = {step: of_run[tags[f"grove.step.{step}"]] for step in STEPS}
    below = {run.info.run_id for run in of_run.values() if run.data.tags.get("mlflow.parentRunId") == main.info.run_id}
    cached = [step for step, run in steps.items() if run.info.run_id not in below]
    assert below <= {run.info.run_id for run in steps.values()}, "it ran nothing beside its steps"
    assert tags["grove.cached"] == (",".join(cached) or "none")
    for step, run in steps.items():
        assert run.info.run_name == step
        given = {"seed": run.data.params.get("seed", main.data.params["seed"])}
        assert given.items() <= main.data.params.items(), f"the {step} of another main"
    chain = [steps["load"], steps["preprocess"]]
    assert chain[1].data.params["table"] == f"runs:/{chain[0].info.run_id}/table"
    for trainer in ("train_rf", "train_rf_kmeans"):
        assert steps[trainer].data.params["split"] == f"runs:/{steps['preprocess'].info.run_id}/split"
    registered = steps["register"].data.tags
    for tag in ("grove.model_name", "grove.model_version", "grove.model_alias"):
        assert tags[tag] == registered[tag]
    assert steps["register"].data.params["verdict"] == f"runs:/{steps['evaluate'].info.run_id}/verdict"
    assert steps["evaluate"].info.run_id in tags["mlflow.note.content"]


def check_whole(run: Run) -> None:
    """Assert that all files of a step's run are as it recorded them, and that its output is."""
    check_files(run_folder(run))
    kind = output_of(run.info.run_name)
    if kind is not None:
        check_output(run, kind)


def check_registry(client: mlflow.MlflowClient) -> None:
    """Assert that there is one champion, at the end of a history without a gap, and no model has two versions."""
    (model,) = client.search_registered_models()
    versions = client.search_model_versions(f"name = '{model.name}'")
    assert len({version.tags["grove.model"] for version in versions}) == len(versions)
    assert len({version.run_id for version in versions}) == len(versions)
    aliases = {alias: str(version) for alias, version in model.aliases.items()}
    history = read_history(model)
    assert not history.faults
    assert what_became(history.records, aliases) == [""] * len(history.records)
    champions = [record.moves["champion"] for record in history.records if "champion" in record.moves]
    assert [start for start, _ in champions] == [None, *(end for _, end in champions[:-1])]
    assert aliases["champion"] == champions[-1][1]
    assert client.get_model_version(model.name, aliases["champion"]).tags["grove.gate"] == "passed"


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    yield
    mlflow.set_tracking_uri(None)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 100)
def test_on_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    folder = tmp_path / "a user's folder"
    folder.mkdir()
    typed = type_at_once(folder, [(clean_environment(), 0)] * EIGHT, FIRST)
    ran = check(mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}"), "0", typed)
    assert ran == Counter(STEPS)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 100)
def test_with_two_seeds_on_a_store_that_exists(
    folder: Path, client: mlflow.MlflowClient, environment: dict[str, str]
) -> None:
    ran = check(client, "1", type_at_once(folder, [(environment, seed % 2) for seed in range(EIGHT)]))
    # Whose champion is another one meanwhile registers once more.
    assert 2 <= ran.pop("register") <= EIGHT
    assert ran == Counter({step: 1 if step == "load" else 2 for step in STEPS[:-1]})


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 100)
def test_two_users_of_a_team_server(tmp_path: Path) -> None:
    with team_server(tmp_path / "a server's folder") as team:
        environments = [
            {**clean_environment(), "USER": user, "LOGNAME": user, **team.login(user)} for user in ("ann", "bob")
        ]
        typed = type_at_once(tmp_path, [(environments[number % 2], 0) for number in range(EIGHT)])
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environments[0].items():
                patch.setenv(name, value)
            client = mlflow.MlflowClient(team.uri)
            ran = check(client, client.get_experiment_by_name("grove").experiment_id, typed)
    assert ran == Counter(STEPS)


@pytest.mark.slow
def test_a_wait_ends_when_the_one_waited_for_is_killed_or_the_one_that_waits_is_interrupted(
    start: Callable[..., Started], client: mlflow.MlflowClient, folder: Path
) -> None:
    tables.numeric_binary().to_csv(folder / "table.csv", index=False)
    given = {"data": str(folder / "table.csv"), "target": "sick", **TRIVIAL}
    owner, owned = start("main", **given)
    wait_until(lambda: find(owner, "steps.load"), 120)
    (load,) = find(owner, "steps.load")
    load.suspend()  # so it takes as long as this test likes, while its main shows life
    waiting = [start("main", **given) for _ in range(2)]
    for process, _ in waiting:
        said = next(line for line in iter(process.stdout.readline, "") if line.startswith("load: "))
        assert f"run {owned.info.run_id}, which runs it already" in said

    (interrupted, run), (left, _) = waiting
    interrupted.terminate()
    assert interrupted.wait(60) == interruption.EXIT_CODE
    killed = client.get_run(run.info.run_id)
    assert killed.info.status == "KILLED"
    assert not [tag for tag in killed.data.tags if tag.startswith(IN_PROGRESS_TAG)]

    owner.kill()
    load.kill()
    out, err = left.communicate(timeout=250)
    assert left.returncode == 0, out + err
    assert out.startswith("load: waits no longer\n")
