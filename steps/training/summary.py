"""What a search leaves in its run for people to look at."""

from __future__ import annotations

import click
import mlflow

from steps.forest.search import Search
from steps.lineage.candidates import show
from steps.lineage.entry_point import describe
from steps.report import figures, markdown

_SHOWN = 10


def log_search(step: str, found: Search, best: dict[str, str], n_rows: int, scoring: str) -> None:
    """Log all candidates, the best one's figures and a description in the active run, and print the gist.

    Parameters
    ----------
    step
        The entry point's name.
    found
        What the search found.
    best
        The best candidate's hyperparameters, as a user writes them.
    n_rows
        How many rows it was searched on.
    scoring
        The scorer's name.
    """
    hyperparameters = list(best)
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
    mlflow.log_figure(figures.score_over_grid(last, hyperparameters, scoring), "score_over_grid.png")
    score = f"{scoring} {winner['mean_score']:.4f} ± {winner['std_score']:.4f}"
    chosen = ", ".join(f"{name}={value}" for name, value in best.items())
    click.echo(f"{step}: best of {len(last)} candidates: {score}, {chosen}")
    saved = f"Grown: {found.grown_trees:,.0f} trees; each candidate by itself on all rows would take {found.trees:,}"
    if found.grown_trees < found.trees:
        click.echo(f"{step}: {saved}")
    describe(
        f"Searched {len(last)} candidates on {n_rows:,} rows with {len(found.fold_scores)} folds; the best, "
        f"cross-validated: **{markdown.escape(score)}** with {markdown.escape(chosen)}. {saved}.\n\n"
        f"{_best_table(found, hyperparameters, scoring)}"
    )


def _best_table(found: Search, hyperparameters: list[str], scoring: str) -> str:
    shown = found.candidates.sort_values("rank", kind="stable").head(_SHOWN)
    columns = [*hyperparameters, *(name for name in ("round", "n_rows") if name in shown)]
    return markdown.table(
        ["rank", *columns, scoring, "std", "fit seconds"],
        [
            [
                row["rank"],
                *(markdown.escape(show(row[name])) for name in columns),
                f"{row['mean_score']:.4f}",
                f"{row['std_score']:.4f}",
                f"{row['fit_seconds']:.2f}",
            ]
            for row in shown.to_dict("records")
        ],
    )
