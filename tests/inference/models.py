"""Models as they come back from the registry, without one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import mlflow
import pandas as pd
import pyarrow as pa

from steps.forest.encoder import encoder
from steps.forest.labels import encode_labels
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline, settings, with_classes
from steps.inference.model import TrainedModel
from steps.inference.scorer import Scorer
from steps.lineage.models import log_model
from steps.table.batches import BatchReader
from steps.table.clean import clean
from steps.table.profile import PROFILE, profile
from steps.table.schema import Schema, infer_schema
from tests import tables

TARGETS = {"numeric_binary": "sick", "all_categorical": "label", "many_classes": "label", "dates": "weekend"}
"""Of some of `tests.tables`."""


def arrow(frame: pd.DataFrame) -> pa.Table:
    """Return the frame as a file would hold it; pandas' own way warns of moments with a zone."""
    zoned = frame.select_dtypes("datetimetz").columns
    plain = frame.assign(**{name: frame[name].dt.tz_convert(None) for name in zoned})
    table = pa.Table.from_pandas(plain, preserve_index=False)
    for name in zoned:
        moments = table[name].cast(pa.timestamp("us", "UTC"))
        table = table.set_column(table.column_names.index(name), name, moments)
    return table.replace_schema_metadata()


def cleaned(frame: pd.DataFrame, target: str, **options: list[str]) -> tuple[pa.Table, Schema]:
    table, _ = clean(arrow(frame), keep=target)
    return table, infer_schema(table, target=target, max_categories=32, **options)[0]


def trained(frame: pd.DataFrame, target: str, *, kmeans: bool = False, **options: list[str]) -> TrainedModel:
    """Fit a small forest on all rows of the frame."""
    table, schema = cleaned(frame, target, **options)
    rows = table.to_pandas(date_as_object=False)
    encode = encoder(schema.numeric, schema.dates, schema.categorical, 32)
    pipeline = kmeans_pipeline(encode, 0) if kmeans else forest_pipeline(encode, 0)
    grid = {"n_clusters": 3, "cluster_features": "both"} if kmeans else {}
    codes, classes = encode_labels(rows[target])
    fitted = pipeline.set_params(**settings({"n_estimators": 5, **grid})).fit(rows[schema.features], codes)
    columns = {column.name: column for column in schema.columns}
    return TrainedModel(
        with_classes(fitted, classes),
        tuple(columns[name] for name in schema.features),
        columns[target],
        profile(table, schema),
        "a digest",
    )


@cache
def model_of(name: str, *, kmeans: bool = False) -> TrainedModel:
    """Fit on one of `tests.tables`, once."""
    return trained(getattr(tables, name)(), TARGETS[name], kmeans=kmeans)


def register(
    client: mlflow.MlflowClient, frame: pd.DataFrame, target: str, folder: Path, *, profiled: bool = True
) -> str:
    """Log and register such a model, as a trainer and register do; return its URI."""
    model = trained(frame, target)
    table, schema = cleaned(frame, target)
    example = table.select(schema.features).slice(0, 2).to_pandas(date_as_object=False)
    if profiled:
        (folder / PROFILE).write_text(json.dumps(model.profile), encoding="utf-8")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(client.tracking_uri)
    try:
        with mlflow.start_run(experiment_id="1"):
            logged = log_model(model.pipeline, schema, example, model.classes, folder / PROFILE)
        version = mlflow.register_model(logged.model_uri, "small")
    finally:
        mlflow.set_tracking_uri(before)
    client.set_registered_model_alias("small", "champion", version.version)
    return "models:/small@champion"


def scorer_of(model: TrainedModel, table: pa.Table, *, is_text: bool = False, typed: bool = False) -> Scorer:
    """Return what scores the table, as if a file held it."""
    reader = BatchReader(table.schema, table.num_rows, is_text, False, lambda rows: table.to_batches(rows))
    return Scorer(model, reader, "new.csv", typed)
