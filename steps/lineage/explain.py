"""What differs between the keys of two runs of a step, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each thing in which two keys differ, such as `parameter cv 5 → 10`.

    Parameters
    ----------
    before, now
        The components of both keys, as `StepKey.components` or their JSON has them.
    """
    found = [
        f"parameter {name} {_shown(old)} → {_shown(new)}"
        for name, old, new in _changed(before["parameters"], now["parameters"])
    ]
    if before["seed"] != now["seed"]:
        found.append(f"seed {_shown(before['seed'])} → {_shown(now['seed'])}")
    inputs = [(name, old, new) for name, old, new in _changed(dict(before["inputs"]), dict(now["inputs"]))]
    found += [f"{name} {_kind(old, new)}" for name, old, new in inputs]
    if not inputs and [list(pair) for pair in before["inputs"]] != [list(pair) for pair in now["inputs"]]:
        found.append("the order of its inputs changed")
    found += [f"source {name} {_kind(old, new)}" for name, old, new in _changed(before["source"], now["source"])]
    found += [
        f"environment {name} {_shown(old)} → {_shown(new)}"
        for name, old, new in _changed(before["environment"], now["environment"])
    ]
    return found


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    names = [*now, *(name for name in before if name not in now)]
    pairs = [(name, before.get(name, _Absent), now.get(name, _Absent)) for name in names]
    return [(name, old, new) for name, old, new in pairs if _plain(old) != _plain(new)]


class _Absent:
    """Stands for what only one of the keys has; None is a value."""


def _kind(old: Any, new: Any) -> str:
    if old is _Absent:
        return "is new"
    return "is gone" if new is _Absent else "changed"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if value is _Absent:
        return "not there"
    if isinstance(value, list | tuple):
        return ",".join(map(_shown, value))
    return "none" if value is None else str(value) if value != "" else "empty"
