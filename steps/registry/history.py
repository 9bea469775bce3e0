"""The history of a registered model: one record for every move of its aliases, each bound to the one before.

A record is written before its moves are made, so that no move is without one. A record whose moves did not follow, as
its process was killed, is never taken back: the next record tells by what it moves *from*, and after the last one the
aliases themselves do. Hence what became of a record is not stored, it is read off.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.entities.model_registry import RegisteredModel

CHAMPION = "champion"
PREVIOUS = "previous"
CHALLENGER = "challenger"
_KEY = re.compile(r"grove\.history\.(\d{6,})")
_MOST_CHARACTERS = 4500
"""A tag of a registered model has 5,000 in MLflow's database."""

Moves = dict[str, tuple[str | None, str | None]]
"""Alias to the versions that it is moved from and to, None for no alias; in the order of the moves."""


@dataclass(frozen=True)
class Record:
    """One act: which aliases are moved, and why.

    Attributes
    ----------
    number
        From 1.
    when
        ISO 8601, UTC.
    who
        MLflow's user.
    step
        The entry point: register or rollback.
    run
        The ID of its run, which has the evidence.
    before
        The digest of the record before, empty for the first.
    """

    number: int
    when: str
    who: str
    step: str
    run: str
    why: str
    moves: Moves
    before: str

    @property
    def key(self) -> str:
        """The tag that holds it."""
        return f"grove.history.{self.number:06d}"

    @property
    def content(self) -> dict[str, Any]:
        """All that the digest is of, as JSON has it."""
        moves = [[alias, *versions] for alias, versions in self.moves.items()]
        return {**vars(self), "moves": moves}

    @property
    def digest(self) -> str:
        """SHA-256, 64 hexadecimal digits, of this record, and so of all before."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def to_tag(self) -> str:
        """Return the tag's value; a reason that is too long for it must have been cut before."""
        text = json.dumps({**self.content, "digest": self.digest}, ensure_ascii=False)
        if len(text) > _MOST_CHARACTERS:
            raise ValueError(f"Got a record of {len(text):,} characters, expected at most {_MOST_CHARACTERS:,}.")
        return text


@dataclass(frozen=True)
class History:
    """The records of a registered model, in order, and what is wrong with them.

    Attributes
    ----------
    faults
        Sentences: of records that are missing, were changed or can't be read.
    """

    records: tuple[Record, ...]
    faults: tuple[str, ...]

    @property
    def next_number(self) -> int:
        """Of the record to come."""
        return self.records[-1].number + 1 if self.records else 1

    @property
    def last_digest(self) -> str:
        """What the record to come is bound to."""
        return self.records[-1].digest if self.records else ""


def read_history(model: RegisteredModel) -> History:
    """Return the history in the tags of a registered model."""
    values = {int(match[1]): value for key, value in model.tags.items() if (match := _KEY.fullmatch(key))}
    records: list[Record] = []
    faults: list[str] = []
    expected, before = 1, ""
    for number, value in sorted(values.items()):
        if number > expected:
            gone = f"record {expected} is" if number == expected + 1 else f"records {expected} to {number - 1} are"
            faults.append(f"{gone} missing")
        try:
            record, digest = _parse(value)
        except (ValueError, TypeError, KeyError):
            faults.append(f"record {number} can't be read")
            expected, before = number + 1, "?"
            continue
        if digest != record.digest or record.number != number:
            faults.append(f"record {number} was changed")
        elif record.before != before and number == expected and before != "?":
            faults.append(f"record {number} does not follow from the one before")
        records.append(record)
        expected, before = number + 1, record.digest
    return History(tuple(records), tuple(faults))


def _parse(value: str) -> tuple[Record, str]:
    content = dict(json.loads(value))
    digest = str(content.pop("digest"))
    moves = {str(alias): (start, end) for alias, start, end in content.pop("moves")}
    texts = [text for name, text in content.items() if name != "number"]
    if not all(isinstance(text, str) for text in texts + [each for move in moves.values() for each in move if each]):
        raise TypeError("expected texts")
    return Record(**content, moves=moves), digest


def aliases_of(model: RegisteredModel) -> dict[str, str]:
    """Return alias to version, both as text."""
    return {str(alias): str(version) for alias, version in model.aliases.items()}


def what_became(records: Sequence[Record], aliases: Mapping[str, str]) -> list[str]:
    """Return for each record what became of its moves, in words; nothing where they stood until the next one."""
    said: list[str] = []
    for place, record in enumerate(records):
        notes = []
        for alias, (start, end) in record.moves.items():
            later = next((later.moves[alias] for later in records[place + 1 :] if alias in later.moves), None)
            found = later[0] if later else aliases.get(alias)
            if found == end:
                continue
            if found == start:
                notes.append(f"{alias} did not move, or was moved back outside of Grove")
            else:
                notes.append(f"{alias} was moved outside of Grove to {spoken(found)}")
        said.append("; ".join(notes))
    return said


def spoken(version: str | None) -> str:
    """Return what a table calls a version."""
    return "none" if version is None else version


def champions(records: Sequence[Record], now: str | None) -> list[str]:
    """Return the versions to fall back on, today's champion being the last one.

    A rollback takes away what lies above the version that it goes back to, so that the next one goes further back.

    Parameters
    ----------
    now
        The version that is champion now.
    """
    stack: list[str] = []

    def put(version: str | None) -> None:
        if version is not None and stack[-1:] != [version]:
            stack.append(version)

    for record in records:
        if CHAMPION not in record.moves:
            continue
        start, end = record.moves[CHAMPION]
        if stack[-1:] != [start]:  # the record before led nowhere, or the alias was moved outside of Grove
            if stack[-2:-1] == [start]:
                stack.pop()
            put(start)
        if record.step == "rollback" and end in stack:
            while stack[-1] != end:
                stack.pop()
        else:
            put(end)
    if stack[-1:] != [now]:
        if stack[-2:-1] == [now]:
            stack.pop()
        put(now)
    return stack
