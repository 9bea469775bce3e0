"""Dividing a table that is in memory as a whole: what `divide` must equal to the last byte, in any batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from steps.table.division import Asked
from steps.table.fingerprint import fingerprint
from steps.table.profile import BINS, MOST_CATEGORIES
from steps.table.schema import NAMED_IN_DROP, Schema
from steps.table.split import holdout_mask, row_hashes


def divide_whole(rows: pa.Table, schema: Schema, folder: Path, asked: Asked) -> dict[str, Any]:
    """Write the files of a split, and return what its manifest says; without a sample."""
    left_out: dict[str, int] = {}
    notes: list[str] = []
    target = schema.target
    if missing := rows[target].null_count:
        left_out["no target"] = missing
    rows = without_rare_classes(rows.filter(pc.is_valid(rows[target])), target, asked, left_out)
    hashed = [column.name for column in schema.columns if column.reason != NAMED_IN_DROP]
    in_test = holdout_mask(row_hashes(rows, hashed, as_read=True), seed=asked.seed, test_size=asked.test_size)
    parting = [c.name for c in schema.dropped if c.name in hashed and len(pc.unique(rows[c.name])) > 1]
    rows = rows.select([c.name for c in schema.columns if c.name in (*schema.features, target)])
    seen = row_hashes(rows, rows.column_names, as_read=False)
    _, first, counts = np.unique(seen, return_index=True, return_counts=True)
    duplicated = int((counts - 1).sum())
    if duplicated and asked.duplicates == "keep":
        notes.append(f"{duplicated:,} rows equal an earlier one, and are kept: duplicates=drop leaves them out.")
    elif duplicated:
        left_out["equal to an earlier row"] = duplicated
        keep = np.sort(first)
        rows, seen, in_test = rows.take(pa.array(keep)), seen[keep], in_test[keep]
    parts = {"train": rows.filter(pa.array(~in_test)), "test": rows.filter(pa.array(in_test))}
    notes += check_parts(parts, target)
    if twins := int(np.isin(seen[in_test], seen[~in_test]).sum()):
        notes.append(
            f"{twins:,} holdout rows equal a training row but for {', '.join(map(repr, parting))}, so the holdout is "
            f"not all new to the models: add {','.join(parting)} to drop, and such rows stay on one side."
        )
    for name, part in parts.items():
        with pq.ParquetWriter(
            folder / f"{name}.parquet", part.schema, compression="zstd", write_page_checksum=True
        ) as writer:
            if part.num_rows:
                writer.write_table(part.combine_chunks())
    told = json.dumps(profile(parts["train"], schema), indent=1, ensure_ascii=False)
    (folder / "profile.json").write_text(told, encoding="utf-8")
    return {
        "classes": {name: class_counts(part, target) for name, part in parts.items()},
        "fingerprints": {name: fingerprint(part) for name, part in parts.items()},
        "left_out": left_out,
        "duplicates": duplicated,
        "notes": notes,
        "sample": None,
    }


def without_rare_classes(rows: pa.Table, target: str, asked: Asked, left_out: dict[str, int]) -> pa.Table:
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(rows[target]).to_pylist()}
    rare = {label: count for label, count in counts.items() if count < asked.min_class_rows}
    if not rare:
        return rows
    named = ", ".join(f"{label!r} ({count})" for label, count in sorted(rare.items(), key=lambda pair: pair[1])[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    if asked.rare_classes != "drop":
        raise ValueError(
            f"Got {len(rare)} of {len(counts)} classes with fewer rows than min_class_rows={asked.min_class_rows}: "
            f"{named}{more}; leave them out with rare_classes=drop, or lower min_class_rows."
        )
    if len(counts) - len(rare) < 2:
        raise ValueError(
            f"Got {len(counts) - len(rare)} classes with at least min_class_rows={asked.min_class_rows} rows, expected "
            f"two or more: lower min_class_rows. Rarer are {named}{more}."
        )
    left_out[f"class with fewer than {asked.min_class_rows} rows: {named}{more}"] = sum(rare.values())
    kept = pa.array([label for label in counts if label not in rare], rows.schema.field(target).type)
    return rows.filter(pc.is_in(rows[target], kept))


def check_parts(parts: dict[str, pa.Table], target: str) -> list[str]:
    train, test = (set(pc.unique(parts[name][target]).to_pylist()) for name in ("train", "test"))
    for name, classes, needed in (("train", train, 2), ("test", test, 1)):
        if len(classes) < needed:
            raise ValueError(
                f"Got {parts[name].num_rows} {name} rows with {len(classes)} classes after the split, expected at "
                f"least {needed}: the table has too few different rows for this test_size and seed; change one of them."
            )
    if untrained := test - train:
        raise ValueError(
            f"Got class {min(untrained, key=str)!r} in the holdout only, expected training rows of every class: it has "
            f"too few different rows; change seed or test_size, or leave it out with rare_classes=drop and a higher "
            f"min_class_rows."
        )
    untested = sorted(map(str, train - test))
    shown = ", ".join(map(repr, untested[:5])) + (f" and {len(untested) - 5} more" if len(untested) > 5 else "")
    return [f"The holdout has no rows of {len(untested)} of {len(train)} classes: {shown}."] if untested else []


def class_counts(table: pa.Table, target: str) -> dict[str, int]:
    pairs = pc.value_counts(table[target]).to_pylist()
    return {str(pair["values"]): pair["counts"] for pair in sorted(pairs, key=lambda pair: -pair["counts"])}


def profile(table: pa.Table, schema: Schema) -> dict[str, Any]:
    columns = {name: describe(table[name], name in schema.categorical) for name in schema.features}
    return {"rows": table.num_rows, "classes": class_counts(table, schema.target), "columns": columns}


def describe(column: pa.ChunkedArray, is_categorical: bool) -> dict[str, Any]:
    if is_categorical:
        values = [str(value) for value in column.to_pylist() if value is not None]
        ranked = sorted(set(values), key=lambda text: (-values.count(text), text))
        shown = ranked[:MOST_CATEGORIES]
        counts = [*map(values.count, shown), sum(map(values.count, ranked[MOST_CATEGORIES:]))]
        return {"categories": shown, "counts": counts, "missing": column.null_count}
    days = column.cast(pa.int32()) if pa.types.is_date(column.type) else column
    numbers = [float(value) for value in days.to_pylist() if value is not None]
    deciles = np.quantile(numbers, np.arange(1, BINS) / BINS, method="inverted_cdf") if numbers else []
    edges = np.unique(deciles)
    counts = np.bincount(np.searchsorted(edges, numbers), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "missing": column.null_count}
