"""A click command whose whole life, from reading its options to its exit code, is one truthful MLflow run."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import mlflow
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException

from steps.lineage import faults, interruption, provenance
from steps.lineage.credentials import refuse_secrets, without_secrets
from steps.lineage.errors import expected_errors, one_line
from steps.lineage.process import process_tag
from steps.lineage.run_files import record_files
from steps.lineage.source import source_read_at_start
from steps.lineage.temporary import temporary_folder
from steps.lineage.terminal import show_controls
from steps.lineage.tracking import check_tracking_uri, is_server
from steps.table.visible import visible

FAILURE_TAG = "grove.failure"
NOTE_TAG = "mlflow.note.content"

_ATTEMPTS = 4
_NOTE_CHARACTERS = 8000
"""MLflow refuses longer tags."""
_PAUSE_SECONDS = 0.5
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")


class EntryPoint(click.Command):
    """A command that is a run: FINISHED, FAILED with the reason in its description, or KILLED.

    A user's mistake (a click error, ValueError, OSError or MlflowException) and a lack of memory end with one sentence
    and exit code 1, the traceback kept as the artifact `traceback.txt`; anything else is Grove's mistake and shows its
    traceback. Temporary files of the process, and of those that it starts, are removed at the end.
    """

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command as click does, inside its MLflow run."""
        if "--help" in sys.argv[1:]:
            return super().main(*args, **extra)
        show_controls()
        _quieten_mlflow()
        with contextlib.ExitStack() as opened:
            try:
                folder = _temporary_folder(opened)
                interruption.install(lambda: _last_words(folder))
                # Not click's own main, which turns Ctrl-C into an error of another kind.
                with _run(str(self.name)), self.make_context(str(self.name), sys.argv[1:]) as context:
                    source_read_at_start(str(self.name))
                    typed = self._as_typed(context)
                    refuse_secrets(typed)
                    context.obj = provenance.record(str(self.name), typed)
                    self.invoke(context)
            except click.ClickException as error:
                print(f"Error: {without_secrets(error.format_message())}", file=sys.stderr)
                sys.exit(1)
            except Exception:
                print(without_secrets(traceback.format_exc()), file=sys.stderr)
                sys.exit(1)
            except KeyboardInterrupt:
                _end("KILLED", "interrupted")
                with contextlib.suppress(OSError):  # its terminal may be closed
                    print(f"{self.name}: interrupted", file=sys.stderr)
                sys.exit(interruption.EXIT_CODE)

    def _as_typed(self, context: click.Context) -> dict[str, str]:
        typed, _, _ = self.make_parser(context).parse_args(sys.argv[1:])
        return {name: str(value) for name, value in typed.items()}


def describe(text: str) -> None:
    """Make the Markdown the description of the active run, which the MLflow UI shows first."""
    mlflow.set_tag(NOTE_TAG, text)


def _quieten_mlflow() -> None:
    # MLflow's news about its own doings would drown the steps' few lines.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs the traceback of what it raises
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"


def _temporary_folder(opened: contextlib.ExitStack) -> Path:
    try:
        return opened.enter_context(temporary_folder())
    except OSError as error:
        _fail(error)
        raise


@contextlib.contextmanager
def _run(name: str) -> Iterator[None]:
    global _run_id
    try:
        faults.be_patient()
        # Where MLflow has made the run, the server was there a moment ago.
        check_tracking_uri(mlflow.get_tracking_uri(), patient="MLFLOW_RUN_ID" in os.environ)
        with interruption.held_back():  # it imports the store, which the end of a run needs too
            # A name given here would replace the one that the user gave with --run-name.
            run = mlflow.start_run(run_name=None if "MLFLOW_RUN_ID" in os.environ else name, tags=process_tag())
            _run_id = run.info.run_id
    except expected_errors() as error:
        raise click.ClickException(faults.explain(error)) from error
    try:
        _give_name(run, name)
        provenance.hide_credentials(run)
        yield
        record_files()
        if is_server(mlflow.get_tracking_uri()):
            # A call whose answer was lost is made again: of two runs that were created for one, nobody ends the first.
            _end_below(mlflow.MlflowClient(), run.info.run_id)
        mlflow.end_run("FINISHED")
        _run_id = None  # what comes now is no part of it
    except KeyboardInterrupt:
        raise  # ended by the caller, as an interruption may come before the run is active
    except BaseException as error:
        if interruption.has_come():  # and this came of it, as of a word to a terminal that is closed
            raise KeyboardInterrupt from error
        _fail(error)
        raise


def _fail(error: BaseException) -> None:
    """End the run as FAILED; raise ClickException in place of a user's mistake, and return at one of Grove's."""
    memory = faults.lack_of_memory(error)
    if memory is None and isinstance(error, click.ClickException):
        _end("FAILED", one_line(error.format_message()))
    elif memory or isinstance(error, expected_errors()) or faults.is_disk_full(error):
        reason = memory or faults.explain(error)
        _end("FAILED", reason, traceback.format_exc())
        raise click.ClickException(reason) from error
    else:
        _end("FAILED", one_line(f"{type(error).__name__}: {error}"), traceback.format_exc())


_run_id: str | None = os.environ.get("MLFLOW_RUN_ID")


def _give_name(run: mlflow.ActiveRun, name: str) -> None:
    # `mlflow run` makes up a name where the user gave none with --run-name.
    if _RANDOM_NAME.fullmatch(run.info.run_name or ""):
        mlflow.set_tag("mlflow.runName", name)


def _end(status: str, reason: str, details: str | None = None) -> None:
    if _run_id is None:
        return
    faults.stop_waiting()
    _mark(mlflow.MlflowClient(), _run_id, status, reason, details)
    with contextlib.suppress(MlflowException, OSError):
        while mlflow.active_run():  # or MLflow ends it once more at exit, as FINISHED
            mlflow.end_run(status)


def _mark(client: mlflow.MlflowClient, run_id: str, status: str, reason: str, details: str | None) -> None:
    # The store may be what failed; then MLflow's parent process still marks the run by the exit code.
    for _ in range(_ATTEMPTS):
        try:
            client.set_terminated(run_id, status)
            _end_below(client, run_id)
            break
        except (MlflowException, OSError):  # such as a database that what was interrupted still locks
            time.sleep(_PAUSE_SECONDS)
    with contextlib.suppress(*expected_errors()):
        give_reason(client.get_run(run_id), status, reason[:5000])
        if details:
            client.log_text(run_id, without_secrets(details), "traceback.txt")


def give_reason(run: Run, status: str, reason: str) -> None:
    """Record why a run ended badly: as a tag, and in its description above what it said of itself."""
    # As code, in which Markdown and HTML are shown as they are.
    quoted = visible(reason).replace("```", "'''")
    said = run.data.tags.get(NOTE_TAG, "")
    note = f"**{status.capitalize()}**\n\n```\n{quoted}\n```\n\n{said}".strip()[:_NOTE_CHARACTERS]
    mlflow.MlflowClient().log_batch(run.info.run_id, tags=[RunTag(FAILURE_TAG, reason), RunTag(NOTE_TAG, note)])


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
