"""The report: the verdict in words, and all that a reader may hold against it, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from steps.report.card import verdict_parts
from steps.report.data_card import class_table, column_table, left_out_table, noticed
from steps.report.evidence import Costs, Seconds, ablation, classes, costs, slices
from steps.report.page import Cell, Command, Heading, Part, Table, page, picture
from steps.table.schema import Schema

OF_ALL = ""
"""Stands for the model of a picture that shows all models."""

_PICTURES: dict[str, tuple[str, dict[str, str]]] = {
    "Scores over the grid": (
        "Every point is a candidate; a line joins the best of each value.",
        {"score_over_grid": "the score of every candidate, over each hyperparameter that varies"},
    ),
    "Confusion matrices": (
        "Of the holdout: actual classes down, predicted ones across.",
        {"confusion_matrix": "how often the rows of each class were taken for which class"},
    ),
    "Curves": (
        "Of the holdout, each class against the rest.",
        {
            "roc_curves": "true over false positive rates of each class",
            "precision_recall_curves": "precision over recall of each class",
        },
    ),
    "Calibration": (
        "Of the holdout, in bins of equally many rows: a model that knows how sure it may be lies on the diagonal.",
        {"calibration_curves": "how often predictions are right over how sure the model is"},
    ),
    "Importances": (
        "How far the score falls when a column is shuffled, on training rows that the forest has not seen. What "
        "k-means adds comes from the same columns, so it has no bar of its own.",
        {"compared_importances": "the importance of each column, with and without cluster features"},
    ),
    "Clusters": (
        "Of the training rows: what k-means made of them, and where the classes lie.",
        {
            "cluster_map": "the rows on their first two principal components, by cluster and by class",
            "classes_in_clusters": "the share of each class in each cluster",
        },
    ),
}
"""Heading to what is said below it, and the names of its pictures with what they show."""


_BLOCKED = "MLflow's own viewer does not follow these links; the downloaded report does."


@dataclass(frozen=True)
class Data:
    """What is known of the data.

    Attributes
    ----------
    source
        Where it came from.
    schema, missing
        Of the loaded table; the share, 0 to 1, that is missing of each column, as far as it is known.
    sides
        For the training rows and the holdout the number of rows of each class.
    left_out
        Why rows are on no side, to their number.
    notes
        What was noticed on the way.
    """

    source: str
    schema: Schema
    missing: Mapping[str, float]
    sides: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int]
    notes: Sequence[str]


@dataclass(frozen=True)
class Provenance:
    """Where all comes from.

    Attributes
    ----------
    facts
        What it is to what is known of it.
    runs
        Each step's name, its run's ID, and the address of that, if it has one.
    commands
        What to type to have it again.
    """

    facts: Mapping[str, str]
    runs: Sequence[tuple[str, str, str]]
    commands: Sequence[str]


def report(
    verdict: Mapping[str, Any],
    pictures: Mapping[tuple[str, str], bytes | Figure],
    *,
    taken: Costs,
    cost_sentence: str,
    seconds: Sequence[Seconds],
    cluster_shares: Mapping[str, float],
    data: Data,
    provenance: Provenance,
) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    verdict
        As evaluate writes it to verdict.json.
    pictures
        PNGs or figures by their model's name, or `OF_ALL`, and their own; those that are not known are not shown.
    taken, cost_sentence
        What each model takes, and what that means in words.
    seconds
        What each variant of the verdict's ablation takes.
    cluster_shares
        For each model with clusters the share, 0 to 1, of the forest's own importance that their features have.
    data, provenance
        What the tables at the end say.
    """
    models = list(verdict["models"])
    parts: list[Part] = [Heading("Comparison"), *verdict_parts(verdict)]
    parts += _pictures(models, pictures, {"paired_folds": "the scores in each fold, and on the holdout"})
    parts += [Heading("What clustering adds, and costs"), *ablation(verdict["ablation"], seconds)]
    parts += costs(taken, cost_sentence)
    parts += [Heading("Where the models are weak"), *classes(verdict["classes"])]
    parts += slices(verdict["slices"], verdict["small_slices"], verdict["scoring"])
    for heading, (text, shown) in _PICTURES.items():
        parts += [Heading(heading), text, *_pictures(models, pictures, shown)]
        if heading == "Importances":
            parts += [_share_of_clusters(model, share) for model, share in cluster_shares.items()]
    parts += [Heading("Data"), *_data(data), Heading("Provenance"), *_provenance(provenance)]
    look = "" if verdict["outcome"] == "not decided" else "calm"
    return page(f"{verdict['winner']} wins", verdict["sentence"], parts, look=look)


def _share_of_clusters(model: str, share: float) -> str:
    return (
        f"Of the importance that {model}'s forest itself gives to its features, the mean decrease in impurity, "
        f"{share:.1%} goes to those from k-means."
    )


def _pictures(
    models: Sequence[str], pictures: Mapping[tuple[str, str], bytes | Figure], shown: Mapping[str, str]
) -> list[Part]:
    found: list[Part] = [
        picture(pictures[model, name], f"{model}: {said}" if model else said.capitalize())
        for name, said in shown.items()
        for model in (OF_ALL, *models)
        if (model, name) in pictures
    ]
    return found or ["The runs have no such picture."]


def _data(data: Data) -> list[Part]:
    kept = sum(sum(counts.values()) for counts in data.sides.values())
    return [
        f"{kept + sum(data.left_out.values()):,} rows, from {data.source}; {kept:,} of them are used.",
        *left_out_table(data.left_out, kept),
        class_table(data.sides),
        column_table(data.schema, data.missing),
        *noticed(data.notes),
    ]


def _provenance(provenance: Provenance) -> list[Part]:
    facts = [[name, value] for name, value in provenance.facts.items()]
    runs = [[step, Cell(run_id, href=address)] for step, run_id, address in provenance.runs]
    return [
        Table(["what", "is"], facts),
        Table(["step", "run"], runs),
        *([_BLOCKED] if any(address for _, _, address in provenance.runs) else []),
        "To have it again, here or elsewhere:",
        Command("\n".join(provenance.commands)),
    ]
