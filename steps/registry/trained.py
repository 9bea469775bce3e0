"""A trained model with the search that it came from, and how two of them differ for those who use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import mlflow
import numpy as np
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sklearn.pipeline import Pipeline

from steps.forest.scoring import TWO_CLASSES
from steps.lineage.artifacts import Artifact, fetch
from steps.lineage.errors import one_line
from steps.lineage.models import load_model, trainer_run
from steps.registry.versions import model_uri_of
from steps.table.listing import first_of
from steps.table.schema import CATEGORICAL, INTEGER, NUMBER, NUMERIC


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes
    ----------
    features
        Name of each column that it needs, to what it takes there, in words.
    target
        The name of the column that it predicts; None if unknown.
    search
        The artifact of the trainer's run.
    found
        Its search.json.
    """

    uri: str
    features: dict[str, str]
    target: str | None
    search: Artifact
    found: dict[str, Any]

    @property
    def classes(self) -> np.ndarray:
        """The labels, in the order of the probabilities' columns."""
        return np.asarray(self.found["classes"])

    def load(self) -> Pipeline:
        """Return the pipeline; raise ValueError if it is not as it was trained."""
        return load_model(self.uri, self.search.manifest["model_digest"])


def read_trained(uri: str, target: str | None) -> Trained:
    """Return the model at the URI, which predicts the target, without loading it.

    Raises
    ------
    ValueError, OSError, MlflowException
        When it or its search is gone or changed.
    """
    search = fetch(f"runs:/{trainer_run(uri)}/search", "search")
    features = (mlflow.models.get_model_info(uri).metadata or {}).get("features", [])
    return Trained(
        uri,
        {feature["name"]: _taken(feature) for feature in features},
        target,
        search,
        json.loads((search.folder / "search.json").read_text(encoding="utf-8")),
    )


def check_loads(version: ModelVersion) -> None:
    """Raise ValueError unless the model of the version loads as it was trained."""
    name = f"version {version.version} of {version.name}"
    try:
        read_trained(model_uri_of(version), None).load()
    except (ValueError, OSError, MlflowException) as error:
        raise ValueError(f"Got {name}, expected one whose model loads as it was trained. {one_line(error)}") from error


def _taken(feature: dict[str, str]) -> str:
    if feature["role"] == CATEGORICAL:
        # Equal numbers are one category, whatever their type.
        return f"categories that are {'numbers' if feature['type'] in (INTEGER, NUMBER) else feature['type']}"
    return "numbers" if feature["role"] == NUMERIC else "dates"


def changes_for_callers(new: Trained, champion: Trained) -> list[str]:
    """Return in words what those who call the champion would feel; nothing if they would not feel the new model.

    A column that is needed no more is no change: MLflow leaves out what a request has beyond the signature.
    """
    added = [f"it needs the column {name!r}" for name in new.features if name not in champion.features]
    return [*added, *_other_columns(new, champion), *_other_target(new, champion), *_other_classes(new, champion)]


def obstacles(new: Trained, champion: Trained) -> list[str]:
    """Return why the champion can't be asked about the rows that the new model was made for; nothing if it can."""
    missing = [f"they lack the column {name!r}" for name in champion.features if name not in new.features]
    return [*missing, *_other_columns(new, champion), *_other_target(new, champion), *_other_scale(new, champion)]


def _other_target(new: Trained, champion: Trained) -> list[str]:
    if None in (new.target, champion.target) or new.target == champion.target:
        return []
    return [f"it predicts {new.target!r}, not {champion.target!r}"]


def _other_columns(new: Trained, champion: Trained) -> list[str]:
    return [
        f"the column {name!r} holds {kind}, not {champion.features[name]}"
        for name, kind in new.features.items()
        if champion.features.get(name, kind) != kind
    ]


def _other_classes(new: Trained, champion: Trained) -> list[str]:
    kind, other = _kind_of_classes(new), _kind_of_classes(champion)
    if kind != other:
        return [f"its classes are {kind}, not {other}"]
    ours, theirs = set(new.classes.tolist()), set(champion.classes.tolist())
    said = {"it has the class": ours - theirs, "it lacks the class": theirs - ours}
    return [f"{opening} {label!r}" for opening, labels in said.items() for label in sorted(labels, key=str)]


def _other_scale(new: Trained, champion: Trained) -> list[str]:
    differences, scoring = _other_classes(new, champion), new.found["scoring"]
    if differences and scoring in TWO_CLASSES:
        return [f"{scoring} is of two classes, and {first_of(differences)}"]
    return differences if _kind_of_classes(new) != _kind_of_classes(champion) else []


def _kind_of_classes(model: Trained) -> str:
    return {"U": "text", "b": "booleans"}.get(model.classes.dtype.kind, "numbers")
