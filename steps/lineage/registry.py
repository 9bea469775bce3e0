"""The Model Registry: names that it can carry, and whether what was registered is still so."""

from __future__ import annotations

import re
from collections.abc import Collection

import click
import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from steps.lineage.errors import one_line
from steps.table.options import Checked

CHAMPION = "champion"
MODEL_TAG = "grove.model"
"""Of a version: its model's URI. Set together with the version, so that a model is known again even if nothing else was
written; MLflow itself keeps no ID of the model in its database."""


def check_champion(run: Run, models: Collection[str]) -> None:
    """Raise ValueError unless the version that the run registered is the champion, and made of one of the models."""
    name, version = (run.data.tags.get(tag) for tag in ("grove.model_name", "grove.model_version"))
    if not (name and version):
        raise ValueError("Got no tag that names the registered version, expected it: it was deleted.")
    client = mlflow.MlflowClient()
    try:
        champion = client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        raise ValueError(f"Got no {CHAMPION} of {name}, expected version {version}: {one_line(error)}") from error
    if str(champion.version) != version:
        raise ValueError(f"Got version {champion.version} as the {CHAMPION} of {name}, expected version {version}.")
    if champion.tags.get(MODEL_TAG) not in models:
        raise ValueError(f"Got version {version} of {name} made of another model, expected the one of this verdict.")


def check_name(model_name: str) -> None:
    """Raise ValueError for a name that the registry, a URI or a search can't carry."""
    if not re.fullmatch(r"\w([\w .-]*\w)?", model_name):
        raise ValueError(
            f"Got model_name={model_name!r}, expected letters, digits, spaces, dots, dashes and underscores, "
            f"such as grove."
        )


REGISTRY_OPTIONS: dict[str, click.ParamType] = {"model_name": Checked(check_name)}
"""Option to its type."""
