"""A click command whose whole life, from reading its options to its exit code, is one truthful MLflow run."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import mlflow
from mlflow.exceptions import MlflowException

from steps.lineage import interruption, provenance
from steps.lineage.errors import one_line
from steps.lineage.run_files import record_files
from steps.lineage.source import source_read_at_start
from steps.lineage.tracking import check_tracking_uri, without_secrets

FAILURE_TAG = "grove.failure"
NOTE_TAG = "mlflow.note.content"

_ATTEMPTS = 4
_NOTE_CHARACTERS = 8000
"""MLflow refuses longer tags."""
_PAUSE_SECONDS = 0.5
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")


class EntryPoint(click.Command):
    """A command that is a run: FINISHED, FAILED with the reason in its description, or KILLED.

    A user's mistake (a click error, ValueError, OSError or MlflowException) ends with one sentence and exit
    code 1, its traceback kept as the artifact `traceback.txt`; anything else is Grove's mistake and shows its
    traceback. Temporary files of the process, and of those that it starts, are removed at the end.
    """

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command as click does, inside its MLflow run."""
        if "--help" in sys.argv[1:]:
            return super().main(*args, **extra)
        with _temporary_folder() as folder:
            try:
                interruption.install(lambda: _last_words(folder))
                # Not click's own main, which turns Ctrl-C into an error of another kind.
                with _run(str(self.name)), self.make_context(str(self.name), sys.argv[1:]) as context:
                    source_read_at_start(str(self.name))
                    context.obj = provenance.record(str(self.name), self._as_typed(context))
                    self.invoke(context)
            except click.ClickException as error:
                print(f"Error: {error.format_message()}", file=sys.stderr)
                sys.exit(1)
            except KeyboardInterrupt:
                _end("KILLED", "interrupted")
                print(f"{self.name}: interrupted", file=sys.stderr)
                sys.exit(interruption.EXIT_CODE)

    def _as_typed(self, context: click.Context) -> dict[str, str]:
        typed, _, _ = self.make_parser(context).parse_args(sys.argv[1:])
        return {name: str(value) for name, value in typed.items()}


def describe(text: str) -> None:
    """Make the Markdown the description of the active run, which the MLflow UI shows first."""
    mlflow.set_tag(NOTE_TAG, text)


@contextlib.contextmanager
def _run(name: str) -> Iterator[None]:
    # MLflow's news about its own doings would drown the steps' few lines.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    global _run_id
    try:
        check_tracking_uri(mlflow.get_tracking_uri())
        with interruption.held_back():  # it imports the store, which the end of a run needs too
            # A name given here would replace the one that the user gave with --run-name.
            run = mlflow.start_run(run_name=None if "MLFLOW_RUN_ID" in os.environ else name)
            _run_id = run.info.run_id
    except (ValueError, OSError, MlflowException) as error:
        raise click.ClickException(one_line(error)) from error
    try:
        _give_name(run, name)
        provenance.hide_credentials(run)
        yield
        record_files()
        mlflow.end_run("FINISHED")
        _run_id = None  # what comes now is no part of it
    except KeyboardInterrupt:
        raise  # ended by the caller, as an interruption may come before the run is active
    except click.ClickException as error:
        _end("FAILED", one_line(error.format_message()))
        raise
    except (ValueError, OSError, MlflowException) as error:
        _end("FAILED", one_line(error), traceback.format_exc())
        raise click.ClickException(one_line(error)) from error
    except BaseException as error:
        _end("FAILED", one_line(f"{type(error).__name__}: {error}"), traceback.format_exc())
        raise


_run_id: str | None = os.environ.get("MLFLOW_RUN_ID")


def _give_name(run: mlflow.ActiveRun, name: str) -> None:
    # `mlflow run` makes up a name where the user gave none with --run-name.
    if _RANDOM_NAME.fullmatch(run.info.run_name or ""):
        mlflow.set_tag("mlflow.runName", name)


def _end(status: str, reason: str, details: str | None = None) -> None:
    # The store may be what failed; then MLflow's parent process still marks the run by the exit code.
    if _run_id is None:
        return
    client = mlflow.MlflowClient()
    for _ in range(_ATTEMPTS):
        try:
            client.set_terminated(_run_id, status)
            _end_below(client, _run_id)
            break
        except (MlflowException, OSError):  # such as a database that what was interrupted still locks
            time.sleep(_PAUSE_SECONDS)
    with contextlib.suppress(MlflowException, OSError):
        client.set_tag(_run_id, FAILURE_TAG, reason[:5000])
        said = client.get_run(_run_id).data.tags.get(NOTE_TAG, "")
        client.set_tag(_run_id, NOTE_TAG, _failure_note(status, reason[:5000], said))
        if details:
            client.log_text(_run_id, without_secrets(details), "traceback.txt")
    with contextlib.suppress(MlflowException, OSError):
        while mlflow.active_run():  # or MLflow ends it once more at exit, as FINISHED
            mlflow.end_run(status)


def _failure_note(status: str, reason: str, said: str) -> str:
    # As code, in which Markdown and HTML are shown as they are.
    quoted = reason.replace("```", "'''")
    return f"**{status.capitalize()}**\n\n```\n{quoted}\n```\n\n{said}".strip()[:_NOTE_CHARACTERS]


def _end_below(client: mlflow.MlflowClient, run_id: str) -> None:
    # A run below that was under way when this one ended, such as a candidate's, or a candidate's of a step's that died.
    experiment_id = client.get_run(run_id).info.experiment_id
    below = f"tags.mlflow.parentRunId = '{run_id}' and attributes.status != 'FINISHED'"
    for run in mlflow.search_runs([experiment_id], below, output_format="list"):  # of all pages
        _end_below(client, run.info.run_id)
        if run.info.status == "RUNNING":
            client.set_terminated(run.info.run_id, "KILLED")


def _last_words(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _end("KILLED", "interrupted")


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Let all temporary files of this process and of those below it lie in one folder, and remove it."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="grove-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)
