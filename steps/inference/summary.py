"""What was seen of scored rows, in words and as JSON can hold it."""

from __future__ import annotations

from typing import Any

from steps.inference.observed import Observed
from steps.table.listing import first_of


def content_of(observed: Observed, *, model: str, source: str, output: str, has_profile: bool) -> dict[str, Any]:
    """Return what drift.json says."""
    columns, classes = observed.columns(), observed.classes()
    return {
        "model": model,
        "source": source,
        "output": output,
        "rows": observed.rows,
        "sentence": sentence(columns, classes, observed.rows, has_profile),
        "notes": [*category_notes(columns), *label_notes(observed)],
        "columns": columns,
        "classes": classes,
        "labelled": observed.metrics.n_rows,
        "metrics": observed.metrics.scores(),
    }


def sentence(columns: list[dict[str, Any]], classes: dict[str, Any], rows: int, has_profile: bool) -> str:
    """Return which columns drifted, in one sentence; `columns` are the worst first."""
    if not rows:
        return "There are no rows, so no drift can be told."
    if not has_profile:
        return "The model took no profile of its training rows along, so no drift can be told: train it again for that."
    found = []
    for level in ("large", "moderate"):
        drifted = [f"{each['name']} (PSI {each['psi']:.3f})" for each in columns if each["level"] == level]
        if drifted:
            found.append(f"{level} in {first_of(drifted)}")
    told = "; ".join(found) if found else f"none in {len(columns)} columns"
    return f"Drift from the training rows: {told}. Predicted classes: {classes['level']} (PSI {classes['psi']:.3f})."


def category_notes(columns: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each column with categories that training had not."""
    notes = []
    for column in columns:
        if not column["unknown"]:
            continue
        if column["unknown"] + column["missing"] > 1 - 1e-12:
            notes.append(
                f"Column {column['name']!r}: none of its values occurred in training; is it the right one, and written "
                f"as then?"
            )
        else:
            notes.append(f"Column {column['name']!r}: {column['unknown']:.2%} are categories that training had not.")
    return notes


def label_notes(observed: Observed) -> list[str]:
    """Return a sentence for the rows that the metrics leave out, by reason."""
    notes = []
    if observed.unlabelled:
        notes.append(f"The metrics leave out {observed.unlabelled:,} rows without a label.")
    if observed.mislabelled:
        named = first_of([f"{label!r} ({count:,})" for label, count in observed.other_labels.most_common()])
        notes.append(
            f"The metrics leave out {observed.mislabelled:,} rows with a label that the model does not know: {named}."
        )
    return notes
