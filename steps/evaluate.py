"""Compare the trained models and decide which one wins.

Reads `split/`, its holdout, and the models with the searches they came from.
Writes `verdict/`: verdict.json, a card, and the predictions on the holdout; metrics and figures of each model; and
report.html, all of it on one page.

The winner is chosen on cross-validation, the folds being the same for all; the holdout only reports. The first model
wins unless another one is better, with the probability that is asked for: it is the simpler.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click
import mlflow
import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from steps.evaluation import logged
from steps.evaluation.content import content_of
from steps.evaluation.contestants import Contestant, check_comparable, contest
from steps.evaluation.costs import cost_sentence, variant_seconds
from steps.evaluation.parts import log_parts, parts_of
from steps.evaluation.report import REPORT, log_report
from steps.forest.ablation import ablation
from steps.forest.labels import as_text
from steps.forest.options import VERDICT_OPTIONS
from steps.forest.verdict import decide
from steps.lineage.artifacts import Artifact, fetch, publish
from steps.lineage.datasets import log_dataset
from steps.lineage.entry_point import EntryPoint, describe
from steps.lineage.keys import own_key, record_key
from steps.lineage.options import options
from steps.report import markdown
from steps.report.card import score_table, verdict_card
from steps.table.columns import columns_of
from steps.table.profile import training_classes
from steps.table.schema import Schema
from steps.table.stored import read_verified, write_table


@click.command("evaluate", cls=EntryPoint)
@options("split", "models", "rope", "min_probability", "slices", types=VERDICT_OPTIONS)
@threadpool_limits.wrap(limits=1)  # of BLAS: how many there are decides about the last digits
def evaluate(split: str, models: str, rope: float, min_probability: float, slices: str) -> None:
    """Score the models on the holdout and write the verdict."""
    uris = [uri.strip() for uri in models.split(",") if uri.strip()]
    if len(uris) < 2:
        raise ValueError(f"Got models={models!r}, expected two or more model URIs, separated by commas.")
    data = fetch(split, "split")
    schema = Schema.from_dict(data.manifest["schema"])
    sliced_by = columns_of("slices", slices, schema.features)
    rows = read_verified(data.folder / "test.parquet").to_pandas(date_as_object=False)
    log_dataset(split, schema, data.manifest["fingerprints"]["test"], name="test", context="holdout")
    contestants = contest(uris, data, schema, rows)
    check_comparable(contestants)
    judged = {"rope": rope, "n_rows": min(training_classes(data.folder).values())}
    verdict = decide(
        {c.name: c.found["fold_scores"] for c in contestants},
        {c.name: c.score for c in contestants},
        contestants[0].found["scoring"],
        min_probability=min_probability,
        **judged,
    )
    variants = ablation({c.name: c.candidates for c in contestants}, **judged)
    parts = parts_of(contestants, schema, rows[sliced_by])
    metrics = {c.name: logged.metrics_of(c) for c in contestants}
    content = content_of(data, contestants, verdict, metrics=metrics, parts=parts, variants=variants)
    content |= {"rope": rope, "min_probability": min_probability}
    logged.log_with_mlflow(contestants, data, split)
    log_parts(parts)
    seconds = variant_seconds(contestants, variants)
    logged.log_ablation(variants, seconds)
    _log(contestants, content)
    _publish(data, contestants, content)
    click.echo(f"evaluate: {content['sentence']}")
    run = mlflow.active_run().info
    describe(
        f"**{markdown.escape(content['sentence'])}**\n\n{markdown.text_table(*score_table(content))}\n\n"
        f"{markdown.escape(cost_sentence(contestants, content['comparisons']))}\n\n"
        f"{markdown.link('The report', run.experiment_id, run.run_id, REPORT)} has all of it on one page."
    )
    inputs = {"split": data.fingerprint, **{c.name: c.search.fingerprint for c in contestants}}
    log_report(content, data, contestants, seconds, own_key("evaluate", inputs).digest)
    record_key("evaluate", inputs)


def _log(contestants: list[Contestant], content: dict[str, Any]) -> None:
    drawings = logged.comparison_drawings(content)
    for contestant in contestants:
        logged.log_metrics(contestant, content["models"][contestant.name]["holdout"])
        drawings |= {f"{contestant.name}/{name}": drawn for name, drawn in logged.drawings_of(contestant).items()}
    for name, figure in drawings.items():
        mlflow.log_figure(figure, f"{name}.png")
    logged.log_comparisons(content["comparisons"])
    mlflow.set_tags({"grove.winner": content["winner"], "grove.verdict": content["outcome"]})


def _publish(data: Artifact, contestants: list[Contestant], content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "verdict.json").write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8"
        )
        (folder / "card.html").write_text(verdict_card(content), encoding="utf-8")
        write_table(predictions(contestants), folder / "predictions.parquet")
        publish(
            folder,
            "verdict",
            step="evaluate",
            inputs=(data, *(c.search for c in contestants)),
            apart={
                "model_uris": {c.name: c.uri for c in contestants},
                "models": {uri: files for c in contestants for uri, files in c.search.apart["models"].items()},
            },
        )


def predictions(contestants: list[Contestant]) -> pa.Table:
    """Return the holdout's true classes, and each model's predicted ones, in the rows' order."""
    texts = np.asarray(as_text(contestants[0].classes), dtype=object)
    columns = {"label": texts[contestants[0].codes]}
    for contestant in contestants:
        columns[contestant.name] = texts[contestant.probabilities.argmax(axis=1)]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


if __name__ == "__main__":
    evaluate()
