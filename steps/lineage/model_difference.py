"""What differs between the models of a search and of its repetition: what they predict."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from steps.forest.labels import as_text
from steps.lineage.artifacts import Artifact
from steps.lineage.models import load_model
from steps.table.difference import Difference, table_differences
from steps.table.schema import Schema
from steps.table.stored import read_verified


def model_differences(recorded: Artifact, repeated: Artifact, split: Artifact) -> list[Difference]:
    """Let the models of two searches predict the holdout of the split; return how the predictions differ."""
    schema = Schema.from_dict(split.manifest["schema"])
    rows = read_verified(split.folder / "test.parquet").to_pandas(date_as_object=False)[schema.features]
    before, after = (
        predictions(load_model(search.apart["model_uri"], search.manifest["model_digest"]), rows)
        for search in (recorded, repeated)
    )
    return list(table_differences(before, after, _in_words))


def predictions(pipeline: Pipeline, rows: pd.DataFrame) -> pa.Table:
    """Return a model's predicted class, as text, and each class's probability; n_rows, in the rows' order."""
    classes = as_text(pipeline.classes_)
    probabilities = pipeline.predict_proba(rows)
    columns = {"class": pa.array(as_text(pipeline.classes_[probabilities.argmax(axis=1)]), pa.string())}
    columns |= {f"probability of {name}": pa.array(probabilities[:, at]) for at, name in enumerate(classes)}
    return pa.table(columns)


def _in_words(column: str, row: int, recorded: str, repeated: str) -> str:
    return f"the model's {column} for holdout row {row:,}: {recorded} became {repeated}"
