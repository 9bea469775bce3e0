"""The model card of a version: its description, and tags that say whose sentences these are.

A card speaks of what else stands on the version. When that changes, as by another verdict, the card goes with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import mlflow
from mlflow.entities.model_registry import ModelVersion

from steps.registry.versions import RUN_TAG

CARD_TAG = "grove.card"
"""Followed by `endpoint`, `model`, `prompt`, `kept`, `share_kept`, `tokens`, `seconds`, `why`, and `run`, which every
card has."""
_RUN_TAG = f"{CARD_TAG}.run"
_REGISTERED_BY = frozenset({f"{RUN_TAG}.register", f"{RUN_TAG}.main"})
"""Tags of which no card speaks: registering the same once more changes them, and nothing else."""


def has_card(version: ModelVersion) -> bool:
    """Return whether the version's description is a card."""
    return _RUN_TAG in version.tags


def outdates(tags: Collection[str]) -> bool:
    """Return whether a card is of the past when these tags change."""
    return bool(set(tags) - _REGISTERED_BY)


def write_card(client: mlflow.MlflowClient, version: ModelVersion, text: str, tags: Mapping[str, str]) -> None:
    """Make the text the version's description, and let the version have these tags and none of another card.

    The tag `run`, which says that there is a card, goes first and comes last: what is interrupted is no card.

    Parameters
    ----------
    version
        As it was when the evidence for the card was gathered.
    tags
        Without their beginning, `CARD_TAG`.

    Raises
    ------
    ValueError
        When it has changed since, or another card was written at the same moment.
    """
    now = client.get_model_version(version.name, version.version)
    if _basis(now) != _basis(version):
        raise ValueError(
            f"Got version {version.version} of {version.name} registered with another verdict while its card was "
            f"written, expected it unchanged: run describe again."
        )
    remove_card(client, now)
    client.update_model_version(version.name, version.version, text)
    named = {f"{CARD_TAG}.{name}": value for name, value in tags.items()}
    for tag in sorted(named, key=_is_run):
        client.set_model_version_tag(version.name, version.version, tag, named[tag])
    written = client.get_model_version(version.name, version.version)
    if written.description != text or _card_tags(written) != named:
        raise ValueError(
            f"Got another card of version {version.version} of {version.name} written at the same moment, by run "
            f"{written.tags.get(_RUN_TAG)}; expected one after the other: run describe again."
        )


def remove_card(client: mlflow.MlflowClient, version: ModelVersion) -> None:
    """Remove the tags of the version's card."""
    for tag in sorted(_card_tags(version), key=_is_run, reverse=True):
        client.delete_model_version_tag(version.name, version.version, tag)


def _card_tags(version: ModelVersion) -> dict[str, str]:
    return {tag: value for tag, value in version.tags.items() if tag.startswith(f"{CARD_TAG}.")}


def _is_run(tag: str) -> bool:
    return tag == _RUN_TAG


def _basis(version: ModelVersion) -> dict[str, str]:
    """Return the tags of which a card speaks."""
    skipped = _REGISTERED_BY | _card_tags(version).keys()
    return {tag: value for tag, value in version.tags.items() if tag.startswith("grove.") and tag not in skipped}
