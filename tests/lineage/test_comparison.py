from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.lineage.artifacts import Artifact
from steps.lineage.comparison import Outcome, StepComparison, compare_artifacts, overall
from steps.table.difference import TOLERANCE
from steps.table.manifest import write_manifest
from tests.lineage.recordings import TABLE, Change, compared, replaced, set_to, written

IDENTICAL, EQUAL, DIVERGED = Outcome


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("table", "table: 3 rows × 2 columns"),
        ("split", "split: 2 training and 1 holdout rows"),
        ("search", "2 candidates × 2 folds, chosen parameters, model"),
        ("verdict", "holdout metrics, predictions of 3 rows"),
    ],
)
def test_the_same_of_another_run_is_identical(tmp_path: Path, kind: str, words: str) -> None:
    assert compared(tmp_path, kind) == StepComparison("a_step", IDENTICAL, words, 0.0, None)


@pytest.mark.parametrize(
    ("kind", "change", "difference"),
    [
        ("table", set_to([1.5, 2.5, 4], "table.parquet", "x"), "table.parquet: x in row 3: 3.5 became 4 (1 of 3 rows "),
        ("table", set_to(["a", "c", "a"], "table.parquet", "y"), "table.parquet: y in row 2: b became c (1 of 3 rows "),
        ("table", set_to({"x": [1.5], "y": ["a"]}, "table.parquet"), "table.parquet: 2 rows fewer"),
        ("table", set_to([1, 2, 3], "table.parquet", "x"), "table.parquet: column x: type double became int64"),
        ("table", lambda c: c["table.parquet"].pop("x"), "table.parquet: column x is missing"),
        ("table", set_to(["one", "two"], None, "notes"), "manifest.json: notes: 1 item became 2"),
        (
            "table",
            set_to("dropped", None, "schema", "columns", 0, "role"),
            "manifest.json: schema.columns[0].role: numeric became dropped",
        ),
        ("split", set_to([1.5], "train.parquet", "x"), "train.parquet: 1 row fewer"),
        ("split", set_to(4, None, "left_out", "no target"), "manifest.json: left_out.no target: 3 became 4"),
        ("split", set_to([], None, "notes"), "manifest.json: notes: 1 item became 0"),
        (
            "search",
            set_to("100", "search.json", "best", "n_estimators"),
            "search.json: best.n_estimators: 50 became 100",
        ),
        ("search", set_to(0.25, "search.json", "fold_scores", 1), "search.json: fold_scores[1]: 0.5 became 0.25"),
        ("search", lambda c: c["search.json"]["best"].pop("max_depth"), "search.json: best.max_depth is missing"),
        (
            "search",
            replaced("candidates.csv", "0.625,0.125,1,0.75,0.5", "0.5,0.25,1,0.75,0.25"),
            "candidates.csv: fold_1 of candidate 1 (n_estimators=50, max_depth=none): 0.5 became 0.25",
        ),
        (
            "search",
            replaced("candidates.csv", "100,9", "100,8"),
            "candidates.csv: max_depth of candidate 2 (n_estimators=100, max_depth=9): 9 became 8",
        ),
        ("search", replaced("candidates.csv", "100,9,0.5,0.0,2,0.5,0.5\n", ""), "candidates.csv: 1 row fewer"),
        ("search", replaced("candidates.csv", "fold_1", "fold_9"), "candidates.csv: column fold_1 is missing"),
        (
            "search",
            replaced("permutation_importances.csv", "0.25", "0.26"),
            "permutation_importances.csv: mean of row 1 (column=weight): 0.25 became 0.26",
        ),
        (
            "search",
            replaced("permutation_importances.csv", "weight,0.25", "weight\rkg,0.5"),
            "permutation_importances.csv: column of row 1 (column=weight): weight became 'weight\\rkg'",
        ),
        ("search", lambda c: c.pop("candidates.csv"), "candidates.csv is missing"),
        ("search", set_to("{}", "more.txt"), "more.txt is new"),
        ("search", lambda c: c[None].pop("model_digest"), "manifest.json: model_digest is missing"),
        ("verdict", set_to("other", "verdict.json", "winner"), "verdict.json: winner: train_rf became other"),
        (
            "verdict",
            set_to(0.8, "verdict.json", "models", "train_rf", "holdout", "accuracy"),
            "verdict.json: models.train_rf.holdout.accuracy: 0.81 became 0.8",
        ),
        (
            "verdict",
            set_to(["PP", "DM", "DM"], "predictions.parquet", "train_rf"),
            "predictions.parquet: train_rf predicts DM instead of PP in row 2 (2 of 3 rows differ)",
        ),
        (
            "verdict",
            set_to(["PP", "PP", "PP"], "predictions.parquet", "label"),
            "predictions.parquet: label in row 3: DM became PP (1 of 3 rows differ)",
        ),
    ],
)
def test_the_first_thing_that_diverged_is_named(tmp_path: Path, kind: str, change: Change, difference: str) -> None:
    found = compared(tmp_path, kind, change)
    assert found.outcome is DIVERGED
    assert found.difference.startswith(f"{kind}/{difference}")


