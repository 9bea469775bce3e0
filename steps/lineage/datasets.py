"""Tables as MLflow dataset inputs, with Grove's own fingerprint over all rows as their digest."""

from __future__ import annotations

import warnings

import mlflow
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, DataType
from mlflow.types import Schema as Signature

from steps.table.schema import Column, Schema

DIGEST_CHARACTERS = 36
_TYPES = {
    "integer": DataType.long,
    "number": DataType.double,
    "boolean": DataType.boolean,
    "date": DataType.datetime,
    "text": DataType.string,
}


def log_dataset(source: str, schema: Schema, fingerprint: str, *, name: str, context: str) -> None:
    """Log a table as an input of the active run.

    Parameters
    ----------
    source
        Where it was read from: an absolute path or a URI.
    schema
        Its columns.
    fingerprint
        Of all its rows; MLflow keeps the first 36 characters.
    name, context
        What the UI shows.
    """
    dataset = MetaDataset(
        dataset_source(source),
        name=name,
        digest=fingerprint[:DIGEST_CHARACTERS],
        schema=columns_signature(schema.columns),
    )
    mlflow.log_input(dataset, context=context)


def dataset_source(source: str) -> DatasetSource:
    """Return MLflow's description of where a table is from."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The specified dataset source can be interpreted in multiple ways")
        try:
            return resolve_dataset_source(source)
        except MlflowException:  # such as runs:/, for which MLflow has no class
            return CodeDatasetSource({"uri": source})


def columns_signature(columns: list[Column] | tuple[Column, ...]) -> Signature:
    """Return the columns in MLflow's types."""
    return Signature([ColSpec(_TYPES[column.type], column.name) for column in columns])
