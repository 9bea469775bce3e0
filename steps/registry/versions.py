"""Versions of a registered model: found by the model that they are made of, or by what that came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException

from steps.registry.history import CHAMPION, aliases_of

MODEL_TAG = "grove.model"
"""Of a version: its model's URI. Set together with the version, so that a model is known again even if nothing else was
written; MLflow itself keeps no ID of the model in its database."""
NAME_TAG, VERSION_TAG = "grove.model_name", "grove.model_version"
"""Of runs of register and main: what was registered."""
ALIAS_TAG = "grove.model_alias"
"""Of runs of register and main: the alias that it had then."""
REFUSAL_TAG = "grove.not_promoted"
"""Of runs of register and main: why the version did not pass the gate."""
VARIANT_TAG = "grove.variant"
"""Of a version: the trainer that made it."""
TARGET_TAG = "grove.target"
"""Of a version: the column that it predicts."""
RUN_TAG, DATA_TAG, COMMIT_TAG = "grove.run", "grove.data.fingerprint", "grove.source.commit"
"""Of a version, the first followed by a step's name: what it came from."""
GATE_TAG = "grove.gate"
"""Of a version: whether it passed the gate; followed by a check's name, what was found."""


def registered_model(client: mlflow.MlflowClient, model_name: str) -> RegisteredModel:
    """Return the registered model.

    Raises
    ------
    ValueError
        When there is none of this name.
    """
    try:
        return client.get_registered_model(model_name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise ValueError(
            f"Got model_name={model_name}, which the model registry does not have; expected the name of a registered "
            f"model: is MLFLOW_TRACKING_URI the store that it is in?"
        ) from error


def all_versions(client: mlflow.MlflowClient, model_name: str) -> list[ModelVersion]:
    """Return the versions under this name, the oldest first; none if there is no such name."""
    found: list[ModelVersion] = []
    token = None
    while token != "":
        page = client.search_model_versions(f"name = '{model_name}'", page_token=token)
        found += page
        token = page.token or ""
    return sorted(found, key=lambda version: int(version.version))


def find_or_create(
    client: mlflow.MlflowClient, model_name: str, model_uri: str, tags: Mapping[str, str]
) -> tuple[ModelVersion, bool]:
    """Return the model's version under this name, and whether it is new; a new one has the tags from its beginning."""
    for known in all_versions(client, model_name):
        if known.tags.get(MODEL_TAG) == model_uri:
            return known, False
    client.get_logged_model(model_uri.removeprefix("models:/"))  # or a name without a version would be left behind
    created = mlflow.register_model(model_uri, model_name, tags={MODEL_TAG: model_uri, **tags})
    first = next(each for each in all_versions(client, model_name) if each.tags.get(MODEL_TAG) == model_uri)
    if first.version == created.version:
        return created, True
    client.delete_model_version(model_name, created.version)  # another run has registered it at the same moment
    return first, False


def version_of(client: mlflow.MlflowClient, model_name: str, number: str) -> ModelVersion:
    """Return the version with this number; raise ValueError if there is none."""
    versions = {str(version.version): version for version in all_versions(client, model_name)}
    if number not in versions:
        raise ValueError(
            f"Got version {number} of {model_name}, which does not exist or was deleted; expected one of "
            f"{', '.join(versions) or 'none, as there is no version'}."
        )
    return versions[number]


def version_named(client: mlflow.MlflowClient, model_name: str, named: str) -> ModelVersion:
    """Return the version with this number or alias; raise ValueError if there is none."""
    aliases = aliases_of(registered_model(client, model_name))
    if named not in aliases and not named.isdecimal():
        raise ValueError(
            f"Got version={named}, which is no alias of {model_name}; expected the number of a version, or one of "
            f"{', '.join(aliases) or 'no alias, as there is none'}."
        )
    return version_of(client, model_name, aliases.get(named, named))


def champion_of(client: mlflow.MlflowClient, model_name: str) -> ModelVersion | None:
    """Return today's champion; None if there is none."""
    # Not by the alias: for one that is not there a server with users answers as if it might not be read.
    try:
        number = aliases_of(client.get_registered_model(model_name)).get(CHAMPION)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return None if number is None else client.get_model_version(model_name, number)


def came_from(version: ModelVersion, origin: str) -> bool:
    """Return whether the version came from this run, data fingerprint or commit; the beginning of one will do."""
    return any(
        value.startswith(origin)
        for tag, value in version.tags.items()
        if tag in (DATA_TAG, COMMIT_TAG) or tag.startswith(f"{RUN_TAG}.")
    )


def check_champion(run: Run, models: Collection[str]) -> None:
    """Raise ValueError unless the version that the run registered is the champion, and made of one of the models."""
    name, version = (run.data.tags.get(tag) for tag in (NAME_TAG, VERSION_TAG))
    if not (name and version):
        raise ValueError("Got no tag that names the registered version, expected it: it was deleted.")
    if REFUSAL_TAG in run.data.tags:
        raise ValueError(f"Got version {version} of {name}, which was not promoted; the gate may decide otherwise now.")
    champion = champion_of(mlflow.MlflowClient(), name)
    if champion is None:
        raise ValueError(f"Got no {CHAMPION} of {name}, expected version {version}.")
    if str(champion.version) != version:
        raise ValueError(f"Got version {champion.version} as the {CHAMPION} of {name}, expected version {version}.")
    if champion.tags.get(MODEL_TAG) not in models:
        raise ValueError(f"Got version {version} of {name} made of another model, expected the one of this verdict.")


def model_uri_of(version: ModelVersion) -> str:
    """Return the URI of the model that Grove made the version of.

    Raises
    ------
    ValueError
        When Grove did not.
    """
    if MODEL_TAG not in version.tags:
        raise ValueError(
            f"Got version {version.version} of {version.name}, which Grove did not register; expected one with the tag "
            f"{MODEL_TAG}, by which its model can be checked."
        )
    return str(version.tags[MODEL_TAG])
