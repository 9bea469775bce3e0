"""The verdict as tables, and on one page as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steps.report.markdown import number
from steps.report.page import Cell, Part, Table, page

_IN_FOLDS = {"p_value": "p of no difference", "better": "P(better)", "equivalent": "P(equivalent)", "worse": "P(worse)"}


def score_table(verdict: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the models' scores, cross-validated and on the holdout."""
    scoring = verdict["scoring"]
    rows = [
        [name, f"{number(found['cv_mean'])} ± {number(found['cv_std'])}", number(found["holdout"][scoring])]
        for name, found in verdict["models"].items()
    ]
    return ["model", f"{scoring}, cross-validated", "holdout"], rows


def verdict_card(verdict: Mapping[str, Any]) -> str:
    """Return the card of a verdict, as evaluate writes it to verdict.json."""
    foot = f"Target {verdict['target']}; data fingerprint {verdict['data_fingerprint']}"
    return page(f"{verdict['winner']} wins", verdict["sentence"], verdict_parts(verdict), foot=foot)


def verdict_parts(verdict: Mapping[str, Any]) -> list[Part]:
    """Return the tables of a verdict, and what it takes to read them."""
    return [
        _scores(verdict),
        _in_the_folds(verdict),
        f"Equivalent means that the scores differ by at most {verdict['rope']}. An outcome is the verdict where its "
        f"probability is at least {verdict['min_probability']}: here, {verdict['outcome']}.",
        _on_the_holdout(verdict),
        "Below a figure stands its 95 % interval. Those of the holdout come from 2,000 bootstrap samples of its rows, "
        "the same rows for all models.",
        _chosen(verdict),
        "A cross-validated score is that of the model's best candidate, on the folds that chose it: of more "
        "candidates the best one is a little luckier, which favours the larger grid. The holdout had no say in the "
        "choice.",
    ]


def _scores(verdict: Mapping[str, Any]) -> Table:
    models = verdict["models"]
    looks = {name: "calm" if name == verdict["winner"] else "" for name in models}
    rows: list[list[str | Cell]] = [
        [f"{verdict['scoring']}, cross-validated"]
        + [Cell(f"{number(m['cv_mean'])} ± {number(m['cv_std'])}", look=looks[name]) for name, m in models.items()]
    ]
    for metric in next(iter(models.values()))["holdout"]:
        shown = [
            Cell(number(m["holdout"][metric]), interval(m["holdout_intervals"].get(metric)), look=looks[name])
            for name, m in models.items()
        ]
        rows.append([f"holdout {metric}", *shown])
    return Table(["score", *models], rows, numbers=True)


def _in_the_folds(verdict: Mapping[str, Any]) -> Table:
    found = verdict["comparisons"].values()
    differences = [Cell(number(each["difference"]), interval((each["low"], each["high"]))) for each in found]
    rows = [[said, *(probability(each[figure]) for each in found)] for figure, said in _IN_FOLDS.items()]
    return _against_the_plain_one("in the folds", verdict, [["difference", *differences], *rows])


def _on_the_holdout(verdict: Mapping[str, Any]) -> Table:
    found = [each["holdout"] for each in verdict["comparisons"].values()]
    plain = next(iter(verdict["models"]))
    rows: list[list[str | Cell]] = [
        [f"difference in {verdict['scoring']}"]
        + [Cell(number(each["difference"]), interval((each["low"], each["high"]))) for each in found],
        ["rows that only it predicts rightly", *(f"{each['only_challenger_right']:,}" for each in found)],
        [f"rows that only {plain} does", *(f"{each['only_baseline_right']:,}" for each in found)],
        ["p of no difference (McNemar)", *(probability(each["mcnemar_p_value"]) for each in found)],
    ]
    return _against_the_plain_one("on the holdout", verdict, rows)


def _against_the_plain_one(where: str, verdict: Mapping[str, Any], rows: Sequence[Sequence[str | Cell]]) -> Table:
    return Table([f"{where}, against {next(iter(verdict['models']))}", *verdict["comparisons"]], rows, numbers=True)


def _chosen(verdict: Mapping[str, Any]) -> Table:
    rows = [
        [name, f"{found['candidates']:,}", ", ".join(f"{key}={value}" for key, value in found["best"].items())]
        for name, found in verdict["models"].items()
    ]
    return Table(["model", "candidates", "chosen hyperparameters"], rows)


def interval(bounds: Sequence[float | None] | None) -> str:
    """Return an interval in words; nothing where there is none."""
    if bounds is None or all(bound is None for bound in bounds):
        return ""
    return " to ".join(number(bound) for bound in bounds)


def probability(value: float | None) -> str:
    """Return a probability as `number` does, but one that is not known to be 0 or 1 is not rounded to it."""
    if value is not None and value < 0.0001:
        return "< 0.0001"
    return "> 0.9999" if value is not None and 0.9999 < value < 1 else number(value)
