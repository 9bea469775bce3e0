"""Whether a repeated step gave what was recorded: to the last bit, within tolerance, or where it first did not."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from steps.table.difference import (
    Difference,
    counted,
    in_row,
    layout_difference,
    table_differences,
    value_differences,
)
from steps.table.manifest import MANIFEST
from steps.table.profile import PROFILE
from steps.table.stored import read_verified

if TYPE_CHECKING:
    from steps.lineage.artifacts import Artifact

_DIGESTS = frozenset(
    ("model_digest", "fingerprint", "fingerprints", "split_fingerprints", "data_fingerprint", "sha256")
)
"""They differ too where libraries write other bytes for the same content."""
_DERIVED = _DIGESTS | {"sentence"}
"""And the verdict's prose, which repeats its numbers."""
_OF_THE_RUN = ("run_id", "chain", "apart", "files")
"""Keys of a manifest that are no content, or compared file by file."""
_ORDER = {".json": 0, ".csv": 1, ".parquet": 1, ".html": 3}
"""Choices and scores are told first, then tables; what has another suffix comes before cards."""
_MEANS = ("mean_score", "mean")
_AGREE = {"search": "all scores and choices agree", "verdict": "all scores and choices agree"}


class Outcome(enum.StrEnum):
    """How a repetition compares with what was recorded, the best first."""

    IDENTICAL = "identical"
    EQUAL = "equal within tolerance"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class StepComparison:
    """How one step compares.

    Attributes
    ----------
    step, outcome
        The entry point's name, and how it compares.
    compared
        What was compared, in words.
    largest
        The largest difference among numbers, relative as `steps.table.difference.TOLERANCE` is; 0.0 when identical.
    difference
        When diverged, the first thing that differs; when equal within tolerance, where the largest difference is;
        None when identical.
    """

    step: str
    outcome: Outcome
    compared: str
    largest: float
    difference: str | None


def compare_artifacts(
    step: str, kind: str, recorded: Artifact, repeated: Artifact, more: Iterable[Difference] = ()
) -> StepComparison:
    """Compare what a step wrote with what it wrote again.

    Parameters
    ----------
    step, kind
        The entry point's name, and the artifact's.
    recorded, repeated
        Verified against their manifests.
    more
        Differences of what belongs to the artifact and is kept elsewhere.
    """
    compared = _compared(kind, recorded)
    if recorded.fingerprint == repeated.fingerprint:
        return StepComparison(step, Outcome.IDENTICAL, compared, 0.0, None)
    found = [*_differences(kind, recorded, repeated), *more]
    largest = max((difference.size for difference in found), default=0.0)
    if diverged := next((difference for difference in found if difference.diverges), None):
        return StepComparison(step, Outcome.DIVERGED, compared, largest, diverged.what)
    # Of a manifest that says the same in other words nothing is found.
    first = max(found, key=lambda difference: difference.size, default=Difference(f"{kind}/{MANIFEST}: other bytes"))
    agree = "" if largest else f", {_AGREE.get(kind, 'all numbers and texts agree')}"
    return StepComparison(step, Outcome.EQUAL, compared, largest, first.what + agree)


