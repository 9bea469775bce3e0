"""Repeat a recorded run, and say whether it gives the same.

Reads `run_id`: a finished run of main, or of a step, which is repeated with the steps before it. Its code is run, so
`trust` must allow what could be a stranger's.
Writes the repeated steps as runs of their own, which no later main takes; `reproduction/`: the comparison, step by
step, as reproduction.json and card.html; and tags on its own run and on the recorded one. Registers nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import mlflow

from steps.lineage.artifacts import fetched
from steps.lineage.chain import Chain, StepRun
from steps.lineage.checkout import checked_out
from steps.lineage.comparison import Outcome, StepComparison, overall
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.environment import environment_differences
from steps.lineage.options import options
from steps.lineage.pipeline import STEP_TAG, to_the_minute
from steps.lineage.provenance import hand_on
from steps.lineage.rebuilt import rebuilt_environment
from steps.lineage.recorded import DESCRIBE, RecordedRun, read_recorded
from steps.lineage.repeat import ALTERED, Start, choose_start, compare, explanations, repeat, say, tag_original
from steps.lineage.repository import PATCH
from steps.lineage.trust import code_of, refuse_foreign
from steps.report import markdown
from steps.report.reproduction_card import reproduction_card, step_rows
from steps.table.difference import counted

TYPES = {"env": click.Choice(["current", "recorded"]), "trust": click.BOOL}


@click.command("reproduce", cls=EntryPoint)
@options("run_id", "env", "trust", types=TYPES)
@click.pass_context
def reproduce(context: click.Context, /, run_id: str, env: str, trust: bool) -> None:
    """Run the recorded code on the recorded data with the recorded parameters, and compare."""
    recorded = read_recorded(run_id.strip())
    environment = environment_differences(recorded.environment, context.obj["environment"])
    say(f"{recorded.run.info.run_name} of {to_the_minute(recorded.run.info.start_time)}, {code_of(recorded)}")
    if f"{STEP_TAG}.{DESCRIBE}" in recorded.run.data.tags:
        say(f"leaves out {DESCRIBE}, as an LLM does not write the same card twice")
    if not trust:
        refuse_foreign(recorded)
    with recorded_code(recorded, trust) as project, contextlib.ExitStack() as opened:
        start = choose_start(recorded.steps["load"], project)
        if start.data is None and len(recorded.steps) == 1:
            raise ValueError(f"Got a run of load alone, expected its data, to load it again: {start.sentence}.")
        say(f"starts {start.sentence}")
        if env == "recorded":
            say("builds the recorded environment")
            opened.enter_context(rebuilt_environment(recorded.environment, project))
        else:
            for difference in environment:
                say(f"environment: {difference}")
        now = {} if env == "recorded" else {"environment": context.obj["environment"]}
        hand_on(source=recorded.source, **now)  # or the steps would name a folder that is removed
        chain = opened.enter_context(Chain(str(project), apart=True))
        try:
            repeated = repeat(chain, recorded, start)
        except RuntimeError as error:
            raise click.ClickException(str(error)) from error
    if env == "recorded":
        environment = environment_of(recorded, repeated)
    found = compare(recorded, repeated)
    content = conclude(recorded, repeated, start, environment, found)
    publish(recorded, content)
    if overall(found) is Outcome.DIVERGED:
        raise click.ClickException(content["sentence"])


@contextlib.contextmanager
def recorded_code(recorded: RecordedRun, trust: bool) -> Iterator[Path]:
    """Give the folder of the project as it was when the run was made."""
    source = recorded.source
    patch = None
    if source["patch"]:
        patch = fetched(f"runs:/{source['patch']}/{PATCH}")
    place = {name: source[name] for name in ("url", "folder", "commit")}
    with checked_out(**place, patch=patch, only_branches=not trust) as project:
        yield project


def environment_of(recorded: RecordedRun, repeated: dict[str, StepRun]) -> list[str]:
    """Return how the environment that the steps ran in differs from the recorded one."""
    now = mlflow.artifacts.load_dict(f"runs:/{list(repeated.values())[-1].run_id}/provenance.json")["environment"]
    return environment_differences(recorded.environment, now)


def conclude(
    recorded: RecordedRun,
    repeated: dict[str, StepRun],
    start: Start,
    environment: list[str],
    found: Sequence[StepComparison],
) -> dict[str, Any]:
    """Return the comparison as JSON can hold it."""
    verdict = overall(found)
    first = next((comparison for comparison in found if comparison.outcome is verdict), None)
    explained = []
    if first is not None and verdict is not Outcome.IDENTICAL and not str(first.difference).startswith(ALTERED):
        explained = explanations(recorded.steps[first.step], repeated[first.step], environment)
    return {
        "verdict": str(verdict),
        "sentence": sentence(verdict, found, [step for step, done in repeated.items() if not done.cached]),
        "recorded": {
            "run_id": recorded.run.info.run_id,
            "name": recorded.run.info.run_name,
            "started": to_the_minute(recorded.run.info.start_time),
            "commit": recorded.source["commit"],
            "url": recorded.source["url"],
            "dirty": recorded.source["dirty"],
        },
        "repeated": {"run_id": mlflow.active_run().info.run_id},
        "data": start.sentence,
        "environment": environment,
        "explanations": explained,
        "steps": [
            {
                "step": comparison.step,
                "outcome": str(comparison.outcome),
                "compared": comparison.compared,
                "largest": comparison.largest,
                "difference": comparison.difference,
                "recorded_run": recorded.steps[comparison.step].run.info.run_id,
                "repeated_run": repeated[comparison.step].run_id,
            }
            for comparison in found
        ],
    }


def sentence(verdict: Outcome, found: Sequence[StepComparison], repeated: Sequence[str]) -> str:
    """Return the verdict in words; `repeated` are the steps that ran."""
    if verdict is Outcome.IDENTICAL:
        if len(repeated) == 1:
            return f"identical: {repeated[0]} gives the same to the last bit"
        which = "steps" if len(repeated) == len(found) else f"steps after {found[0].step}"
        return f"identical: all {len(repeated)} {which} give the same to the last bit"
    if verdict is Outcome.EQUAL:
        largest = max(comparison.largest for comparison in found)
        return f"equal within tolerance: the largest difference of {counted(len(found), 'step')} is {largest:.2g}"
    first = next(comparison for comparison in found if comparison.outcome is Outcome.DIVERGED)
    return f"diverged: first in {first.step}: {first.difference}"


def publish(recorded: RecordedRun, content: dict[str, Any]) -> None:
    """Print the comparison, and record it: artifacts, description, tags on both runs."""
    head, rows = step_rows(content)
    click.echo(f"\n{markdown.aligned(head, rows)}")
    for explanation in content["explanations"]:
        click.echo(f"may explain it: {explanation}")
    if content["verdict"] != str(Outcome.DIVERGED):  # which is an error, printed at the end
        click.echo(f"\n{content['sentence']}")
    mlflow.log_dict(content, "reproduction/reproduction.json")
    mlflow.log_text(reproduction_card(content), "reproduction/card.html")
    run = recorded.run.info
    more = [f"starts {content['data']}", *content["explanations"], *content["environment"]]
    link = markdown.link(run.run_name, run.experiment_id, run.run_id)
    describe(
        f"**{markdown.escape(content['sentence'])}**\n\nRepeats {link}.\n\n"
        f"{markdown.text_table(head, rows)}\n\n{markdown.shortened(markdown.bullets(more), 3000)}"
    )
    verdict = content["verdict"]
    mlflow.set_tags({"grove.reproduces": run.run_id, "grove.reproduction": verdict})
    tag_original(run.run_id, {"grove.reproduced": content["repeated"]["run_id"], "grove.reproduction": verdict})


if __name__ == "__main__":
    reproduce()
