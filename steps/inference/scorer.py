"""From raw rows to rows with their predictions, and what is to be counted of them; a batch at a time."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from steps.inference.model import TrainedModel
from steps.table.batches import BatchReader
from steps.table.conform import conform, label_codes, to_frame
from steps.table.listing import first_of
from steps.table.profile import bin_counts, text_counts
from steps.table.schema import CATEGORICAL, DROPPED, TEXT, TYPES, Column, Schema

PREDICTION = "prediction"
PROBABILITY = "probability_"
BATCH_ROWS = 1 << 15
_CELLS = 1 << 20
"""A batch of a wide table, or of many classes, has fewer rows: what a batch takes is bounded."""
_NAMED = 10


@dataclass(frozen=True)
class ScoredBatch:
    """Some rows with their predictions.

    Attributes
    ----------
    rows
        What is written.
    codes
        (n_rows,) int64, as `label_codes` returns them; None if the table has no target.
    probabilities
        (n_rows, n_classes) float64.
    bins
        Feature to its values in each bin of its profile; without a profile empty.
    missing, unknown
        Feature to its missing values, and categorical feature to its values that training had not.
    unknown_labels
        How often the target has each label that the model does not know.
    """

    rows: pa.Table
    codes: np.ndarray | None
    probabilities: np.ndarray
    bins: dict[str, np.ndarray]
    missing: dict[str, int]
    unknown: dict[str, int]
    unknown_labels: Counter[str]


@dataclass(frozen=True)
class Scorer:
    """A model that scores the rows of one table.

    Parameters
    ----------
    model
        Which one.
    reader
        The table.
    source
        Its name, for messages.
    typed
        Whether features that are text in the table are handed on in the types of training.
    """

    model: TrainedModel
    reader: BatchReader
    source: str
    typed: bool

    def __post_init__(self) -> None:
        """Raise ValueError unless the table has all columns that the model needs, and none that it adds."""
        names = self.reader.schema.names
        if missing := [feature.name for feature in self.model.features if feature.name not in names]:
            raise ValueError(_without_columns(self.source, missing, names))
        if taken := [name for name in self._added if name in names]:
            raise ValueError(
                f"Got the column {taken[0]!r} in {self.source}, which is a name that scoring adds: rename it there."
            )

    @property
    def batch_rows(self) -> int:
        """How many rows a batch should have."""
        return max(1, min(BATCH_ROWS, _CELLS // (len(self.reader.schema) + len(self.model.classes))))

    @property
    def schema(self) -> pa.Schema:
        """The columns that are written, and their types."""
        return self.score(self.reader.schema.empty_table(), 1).rows.schema

    @property
    def columns(self) -> Schema:
        """The columns of the table, with the types that they had in training, as far as they were in it."""
        known = {column.name: column for column in (*self.model.features, self.model.target) if column is not None}
        return Schema(
            tuple(
                known.get(field.name, Column(field.name, TYPES.get(field.type, TEXT), DROPPED, "not in the model"))
                for field in self.reader.schema
            )
        )

    @property
    def has_target(self) -> bool:
        """Whether the table says what is to be predicted."""
        return self.model.target is not None and self.model.target.name in self.reader.schema.names

    def score(self, raw: pa.Table, first_row: int) -> ScoredBatch:
        """Return rows of the table, of which the first is number `first_row`, with their predictions.

        Raises
        ------
        ValueError
            If a value is not of the type that its column had in training.
        """
        columns = {
            feature.name: conform(
                raw[feature.name],
                feature,
                decimal_comma=self.reader.decimal_comma,
                source=self.source,
                first_row=first_row,
            )
            for feature in self.model.features
        }
        probabilities = np.empty((0, len(self.model.classes)))
        if len(raw):
            probabilities = self.model.pipeline.predict_proba(to_frame(columns))
        codes, unknown_labels = None, Counter[str]()
        if self.has_target:
            labels = raw[self.model.target.name]
            codes, unknown_labels = label_codes(labels, self.model.target, self.model.classes.tolist())
        categorical = [feature.name for feature in self.model.features if feature.role == CATEGORICAL]
        profile = (self.model.profile or {}).get("columns", {})
        return ScoredBatch(
            self._with_predictions(raw, columns, probabilities),
            codes,
            probabilities,
            {name: bin_counts(columns[name], about) for name, about in profile.items()},
            {name: values.null_count for name, values in columns.items()},
            {name: self._unknown(name, columns[name]) for name in categorical},
            unknown_labels,
        )

    def _with_predictions(self, raw: pa.Table, columns: dict[str, pa.Array], probabilities: np.ndarray) -> pa.Table:
        rows = raw
        if self.typed:
            for name, values in columns.items():
                rows = rows.set_column(rows.column_names.index(name), name, values)
        predicted = self.model.classes[probabilities.argmax(axis=1)]
        for name, values in zip(self._added, (predicted, *probabilities.T), strict=True):
            rows = rows.append_column(name, pa.array(values))
        return rows

    @property
    def _added(self) -> list[str]:
        return [PREDICTION, *(PROBABILITY + text for text in self.model.class_texts)]

    def _unknown(self, name: str, values: pa.Array) -> int:
        known = self.model.known[name]
        return sum(count for text, count in text_counts([values]).items() if text not in known)


def _without_columns(source: str, missing: list[str], names: list[str]) -> str:
    folded = {name.casefold(): name for name in names}
    near = [folded[found] for found in difflib.get_close_matches(missing[0].casefold(), folded, n=2)]
    known, lacking = (first_of(list(map(repr, listed)), _NAMED) for listed in (names, missing))
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {known}."
    return f"Got {source} without {lacking}, expected all columns that the model was trained on: {hint}"
