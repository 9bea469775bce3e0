"""Move the alias `champion` back to an earlier version.

Reads the history of the registered model, and the version to go back to, whose model must load as it was trained.
Writes a record with the reason into the history, then the aliases: `previous` to the version that is given up, and
`champion`, which moves last.
"""

from __future__ import annotations

import click
import mlflow

from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.options import options
from steps.registry.history import CHAMPION, History, aliases_of, champions, read_history
from steps.registry.moves import aliases_now, carry_out, to_champion
from steps.registry.options import ROLLBACK_OPTIONS
from steps.registry.trained import check_loads
from steps.registry.turn import turn
from steps.registry.versions import NAME_TAG, VERSION_TAG, registered_model, version_of
from steps.report import markdown


@click.command("rollback", cls=EntryPoint)
@options("model_name", "to", "why", types=ROLLBACK_OPTIONS)
def rollback(model_name: str, to: str, why: str) -> None:
    """Make an earlier version the champion again."""
    client = mlflow.MlflowClient()
    model = registered_model(client, model_name)
    before = aliases_of(model).get(CHAMPION)
    target = to or champion_before(model_name, read_history(model), before)
    if target == before:
        raise ValueError(f"Got to={target}, which is the {CHAMPION} of {model_name} already; expected another version.")
    check_loads(version_of(client, model_name, target))
    with turn(client, model_name, mlflow.active_run().info.run_id) as mine:
        aliases = aliases_now(client, model_name)
        if aliases.get(CHAMPION) != before:
            raise ValueError(
                f"Got version {aliases.get(CHAMPION)} as the {CHAMPION} of {model_name}, expected {before}: another "
                f"run has moved it meanwhile. Look at -e history, and run rollback again if it is still needed."
            )
        carry_out(client, mine, model_name, to_champion(aliases, target), step="rollback", why=why)
    mlflow.set_tags({NAME_TAG: model_name, VERSION_TAG: target})
    sentence = f"version {target} is the {CHAMPION} of {model_name} again, instead of {before or 'none'}: {why}"
    click.echo(f"rollback: {sentence}")
    describe(markdown.escape(sentence))


def champion_before(model_name: str, found: History, now: str | None) -> str:
    """Return the version that was the champion before.

    Raises
    ------
    ValueError
        When the history knows none, or can't be trusted.
    """
    if found.faults:
        raise ValueError(
            f"Got a history of {model_name} in which {'; '.join(found.faults)}, so it can't tell the champion before; "
            f"expected the version to go back to: add -P to=<version>."
        )
    earlier = champions(found.records, now)
    if now is not None:
        earlier = earlier[:-1]
    if not earlier:
        raise ValueError(
            f"Got a history of {model_name} with no {CHAMPION} before {now or 'this'}; expected the version to go back "
            f"to: add -P to=<version>."
        )
    return earlier[-1]


if __name__ == "__main__":
    rollback()
