"""Moving the aliases of a registered model: first the record of what is to be moved and why, then `champion` last.

So whatever is interrupted leaves the old champion or the new one, and a record of it. Doing it again finishes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import mlflow

from steps.registry.history import CHALLENGER, CHAMPION, PREVIOUS, Moves, Record, aliases_of, read_history
from steps.registry.turn import Turn

_MOST_CHARACTERS = 2000


def to_champion(aliases: Mapping[str, str], version: str) -> Moves:
    """Return the moves that make the version the champion, and the champion before `previous`."""
    before = aliases.get(CHAMPION)
    if before == version:
        return {}
    moves: Moves = {}
    if before is not None and aliases.get(PREVIOUS) != before:
        moves[PREVIOUS] = (aliases.get(PREVIOUS), before)
    if aliases.get(CHALLENGER) == version:
        moves[CHALLENGER] = (version, None)
    return {**moves, CHAMPION: (before, version)}


def to_challenger(aliases: Mapping[str, str], version: str) -> Moves:
    """Return the move that makes the version the challenger, unless it is the champion."""
    before = aliases.get(CHALLENGER)
    return {} if version in (before, aliases.get(CHAMPION)) else {CHALLENGER: (before, version)}


def carry_out(client: mlflow.MlflowClient, mine: Turn, model_name: str, moves: Moves, *, step: str, why: str) -> None:
    """Record the moves and make them, in the name of the active run, which is one of `step`."""
    if not moves:
        return
    run = mlflow.active_run()
    history = read_history(client.get_registered_model(model_name))
    record = Record(
        number=history.next_number,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        who=client.get_run(run.info.run_id).data.tags.get("mlflow.user", "unknown")[:200],
        step=step,
        run=run.info.run_id,
        why=why if len(why) <= _MOST_CHARACTERS else f"{why[: _MOST_CHARACTERS - 1]}…",
        moves=moves,
        before=history.last_digest,
    )
    mine.check()
    client.set_registered_model_tag(model_name, record.key, record.to_tag())
    for alias, (_, version) in moves.items():
        mine.check()
        if version is None:
            client.delete_registered_model_alias(model_name, alias)
        else:
            client.set_registered_model_alias(model_name, alias, version)


def aliases_now(client: mlflow.MlflowClient, model_name: str) -> dict[str, str]:
    """Return alias to version."""
    return aliases_of(client.get_registered_model(model_name))
