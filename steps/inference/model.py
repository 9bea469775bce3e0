"""A trained model with all that it knows of its training: enough to score rows where its run is out of reach."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import Model
from sklearn.pipeline import Pipeline

from steps.forest.encoder import known_categories
from steps.forest.labels import as_text
from steps.lineage.artifacts import NotFetchedError, resolve
from steps.lineage.model_files import content_digest, model_folder
from steps.serving.grove_model import MODEL_FILE, load_pipeline
from steps.table.profile import PROFILE
from steps.table.schema import Column


@dataclass(frozen=True)
class TrainedModel:
    """A model of a trainer of Grove.

    Attributes
    ----------
    pipeline
        Takes raw rows.
    features
        The columns that it needs, as they were in training.
    target
        The column that it predicts; None of a model that does not know.
    profile
        How often the training rows' values occurred; None of a model that does not know.
    digest
        SHA-256 of the pipeline's content.
    """

    pipeline: Pipeline
    features: tuple[Column, ...]
    target: Column | None
    profile: dict[str, Any] | None
    digest: str

    @property
    def classes(self) -> np.ndarray:
        """The labels, in the order of the probabilities' columns."""
        return self.pipeline.classes_

    @property
    def class_texts(self) -> list[str]:
        """The labels as texts."""
        return as_text(self.classes)

    @cached_property
    def known(self) -> dict[str, frozenset[str]]:
        """The categories that each categorical feature had in training, as texts."""
        return known_categories(self.pipeline)


def read_model(uri: str) -> TrainedModel:
    """Fetch and load the model at a URI or a path.

    Raises
    ------
    ValueError
        When it can't be had, is damaged, or is none of Grove's.
    """
    try:
        folder = model_folder(resolve(uri), "model")
    except NotFetchedError as error:
        said = str(error).rstrip(".")
        raise NotFetchedError(f"{said}; expected one such as models:/grove@champion.") from error
    columns = _columns(folder)
    if columns is None or not (folder / MODEL_FILE).is_file():
        raise ValueError(
            f"Got model={uri}, which does not say what its columns were in training; expected a model of a trainer of "
            f"Grove, such as models:/grove@champion."
        )
    features, target = columns
    pipeline = load_pipeline(folder, uri)
    return TrainedModel(pipeline, features, target, _read_profile(folder), content_digest(folder / MODEL_FILE))


def _columns(folder: Path) -> tuple[tuple[Column, ...], Column | None] | None:
    """Return the features and the target that the model's MLmodel names; None where it names none."""
    try:
        about = Model.load(str(folder)).metadata
        features, target = tuple(map(_column, about["features"])), about.get("target")
        return (features, _column(target) if target else None) if features else None
    except Exception:  # what a stranger wrote can break its reader in any way
        return None


def _column(about: dict[str, str]) -> Column:
    return Column(str(about["name"]), str(about["type"]), str(about["role"]), "as in training")


def _read_profile(folder: Path) -> dict[str, Any] | None:
    path = folder / "extra_files" / PROFILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