@pytest.mark.parametrize(
    ("kind", "changes", "largest", "difference"),
    [
        (
            "search",
            [set_to("a2", None, "model_digest")],
            0.0,
            "search/manifest.json: model_digest differs, all scores and choices agree",
        ),
        (
            "verdict",
            [set_to("b2", "verdict.json", "data_fingerprint")],
            0.0,
            "verdict/verdict.json: data_fingerprint differs, all scores and choices agree",
        ),
        (
            "verdict",
            [set_to("train_rf wins!", "verdict.json", "sentence")],
            0.0,
            "verdict/verdict.json: sentence differs, all scores and choices agree",
        ),
        (
            "verdict",
            [replaced("card.html", "0.81", "0.82")],
            0.0,
            "verdict/card.html: other bytes, all scores and choices agree",
        ),
        (
            "search",
            [replaced("candidates.csv", "0.625", "0.62500")],
            0.0,
            "search/candidates.csv: other bytes, all scores and choices agree",
        ),
        (
            "split",
            [set_to({"train": "c2", "test": "d1"}, None, "fingerprints"), set_to(0.0, None, "seed")],
            0.0,
            "split/manifest.json: fingerprints differs, all numbers and texts agree",
        ),
        (
            "split",
            [set_to(1.75, "profile.json", "columns", "x", "edges", 0)],
            0.0,
            "split/profile.json: other bytes, all numbers and texts agree",
        ),
        (
            "split",
            [set_to(0.0, None, "seed")],
            0.0,
            "split/manifest.json: other bytes, all numbers and texts agree",
        ),
        (
            "search",
            [
                set_to("a2", None, "model_digest"),
                set_to(0.75 + 1e-9, "search.json", "fold_scores", 0),
                replaced("candidates.csv", "0.625,", "0.6250002,"),
            ],
            2e-7,
            "search/candidates.csv: mean_score of candidate 1 (n_estimators=50, max_depth=none): "
            "0.625 became 0.6250002",
        ),
        (
            "table",
            [set_to([1.5, 2.5, 3.500001], "table.parquet", "x"), set_to("e2", None, "fingerprint")],
            1e-6 / 3.500001,
            "table/table.parquet: x in row 3: 3.5 became 3.500001 (1 of 3 rows differ)",
        ),
    ],
)
def test_within_tolerance_the_largest_difference_is_named(
    tmp_path: Path, kind: str, changes: Sequence[Change], largest: float, difference: str
) -> None:
    found = compared(tmp_path, kind, *changes)
    assert (found.outcome, found.difference) == (EQUAL, difference)
    assert found.largest == pytest.approx(largest)


def test_a_table_that_another_library_wrote_is_equal(tmp_path: Path) -> None:
    recorded = written(tmp_path / "recorded", "table", TABLE)
    repeated = written(tmp_path / "repeated", "table", TABLE)
    pq.write_table(pa.table(TABLE["table.parquet"]), repeated.folder / "table.parquet", compression="gzip")
    manifest = write_manifest(repeated.folder, **{k: v for k, v in repeated.manifest.items() if k != "files"})
    found = compare_artifacts("load", "table", recorded, Artifact(repeated.folder, manifest))
    assert (found.outcome, found.largest) == (EQUAL, 0.0)
    assert found.difference == "table/table.parquet: other bytes, all numbers and texts agree"


def test_what_diverged_comes_before_what_is_within_tolerance_and_the_largest_is_that_of_all(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        "search",
        set_to(0.75 + 1e-9, "search.json", "fold_scores", 0),
        replaced("candidates.csv", "0.75,0.5", "0.75,0.25"),
        replaced("permutation_importances.csv", "weight,0.25", "weight,0.75"),
    )
    assert found.difference.startswith("search/candidates.csv: fold_1 of candidate 1 ")
    assert found.largest == 0.5


def test_a_file_of_an_unknown_kind_diverges(tmp_path: Path) -> None:
    recorded = written(tmp_path / "recorded", "notes", {"a.txt": "x"})
    found = compare_artifacts("a_step", "notes", recorded, written(tmp_path / "repeated", "notes", {"a.txt": "y"}))
    assert found == StepComparison("a_step", DIVERGED, "notes: 1 file", 0.0, "notes/a.txt: other bytes")


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.parquet"])
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3),
    change=st.floats(2e-9, 0.5) | st.just(0.0),
    where=st.integers(0, 2),
)
@settings(max_examples=30, deadline=None)
def test_one_changed_number_decides(name: str, values: list[float], change: float, where: int) -> None:
    where %= len(values)
    changed = [*values]
    if change:  # adding nothing to -0.0 makes it 0.0
        changed[where] += change * max(1.0, abs(values[where]))
    size = abs(changed[where] - values[where]) / max(1.0, abs(values[where]), abs(changed[where]))
    in_file = {
        "a.json": lambda numbers: numbers,
        "a.csv": lambda numbers: "\n".join(["x", *map(repr, numbers)]),
        "a.parquet": lambda numbers: {"x": numbers},
    }[name]
    with TemporaryDirectory() as folder:
        one, other = (
            written(Path(folder) / title, "any", {name: in_file(numbers)})
            for title, numbers in (("recorded", values), ("repeated", changed))
        )
        found = compare_artifacts("a_step", "any", one, other)
    assert found.outcome is (IDENTICAL if size == 0 else EQUAL if size <= TOLERANCE else DIVERGED)
    assert found.largest == pytest.approx(size, abs=0)
    assert (found.difference is None) == (found.outcome is IDENTICAL)


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        ([IDENTICAL], IDENTICAL),
        ([EQUAL, IDENTICAL], EQUAL),
        ([IDENTICAL, DIVERGED, EQUAL], DIVERGED),
    ],
)
def test_the_worst_outcome_is_that_of_all(outcomes: list[Outcome], worst: Outcome) -> None:
    assert overall([StepComparison("a_step", outcome, "", 0.0, None) for outcome in outcomes]) is worst


def test_nothing_compared_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="Got no steps to compare, expected at least one"):
        overall([])
