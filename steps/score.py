"""Score a table with a trained model, batch by batch, whatever its size.

Reads `data`: a CSV, TSV, JSON lines, Parquet or Feather file, or a folder of Parquet files, with the columns that the
model was trained on; and `model`, which a trainer logged.
Writes `output`, complete or not at all: the rows in their order, with all columns as they were, the predicted class and
the probability of each class. In the run: how the rows differ from the training rows, as drift.json, a card and
metrics, and if they have the target's column, the metrics of the predictions.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import joblib
import mlflow
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from steps.inference.model import read_model
from steps.inference.observed import Observed
from steps.inference.ordered import in_order
from steps.inference.scorer import ScoredBatch, Scorer
from steps.inference.summary import content_of
from steps.lineage.artifacts import download, is_remote, resolve
from steps.lineage.credentials import without_credentials
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import file_fingerprint, record_key
from steps.lineage.options import options
from steps.report import markdown
from steps.report.drift_card import column_table, drift_card
from steps.table.batches import open_batches
from steps.table.options import TABLE_OPTIONS
from steps.table.output import is_text, refuse_output, written_whole

_MOST_THREADS = 8
"""Each has a batch in memory."""
_AT_ONCE = 1000
"""MLflow takes no more metrics in one call."""
_CHARACTERS = 7000


@click.command("score", cls=EntryPoint)
@options("data", "model", "output", "format", "delimiter", "encoding", types=TABLE_OPTIONS)
def score(data: str, model: str, output: str, format: str, delimiter: str, encoding: str) -> None:
    """Write the rows with the model's predictions, and say how they differ from its training rows."""
    place, is_folder = place_of(output)
    refuse_output(place, is_folder)
    trained = read_model(model)
    source = without_credentials(resolve(data))
    path = download(data, "data")
    content = file_fingerprint(path) if path.exists() else ""  # what is missing open_batches says best
    before = stamp(path)
    observed = Observed(trained)
    started = time.perf_counter()
    try:
        with threadpool_limits(1), open_batches(path, format=format, delimiter=delimiter, encoding=encoding) as reader:
            scorer = Scorer(trained, reader, source, reader.is_delimited_text and not is_text(place))
            log_dataset(source, scorer.columns, content, name=Path(source).name, context="scored")
            with written_whole(place, scorer.schema, is_folder=is_folder) as write:
                for batch in scored(scorer):
                    write(batch.rows)
                    observed.add(batch)
                if stamp(path) != before:
                    raise ValueError(
                        f"Got {path} changed while it was read, expected it to stay as it is: score again."
                    )
    except (ValueError, OSError) as error:
        # What was downloaded lies in a temporary folder that nobody knows.
        raise ValueError(str(error).replace(str(path), source)) from error
    seconds = time.perf_counter() - started
    has_profile = trained.profile is not None
    _log(content_of(observed, model=model, source=source, output=str(place), has_profile=has_profile), seconds)
    record_key("score", {"data": content, "model": trained.digest})


def place_of(output: str) -> tuple[Path, bool]:
    """Return where the output goes, and whether it is to be a folder: its name ends in a slash or has no suffix."""
    if is_remote(output):
        raise ValueError(f"Got output={without_credentials(output)}, expected a path on this machine.")
    place = Path(resolve(output))
    return place, output.endswith("/") or not place.suffix


def stamp(path: Path) -> list[tuple[str, int, int]]:
    """Return the name, size and time of the last change of a file, or of the files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def scored(scorer: Scorer) -> Iterator[ScoredBatch]:
    """Yield the rows of the scorer's table with their predictions, in their order, and show how far it is."""

    def numbered() -> Iterator[tuple[Any, int]]:
        first_row = 1
        for batch in scorer.reader.batches(scorer.batch_rows):
            yield batch, first_row
            first_row += batch.num_rows

    # Each batch in a thread of its own: the trees of one batch in threads would add up in another order each time.
    threads = min(joblib.cpu_count(), _MOST_THREADS)
    batches = in_order(lambda item: scorer.score(*item), numbered(), threads)
    bar = tqdm(total=scorer.reader.n_rows, desc="score", unit="row", unit_scale=True, disable=None)
    with contextlib.closing(batches), bar:
        for batch in batches:
            yield batch
            bar.update(batch.rows.num_rows)


def metrics_of(content: dict[str, Any]) -> dict[str, float]:
    """Return what is logged as metrics, by names that MLflow takes."""
    named: list[tuple[str, float | None]] = [("rows", content["rows"]), ("class_psi", content["classes"]["psi"])]
    named += content["metrics"].items()
    named += [(f"class_share_{share['name']}", share["predicted"]) for share in content["classes"]["shares"]]
    for figure in ("psi", "missing", "unknown"):
        named += [(f"{figure}_{column['name']}", column[figure]) for column in content["columns"]]
    found: dict[str, float] = {}
    for name, value in named:
        taken = key = re.sub(r"[^\w.\- ]", "_", name)[:240]
        number = 2
        while key in found:
            key, number = f"{taken}_{number}", number + 1
        if value is not None:
            found[key] = value
    return found


def _log(content: dict[str, Any], seconds: float) -> None:
    rate = content["rows"] / seconds
    metrics = list({**metrics_of(content), "rows_per_second": rate}.items())
    for start in range(0, len(metrics), _AT_ONCE):
        mlflow.log_metrics(dict(metrics[start : start + _AT_ONCE]))
    mlflow.log_dict(content, "drift.json")
    mlflow.log_text(drift_card(content), "drift.html")
    for note in content["notes"]:
        click.echo(f"score: {note}", err=True)
    click.echo(f"score: {content['sentence']}")
    scores = ", ".join(f"{name} {value:.4f}" for name, value in content["metrics"].items())
    if scores:
        click.echo(f"score: {scores} on {content['labelled']:,} rows with a label")
    click.echo(f"score: {content['rows']:,} rows in {seconds:.1f} s, {rate:,.0f} rows/s: {content['output']}")
    notes = markdown.bullets(content["notes"])
    describe(
        f"Scored **{content['rows']:,} rows** of {markdown.escape(content['source'])} with "
        f"{markdown.escape(content['model'])}, written to {markdown.escape(content['output'])}.\n\n"
        f"{markdown.escape(content['sentence'])}\n\n"
        + (f"{markdown.shortened(notes, _CHARACTERS // 3)}\n\n" if notes else "")
        + (f"On {content['labelled']:,} rows with a label: {markdown.escape(scores)}.\n\n" if scores else "")
        + markdown.shortened(markdown.text_table(*column_table(content["columns"])), _CHARACTERS // 2)
    )


if __name__ == "__main__":
    score()