def overall(comparisons: Sequence[StepComparison]) -> Outcome:
    """Return the worst outcome.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not comparisons:
        raise ValueError("Got no steps to compare, expected at least one.")
    return max((comparison.outcome for comparison in comparisons), key=list(Outcome).index)


def _compared(kind: str, artifact: Artifact) -> str:
    files = artifact.manifest["files"]
    rows = {name: about["rows"] for name, about in files.items() if "rows" in about}
    match kind:
        case "table" if "table.parquet" in rows:
            columns = counted(len(files["table.parquet"]["schema"]), "column")
            return f"table: {counted(rows['table.parquet'], 'row')} × {columns}"
        case "split" if rows.keys() >= {"train.parquet", "test.parquet"}:
            return f"split: {rows['train.parquet']:,} training and {rows['test.parquet']:,} holdout rows"
        case "search" if "search.json" in files:
            found = _read_json(artifact.folder / "search.json")
            tried = f"{counted(found['candidates'], 'candidate')} × {counted(found['cv'], 'fold')}"
            return f"{tried}, chosen parameters, model"
        case "verdict" if "predictions.parquet" in rows:
            return f"holdout metrics, predictions of {counted(rows['predictions.parquet'], 'row')}"
    return f"{kind}: {counted(len(files), 'file')}"


def _differences(kind: str, recorded: Artifact, repeated: Artifact) -> Iterator[Difference]:
    before, after = recorded.manifest["files"], repeated.manifest["files"]
    for name in sorted(before.keys() | after.keys(), key=lambda name: (_ORDER.get(Path(name).suffix, 2), name)):
        if name not in before or name not in after:
            yield Difference(f"{kind}/{name} is {'new' if name in after else 'missing'}")
        elif before[name]["sha256"] != after[name]["sha256"]:
            for found in _file_differences(recorded.folder / name, repeated.folder / name):
                yield replace(found, what=f"{kind}/{name}: {found.what}")
    manifests = (
        {key: value for key, value in artifact.manifest.items() if key not in _OF_THE_RUN}
        for artifact in (recorded, repeated)
    )
    for found in value_differences(*manifests, derived=_DIGESTS):
        yield replace(found, what=f"{kind}/{MANIFEST}: {found.what}")


def _file_differences(recorded: Path, repeated: Path) -> Iterator[Difference]:
    """Compare two files of one name that differ in their bytes, be it in nothing else."""
    # A card follows from the verdict and a profile from the rows, which are compared; what can't be looked into must
    # not differ.
    compare = None if recorded.name == PROFILE else _COMPARED.get(recorded.suffix)
    found = list(compare(recorded, repeated)) if compare else []
    yield from found or [Difference("other bytes", exact=recorded.suffix not in _ORDER)]


def _json_differences(recorded: Path, repeated: Path) -> Iterator[Difference]:
    derived = _DERIVED if recorded.name == "verdict.json" else _DIGESTS
    yield from value_differences(_read_json(recorded), _read_json(repeated), derived=derived)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _csv_differences(recorded: Path, repeated: Path) -> Iterator[Difference]:
    # Grove ends lines in \n; a \r is part of a name.
    exactly: Any = {"dtype": str, "keep_default_na": False, "lineterminator": "\n"}
    before, after = (pd.read_csv(path, **exactly) for path in (recorded, repeated))
    layout = layout_difference(*(dict.fromkeys(table, "text") for table in (before, after)), (len(before), len(after)))
    if layout:
        yield layout
        return
    columns = list(before)
    names = columns[: next((columns.index(mean) for mean in _MEANS if mean in columns), 0)]
    row_is = "candidate" if "mean_score" in columns else "row"
    # A mean, its deviation and the rank follow from the folds.
    columns.sort(key=lambda column: column not in names and not re.fullmatch(r"fold_\d+", column))
    for number, (old, new) in enumerate(zip(before.to_dict("records"), after.to_dict("records"), strict=True), start=1):
        named = ", ".join(f"{name}={old[name] or 'none'}" for name in names)
        row = f"{row_is} {number}" + (f" ({named})" if named else "")
        for column in columns:
            yield from value_differences(_cell(old[column]), _cell(new[column]), f"{column} of {row}")


def _cell(text: str) -> int | float | str | None:
    # Python takes 1_0 for a number; no CSV means it.
    for parse in (int, float) if "_" not in text else ():
        try:
            return parse(text)
        except ValueError:
            continue
    return text or None


def _parquet_differences(recorded: Path, repeated: Path) -> Iterator[Difference]:
    in_words = _in_predictions if recorded.name == "predictions.parquet" else in_row
    yield from table_differences(read_verified(recorded), read_verified(repeated), in_words)


def _in_predictions(column: str, row: int, recorded: str, repeated: str) -> str:
    if column == "label":
        return in_row(column, row, recorded, repeated)
    return f"{column} predicts {repeated} instead of {recorded} in row {row:,}"


_COMPARED: dict[str, Callable[[Path, Path], Iterator[Difference]]] = {
    ".json": _json_differences,
    ".csv": _csv_differences,
    ".parquet": _parquet_differences,
}
