"""Runs that count as running though their process is gone: killed, or ended by a loss of power."""

from __future__ import annotations

import click
import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_PROJECT_ENTRY_POINT

from steps.lineage.entry_point import give_reason
from steps.lineage.errors import WITHOUT_A_WORD, one_line
from steps.lineage.keys import CANDIDATE_TAG
from steps.lineage.process import PROCESS_TAG, is_gone
from steps.table.listing import first_of

_NAMED = 3


def mark_leftovers(experiment_id: str, marked_by: str) -> None:
    """Mark the experiment's runs as KILLED that no process of this machine does any more, and say so.

    Those of other machines and containers, and those whose process is not known, are left as they are. Nothing of this
    is worth to fail for.

    Parameters
    ----------
    marked_by
        The ID of the run that does it.
    """
    marked, problem = [], None
    try:
        for run in _leftovers(experiment_id):
            try:
                if _mark(run, marked_by):
                    marked.append(run)
            except MlflowException as error:  # such as a run that this user may not write to
                problem = error
    except (MlflowException, OSError) as error:
        problem = error
    if marked:
        named = first_of([f"{run.info.run_name} ({run.info.run_id})" for run in marked], _NAMED)
        click.echo(f"main: marked as KILLED, as their processes ended without a word: {named}")
    if problem is not None:
        click.echo(f"main: can't mark all runs whose processes are gone: {one_line(problem)}", err=True)


def _leftovers(experiment_id: str) -> list[Run]:
    running = mlflow.search_runs([experiment_id], "attributes.status = 'RUNNING'", output_format="list")
    known = {run.info.run_id: run for run in running}
    return [run for run in running if is_gone(_process(run, known), run.info.start_time / 1000)]


def _process(run: Run, known: dict[str, Run]) -> str:
    """Return the process that does a run: its parent's, when it was made by that and has not come to say its own."""
    climbed = set()
    while PROCESS_TAG not in run.data.tags:
        parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
        is_own = {MLFLOW_PROJECT_ENTRY_POINT, CANDIDATE_TAG} & run.data.tags.keys()
        if not is_own or parent is None or parent in climbed:
            return ""
        climbed.add(parent)
        if parent not in known:
            try:
                known[parent] = mlflow.get_run(parent)
            except MlflowException:  # deleted for good
                return ""
        run = known[parent]
    return str(run.data.tags[PROCESS_TAG])


def _mark(run: Run, marked_by: str) -> bool:
    client = mlflow.MlflowClient()
    run_id = run.info.run_id
    # It may have ended well between the search and the look at its process; now nobody else writes to it.
    now = client.get_run(run_id)
    if now.info.status != "RUNNING":
        return False
    reason = f"{WITHOUT_A_WORD}, by hand or for want of memory, or when the power fails. Marked by run {marked_by}."
    give_reason(now, "KILLED", reason)
    client.set_terminated(run_id, "KILLED")
    return True
