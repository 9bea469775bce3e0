"""What a search leaves in its run for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import click
import mlflow
import pandas as pd
from matplotlib.figure import Figure

from steps.forest.search import Search
from steps.lineage.candidates import show
from steps.lineage.entry_point import describe
from steps.report import figures, markdown
from steps.report.page import Picture, Table, page, picture

_SHOWN = 10


def log_search(
    step: str, found: Search, best: dict[str, str], importances: pd.DataFrame, n_rows: int, scoring: str
) -> None:
    """Log all candidates, the best one's figures, a card and a description in the active run, and print the gist.

    Parameters
    ----------
    step
        The entry point's name.
    found
        What the search found.
    best
        The best candidate's hyperparameters, as a user writes them.
    importances
        Of the columns, as `column_importances` returns them.
    n_rows
        How many rows it was searched on.
    scoring
        The scorer's name.
    """
    last = found.each_once
    winner = found.candidates.loc[found.best]
    mlflow.log_text(found.candidates.to_csv(index=False, lineterminator="\n"), "candidates.csv")
    mlflow.log_params({f"best_{name}": value for name, value in best.items()})
    mlflow.log_metrics(
        {
            f"cv_{scoring}": winner["mean_score"],
            f"cv_{scoring}_std": winner["std_score"],
            "candidates": len(last),
            "trees": found.trees,
            "grown_trees": found.grown_trees,
            "search_seconds": found.search_seconds,
            "refit_seconds": found.refit_seconds,
            "fit_seconds": winner["fit_seconds"],
            "score_seconds": winner["score_seconds"],
        }
    )
    pictures = [
        _log_picture(
            figures.score_over_grid(last, list(best), scoring), "score_over_grid", "The score of every candidate"
        ),
        _log_picture(
            figures.permutation_importances(importances),
            "permutation_importances",
            "How far the score falls when a column is shuffled",
        ),
    ]
    _say(step, found, best, n_rows, scoring, pictures)


def _log_picture(figure: Figure, name: str, alt: str) -> Picture:
    mlflow.log_figure(figure, f"{name}.png")
    return picture(figure, alt)


def _say(
    step: str, found: Search, best: dict[str, str], n_rows: int, scoring: str, pictures: Sequence[Picture]
) -> None:
    winner, tried = found.candidates.loc[found.best], len(found.each_once)
    score = f"{scoring} {winner['mean_score']:.4f} ± {winner['std_score']:.4f}"
    chosen = ", ".join(f"{name}={value}" for name, value in best.items())
    click.echo(f"{step}: best of {tried} candidates: {score}, {chosen}")
    saved = f"Grown: {found.grown_trees:,.0f} trees; each candidate by itself on all rows would take {found.trees:,}"
    if found.grown_trees < found.trees:
        click.echo(f"{step}: {saved}")
    searched = f"Searched {tried} candidates on {n_rows:,} rows with {len(found.fold_scores)} folds; the best"
    head, rows = _best_table(found, list(best), scoring)
    describe(
        f"{searched}, cross-validated: **{markdown.escape(score)}** with {markdown.escape(chosen)}. {saved}.\n\n"
        f"{markdown.text_table(head, rows)}"
    )
    sentence = f"{searched}, cross-validated: {score} with {chosen}."
    card = page(step, sentence, [Table(head, rows, "The best candidates"), *pictures], foot=f"{saved}.")
    mlflow.log_text(card, "card.html")


def _best_table(found: Search, hyperparameters: list[str], scoring: str) -> tuple[list[str], list[list[str]]]:
    shown = found.candidates.sort_values("rank", kind="stable").head(_SHOWN)
    columns = [*hyperparameters, *(name for name in ("round", "n_rows") if name in shown)]
    return ["rank", *columns, scoring, "std", "fit seconds"], [
        [
            str(row["rank"]),
            *(show(row[name]) for name in columns),
            f"{row['mean_score']:.4f}",
            f"{row['std_score']:.4f}",
            f"{row['fit_seconds']:.2f}",
        ]
        for row in shown.to_dict("records")
    ]
