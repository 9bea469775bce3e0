"""Repeat the steps of a recorded run, and compare what they give with what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import mlflow
from mlflow.exceptions import MlflowException

from steps.lineage.artifacts import OWN, NotFetchedError, download, fetch
from steps.lineage.cache import OUTPUTS, check_output, output_of, read_key
from steps.lineage.chain import Chain, StepRun
from steps.lineage.comparison import Outcome, StepComparison, compare_artifacts
from steps.lineage.errors import one_line
from steps.lineage.explain import differences
from steps.lineage.keys import file_fingerprint
from steps.lineage.recorded import RecordedRun, RecordedStep

_FIRST = "load"
ALTERED = "what was recorded was altered since"


@dataclass(frozen=True)
class Start:
    """Where a repetition starts: from the raw data, or from the table that was made of it; in words too."""

    data: str | None
    sentence: str


def choose_start(load: RecordedStep, project: Path) -> Start:
    """Return the recorded source of the data if it still is what it was, else the recorded table.

    Parameters
    ----------
    load
        The recorded step.
    project
        The recorded code, in which a table may lie.

    Raises
    ------
    ValueError
        When neither can serve.
    """
    given = load.parameters["data"]
    source = str(project / given.removeprefix(OWN)) if given.startswith(OWN) else load.manifest["apart"]["source"]
    shown = given if given.startswith(OWN) else source
    try:
        same = file_fingerprint(download(source, "data")) == load.inputs["data"]
        why = f"{shown} holds other data now"
    except (ValueError, OSError):
        same, why = False, f"{shown} is not to be had any more"
    if same:
        return Start(source, f"from the original data, {shown}, whose fingerprint still matches")
    try:
        check_output(load.run, "table")
    except (ValueError, OSError, MlflowException) as error:
        raise ValueError(f"Got no data to start from: {why}, and of the recorded table: {one_line(error)}") from error
    return Start(None, f"from the recorded table, as {why}")


def repeat(chain: Chain, recorded: RecordedRun, start: Start) -> dict[str, StepRun]:
    """Run the recorded steps in turn, each on what the ones before gave now."""
    done: dict[str, StepRun] = {}
    for step, before in recorded.steps.items():
        if step == _FIRST and start.data is None:
            done[step] = StepRun(step, before.run, cached=True)
            continue
        parameters = {**before.parameters, **_inputs(before, done)}
        if step == _FIRST:
            parameters["data"] = str(start.data)
        if "compute" in parameters:
            parameters["compute"] = "local"  # the cluster of then may be gone, and scores do not depend on it
        work = _work(chain, step, parameters)
        done |= chain.together({step: work})
    return done


def _work(chain: Chain, step: str, parameters: Mapping[str, str]) -> Callable[[], StepRun]:
    return lambda: StepRun(step, chain.start(step, parameters))


def _inputs(step: RecordedStep, done: Mapping[str, StepRun]) -> dict[str, str]:
    """Return where the step's inputs are now, by parameter."""
    # A search is read by no parameter of its name, which trainers have for another purpose.
    found = {str(OUTPUTS[name]): earlier.output for name, earlier in done.items() if name in OUTPUTS}
    found["models"] = ",".join(done[name].artifact("model") for name in step.inputs if name in done)
    return {name: uri for name, uri in found.items() if name in step.parameters}


def compare(recorded: RecordedRun, repeated: Mapping[str, StepRun]) -> list[StepComparison]:
    """Compare the output of every step; an output that was altered since it was recorded has diverged."""
    return [_compare(step, repeated) for step in recorded.steps.values()]


def _compare(before: RecordedStep, runs: Mapping[str, StepRun]) -> StepComparison:
    after = runs[before.step]
    kind = str(output_of(before.step))
    repeated = fetch(f"runs:/{after.run_id}/{kind}", kind)
    try:
        recorded = check_output(before.run, kind)
    except NotFetchedError:
        raise  # nothing is known of it, and no verdict is due
    except ValueError as error:
        what = f"{ALTERED}: {one_line(error)}"
        return StepComparison(before.step, Outcome.DIVERGED, kind, 0.0, what)
    more = []
    if "evaluate" not in runs and recorded.manifest.get("model_digest") != repeated.manifest.get("model_digest"):
        # What compares the models' predictions else. It loads scikit-learn, which other steps can do without.
        from steps.lineage.model_difference import model_differences

        more = model_differences(recorded, repeated, fetch(runs["preprocess"].output, "split"))
    found = compare_artifacts(before.step, kind, recorded, repeated, more)
    if after.cached:
        return StepComparison(before.step, found.outcome, f"{found.compared} (recorded, not repeated)", 0.0, None)
    return found


def explanations(recorded: RecordedStep, repeated: StepRun, environment: list[str]) -> list[str]:
    """Return what differs in a step that diverged: in source, data, parameters, environment."""
    try:
        found = differences(recorded.key, read_key(repeated.run))
    except (ValueError, OSError, MlflowException) as error:
        found = [f"the keys can't be compared: {one_line(error)}"]
    # Of the environment more is known than the key says.
    named = [*(difference for difference in found if not difference.startswith("environment ")), *environment]
    return named or [
        "Nothing that was recorded differs: the recorded artifact was altered, or the step does not repeat itself."
    ]


def say(message: str) -> None:
    """Print what the repetition is about to do, or has found."""
    click.echo(f"reproduce: {message}")


def tag_original(run_id: str, tags: Mapping[str, str]) -> None:
    """Tag the recorded run; where the store does not let this user do it, say so and go on."""
    client = mlflow.MlflowClient()
    try:
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
    except MlflowException as error:
        say(f"the recorded run could not be tagged: {one_line(error)}")
