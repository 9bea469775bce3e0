"""Run commands in turns, each in a folder and a tracking store of its own, and compare what they cost."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

import click
import mlflow
import psutil

PROJECT = Path(__file__).parents[1]
_SAMPLE_SECONDS = 0.05
_SHOWN_CHARACTERS = 4000
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """What one command took, all processes below it included: seconds, and bytes at the peak."""

    cpu: float
    wall: float
    memory: float


@dataclass(frozen=True)
class Measured:
    """A command's costs, one a repeat, and what it printed the last time."""

    costs: list[Cost]
    output: str

    @property
    def median(self) -> Cost:
        """The medians, each by itself."""
        return Cost(*map(statistics.median, zip(*map(astuple, self.costs), strict=True)))


def in_turns(
    commands: Mapping[str, Sequence[str]], repeats: int, variables: Mapping[str, str] | None = None
) -> dict[str, Measured]:
    """Run the commands A B A B …, so that a busy hour of the machine falls on both.

    Parameters
    ----------
    commands
        By name.
    repeats
        Runs of each.
    variables
        Environment variables to set, such as the URI of a store that all runs share.

    Raises
    ------
    click.ClickException
        When one of them fails, with the end of what it printed.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    outputs: dict[str, str] = {}
    for repeat in range(repeats):
        for name, command in commands.items():
            with fresh_store() as environment:
                cost, outputs[name] = spend(command, environment | (variables or {}))
            costs[name].append(cost)
            spent = f"CPU {cost.cpu:.1f} s, wall {cost.wall:.1f} s, peak {cost.memory / MEGABYTE:.0f} MB"
            click.echo(f"  {repeat + 1}/{repeats} {name}: {spent}", err=True)
    return {name: Measured(costs[name], outputs[name]) for name in commands}


def spend(command: Sequence[str], environment: Mapping[str, str]) -> tuple[Cost, str]:
    """Run the command in the project's folder; return its cost and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=said, stderr=subprocess.STDOUT)
        peak = 0.0
        while process.poll() is None:
            looked = time.perf_counter()
            peak = max(peak, _memory(process.pid))
            # Large processes are slow to look at, and the look must not cost the other side a core.
            time.sleep(max(_SAMPLE_SECONDS, 50 * (time.perf_counter() - looked)))
        wall = time.perf_counter() - started
        said.seek(0)
        output = said.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise click.ClickException(
            f"Got exit code {process.returncode} from {' '.join(command)}:\n{output[-_SHOWN_CHARACTERS:]}"
        )
    return Cost(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall, peak), output


def _memory(pid: int) -> float:
    """Return the bytes that a process and all below it take now; what they share counts once."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                used = process.memory_full_info()
                total += getattr(used, "pss", used.uss)  # Linux alone knows the proportional share
    return total


@contextmanager
def fresh_store() -> Iterator[dict[str, str]]:
    """Give the environment of a process with an empty store; the folder with all it wrote is removed."""
    with tempfile.TemporaryDirectory(prefix="grove-benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        temporary = folder / "tmp"
        temporary.mkdir()
        (folder / "mlflow.db").write_bytes(_empty_store())
        uri = f"sqlite:///{folder / 'mlflow.db'}"
        mlflow.MlflowClient(uri).create_experiment("benchmark", artifact_location=(folder / "artifacts").as_uri())
        yield environment() | {
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_EXPERIMENT_NAME": "benchmark",
            "TMPDIR": str(temporary),
        }


def environment() -> dict[str, str]:
    """Return this process's environment without what would make MLflow or Python behave in another way."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MLFLOW_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


@cache
def _empty_store() -> bytes:
    # Its hundred migrations take seconds, once in the life of a store; they are no part of a run.
    folder = Path(tempfile.mkdtemp(prefix="grove-benchmark-"))
    try:
        path = folder / "mlflow.db"
        mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
        return path.read_bytes()
    finally:
        shutil.rmtree(folder)


def print_ratio(title: str, measured: Mapping[str, Measured], limits: str) -> None:
    """Print the medians of both sides, and the first's in relation to the second's, beside its limits."""
    (first, above), (second, below) = measured.items()
    a, b = above.median, below.median
    width = max(len(first), len(second))
    click.echo(f"{title}; medians of {len(above.costs)}")
    click.echo(f"  {'':{width}}  {'CPU s':>7}  {'wall s':>7}  {'peak MB':>7}")
    for name, cost in ((first, a), (second, b)):
        click.echo(f"  {name:{width}}  {cost.cpu:7.1f}  {cost.wall:7.1f}  {cost.memory / MEGABYTE:7.0f}")
    ratios = (a.cpu / b.cpu, a.wall / b.wall, a.memory / b.memory)
    click.echo(f"  {'ratio':{width}}  {'  '.join(f'{ratio:7.3f}' for ratio in ratios)}  ({limits})")
