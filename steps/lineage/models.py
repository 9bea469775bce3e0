"""Models in MLflow: saved with skops and a named list of trusted types, checked by digest when loaded."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec
from mlflow.types import Schema as Signature
from mlflow.types.schema import AnyType
from sklearn.pipeline import Pipeline

from steps.lineage.environment import REQUIREMENTS
from steps.lineage.errors import one_line
from steps.lineage.model_files import content_digest, model_folder
from steps.serving import grove_model
from steps.table.schema import Column, Schema

_LABELS = {"U": DataType.string, "b": DataType.boolean, "i": DataType.long, "f": DataType.double}


def log_model(
    pipeline: Pipeline, schema: Schema, example: pd.DataFrame, classes: np.ndarray, profile: Path
) -> ModelInfo:
    """Log the fitted pipeline as the active run's model.

    Parameters
    ----------
    pipeline
        Its classes being labels, not codes.
    schema
        The training table's; its target and its features, with their types and roles, are the model's metadata.
    example : (n_rows, n_features)
        A few raw rows.
    classes : (n_classes,)
        The labels.
    profile
        The file of the training rows' profile, which the model takes along; of an older split there is none.
    """
    features = [column for column in schema.columns if column.name in schema.features]
    (target,) = (column for column in schema.columns if column.name == schema.target)
    # MLflow's own types refuse raw rows that the pipeline takes: integers with a gap, whole numbers in a column of
    # fractions, dates as text; and over HTTP a missing boolean would become False.
    inputs = Signature([ColSpec(AnyType(), column.name) for column in features])
    outputs = Signature([ColSpec(_LABELS[classes.dtype.kind])])
    params = ParamSchema([ParamSpec(grove_model.PROBABILITIES, DataType.boolean, default=False)])
    signature = ModelSignature(inputs=inputs, outputs=outputs, params=params)
    return Model.log(
        artifact_path=None,
        name="model",
        flavor=_Flavor,
        flavor_name="mlflow.sklearn",
        sk_model=pipeline,
        code_paths=[grove_model.__file__],
        serialization_format="skops",
        skops_trusted_types=grove_model.TRUSTED_TYPES,
        signature=signature,
        input_example=example,
        metadata={"features": [_described(column) for column in features], "target": _described(target)},
        extra_files=[str(profile)] if profile.is_file() else None,
        pip_requirements=[f"{package}=={version(package)}" for package in REQUIREMENTS],
    )


class _Flavor:
    """MLflow's scikit-learn flavor, but that a server asks the model in Grove's way."""

    @staticmethod
    def save_model(path: str, mlflow_model: Model, **options: Any) -> None:
        """Write the model's folder; MLflow calls this."""
        mlflow.sklearn.save_model(path=path, mlflow_model=mlflow_model, **options)
        mlflow_model.flavors[pyfunc.FLAVOR_NAME][pyfunc.MAIN] = Path(grove_model.__file__).stem
        mlflow_model.save(str(Path(path) / "MLmodel"))


def _described(column: Column) -> dict[str, str]:
    return {"name": column.name, "type": column.type, "role": column.role}


def load_model(model_uri: str, digest: str) -> Pipeline:
    """Return the pipeline at the URI, whose file must have the digest.

    Raises
    ------
    ValueError
        When it has another, or `load_pipeline` refuses it.
    """
    folder = model_folder(model_uri)
    found = content_digest(folder / grove_model.MODEL_FILE)
    if found != digest:
        raise ValueError(
            f"Got {model_uri}, whose content has the SHA-256 {found[:12]}…, expected {digest[:12]}… as it was trained: "
            f"it was changed or damaged since; train it again."
        )
    return grove_model.load_pipeline(folder, model_uri)


def trainer_run(model_uri: str) -> str:
    """Return the ID of the run that logged the model.

    Raises
    ------
    ValueError
        When there is no such model.
    """
    try:
        run_id = mlflow.models.get_model_info(model_uri).run_id
    except Exception as error:  # its MLmodel may be anybody's
        raise ValueError(f"Got the model {model_uri}, which can't be fetched: {one_line(error)}") from error
    if not run_id:
        raise ValueError(f"Got the model {model_uri}, which no run has logged; expected one of a trainer of Grove.")
    return run_id
