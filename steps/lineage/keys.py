"""The key of a step: one digest of all that decides what it makes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import mlflow

from steps.lineage.environment import environment
from steps.lineage.source import source_read_at_start
from steps.table.digest import file_digest, folder_digests
from steps.table.source import COMPRESSIONS

KEY_TAG = "grove.key"
KEY_FILE = "key.json"
APART_TAG = "grove.cache"
"""Is `off` at runs that are never to be taken for others."""
APART_VARIABLE = "GROVE_CACHE"
"""Environment variable; `off` makes steps tag themselves so."""
CANDIDATE_TAG = "grove.candidate"
"""A digest of all that decides a candidate's scores: the step's key, without the other candidates."""
SEARCH_TAG = "grove.search"
"""A digest of that without the hyperparameters: the same for all candidates that a search may take over."""
_NO_PART = frozenset({"data", "table", "split", "model", "models", "verdict", "output", "n_jobs", "compute", "cache"})
"""Parameters that decide nothing: artifacts count by their content, and who does a fit, and when, changes no result."""
_CHECKED_ONLY = frozenset({"target"})
"""Parameters that, after load, are held against what the input says already."""


@dataclass(frozen=True)
class StepKey:
    """What decides a step's outputs.

    Attributes
    ----------
    entry_point
        The step's name.
    parameters
        Name to value, as click parsed it; without the seed, and without what decides nothing.
    seed
        None for a step that has none.
    inputs
        Name of each input to the fingerprint of its content, in the step's order.
    source
        Path of each file of the project that the step can reach, to its SHA-256.
    environment
        Python, platform and packages, to their versions.
    """

    entry_point: str
    parameters: dict[str, Any]
    seed: int | None
    inputs: dict[str, str]
    source: dict[str, str]
    environment: dict[str, str]

    @property
    def components(self) -> dict[str, Any]:
        """The parts that the key is made of, by name, as JSON can hold them."""
        return {
            "entry_point": self.entry_point,
            "parameters": self.parameters,
            "seed": self.seed,
            "inputs": list(self.inputs.items()),
            "source": self.source,
            "environment": self.environment,
        }

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each component, 64 hexadecimal digits."""
        return {name: part_digest(part) for name, part in self.components.items()}

    @property
    def digest(self) -> str:
        """The key, 64 hexadecimal digits."""
        return key_digest(self.components)

    def without(self, parameters: Iterable[str]) -> StepKey:
        """Return the key without some of its parameters."""
        left = {name: value for name, value in self.parameters.items() if name not in set(parameters)}
        return replace(self, parameters=left)


def step_key(entry_point: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> StepKey:
    """Return the key of a step in this project and environment.

    Parameters
    ----------
    entry_point
        The step's name.
    parameters
        All of the step's parameters, as click parsed them.
    inputs
        Name of each input to the fingerprint of its content, in an order that counts.
    """
    no_part = _NO_PART if "data" in inputs else _NO_PART | _CHECKED_ONLY
    deciding = {name: value for name, value in parameters.items() if name not in no_part}
    seed = deciding.pop("seed", None)
    return StepKey(entry_point, deciding, seed, dict(inputs), source_read_at_start(entry_point), environment())


def own_key(entry_point: str, inputs: Mapping[str, str]) -> StepKey:
    """Return the key of the running step."""
    return step_key(entry_point, click.get_current_context().params, inputs)


def record_key(entry_point: str, inputs: Mapping[str, str]) -> None:
    """Record the key of the running step: its digests as tags of the active run, its components as `key.json`."""
    key = own_key(entry_point, inputs)
    mlflow.log_dict(key.components, KEY_FILE)
    apart = {APART_TAG: "off"} if os.environ.get(APART_VARIABLE) == "off" else {}
    digests = {f"{KEY_TAG}.{name}": digest for name, digest in key.digests.items()}
    mlflow.set_tags({**apart, KEY_TAG: key.digest, **digests})


def stay_apart() -> None:
    """Let no later run take anything from this one, or from those that it starts."""
    os.environ[APART_VARIABLE] = "off"


def file_fingerprint(path: Path) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of a file's name suffixes and bytes, or of all files of a folder.

    The suffixes count, as they tell how the bytes are read; the rest of a file's own name does not.

    Raises
    ------
    FileNotFoundError
        When there is nothing.
    """
    if not path.exists():
        raise FileNotFoundError(f"Got no file {path}, expected the data there.")
    telling = path.suffixes[-2:] if path.suffix.lower() in COMPRESSIONS else path.suffixes[-1:]
    digest = hashlib.sha256("".join(telling).lower().encode())
    contents = folder_digests(path) if path.is_dir() else {"": file_digest(path)}
    for name, content in contents.items():
        digest.update(f"\0{name}\0{content}".encode())
    return digest.hexdigest()


def key_digest(components: Mapping[str, Any]) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of the components' digests."""
    return part_digest({name: part_digest(part) for name, part in components.items()})


def part_digest(part: Any) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of a component as JSON."""
    text = json.dumps(part, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
