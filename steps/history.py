"""Show the history of a registered model, and check it.

Reads the tags and aliases of the registered model, and the tags of its versions.
Writes nothing but its own run's description: the table of all moves of aliases, what became of each, and whether the
records are complete and unchanged. With `of` it tells which versions came from a run, a data fingerprint or a commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
import mlflow
from mlflow.entities.model_registry import ModelVersion, RegisteredModel

from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.options import options
from steps.registry.history import Record, aliases_of, read_history, spoken, what_became
from steps.registry.options import GATE_OPTIONS
from steps.registry.versions import (
    COMMIT_TAG,
    DATA_TAG,
    RUN_TAG,
    VARIANT_TAG,
    all_versions,
    came_from,
    registered_model,
)
from steps.report import markdown

MOVES = ["#", "when (UTC)", "who", "moves", "by run", "why"]
VERSIONS = ["version", "alias", "model", "trained by run", "data", "commit"]
_DIGITS = 12  # of a digest, as many as people compare


@click.command("history", cls=EntryPoint)
@options("model_name", "of", types=GATE_OPTIONS)
def history(model_name: str, of: str) -> None:
    """Print the moves of the aliases, or the versions that came from something."""
    client = mlflow.MlflowClient()
    model = registered_model(client, model_name)
    versions = [version for version in all_versions(client, model_name) if not of or came_from(version, of)]
    if of and not versions:
        raise ValueError(
            f"Got of={of}, from which no version of {model_name} came; expected the ID of a run of main or of a step, "
            f"a data fingerprint, or a commit."
        )
    moves = [] if of else move_rows(read_history(model).records)
    lineage = version_rows(versions, aliases_of(model))
    for head, rows in ((MOVES, moves), (VERSIONS, lineage)):
        if rows:
            click.echo(f"{markdown.aligned(head, rows)}\n")
    tables = [markdown.shortened(markdown.text_table(*table), 3500) for table in ((MOVES, moves), (VERSIONS, lineage))]
    describe("\n\n".join(tables))
    if not of:
        check(model)


def move_rows(records: Sequence[Record]) -> list[list[str]]:
    """Return a row for each record."""
    return [
        [
            str(record.number),
            record.when.replace("+00:00", "").replace("T", " "),
            record.who,
            ", ".join(f"{alias} {spoken(start)} → {spoken(end)}" for alias, (start, end) in record.moves.items()),
            f"{record.step} {record.run}",
            record.why,
        ]
        for record in records
    ]


def version_rows(versions: Sequence[ModelVersion], aliases: Mapping[str, str]) -> list[list[str]]:
    """Return a row for each version: what it is called now, and what it came from."""
    return [
        [
            str(version.version),
            ", ".join(alias for alias, number in aliases.items() if number == str(version.version)) or "–",
            version.tags.get(VARIANT_TAG, "–"),
            version.tags.get(f"{RUN_TAG}.{version.tags.get(VARIANT_TAG)}", "–"),
            version.tags.get(DATA_TAG, "–")[:_DIGITS],
            version.tags.get(COMMIT_TAG, "–")[:_DIGITS],
        ]
        for version in versions
    ]


def check(model: RegisteredModel) -> None:
    """Say whether the records agree with each other and with the aliases; raise ValueError if some were changed."""
    found = read_history(model)
    for record, note in zip(found.records, what_became(found.records, aliases_of(model)), strict=True):
        if note:
            click.echo(f"history: after record {record.number}, {note}")
    if found.faults:
        raise ValueError(
            f"Got a history of {model.name} in which {'; '.join(found.faults)}; expected every record as it was "
            f"written: somebody changed or deleted tags grove.history.… of the registered model."
        )
    count = len(found.records)
    click.echo(f"history: {count} record{'' if count == 1 else 's'}, of which none is missing or changed")


if __name__ == "__main__":
    history()
