"""What the models scored, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import COUNT, NUMBER, SHARE, Atom, Collection
from steps.model_card.contest import Contest, contest, is_share, metric
from steps.model_card.figures import spoken
from steps.model_card.names import quoted

_FOLDS, _HOLDOUT, _TRAINING = ("part", "cross-validated"), ("part", "holdout"), ("part", "training")
_INTERVAL = ("confidence", "rows")


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add what each model scored and its hyperparameters."""
    who = contest(found, evidence)
    for name, model in who.verdict["models"].items():
        _folds(who, name, model)
        _holdout(who, name, model)
        _made_of(who, name, model)
    scoring, score = quoted(who.verdict["scoring"]), who.scoring
    for word in ("chosen", "comparison"):
        found.add(
            [score, word, "models"],
            f"The models were {'chosen' if word == 'chosen' else 'compared'} by {scoring}.",
            may=["score", _FOLDS, "both"],
            section="metrics" if word == "chosen" else "",
        )
    counted = len(next(iter(who.verdict["models"].values()))["fold_scores"])
    found.add(
        ["folds"],
        f"Cross-validation has {counted} folds.",
        may=[_FOLDS, "models", "comparison", "used"],
        value=counted,
        unit=COUNT,
        section="metrics",
    )
    compared = len(who.models)
    said = f"The verdict compares {compared} models."
    found.add(["models"], said, may=["comparison", "outcome", "forest"], value=compared, unit=COUNT)


def _folds(who: Contest, name: str, model: Mapping[str, Any]) -> None:
    called, scoring = quoted(name), quoted(who.verdict["scoring"])
    unit = SHARE if is_share(who.verdict["scoring"]) else NUMBER
    may = {*who.beside(name), who.scoring, "score", "mean", "folds", _TRAINING, "trained"}
    for score in (who.scoring, "score"):
        who.found.add(
            [who.models[name], _FOLDS, score],
            f"{called} has a cross-validated {scoring} of {spoken(model['cv_mean'])}.",
            may=may,
            value=model["cv_mean"],
            unit=unit,
            section="analyses" if score != "score" else "",
        )
    who.found.add(
        [who.models[name], _FOLDS, "std"],
        f"The standard deviation of the cross-validated {scoring} of {called} is {spoken(model['cv_std'])}.",
        may=may,
        value=model["cv_std"],
        section="analyses",
    )


def _holdout(who: Contest, name: str, model: Mapping[str, Any]) -> None:
    for metric_name, value in model["holdout"].items():
        atom = metric(who.found, metric_name)
        bounds = model["holdout_intervals"].get(metric_name)
        for score in (atom, *(["score"] if atom == who.scoring else [])):
            section = "analyses" if atom == who.scoring == score else ""
            _of_holdout(who, name, score, metric_name, value, bounds, section)


def _of_holdout(
    who: Contest, name: str, score: Atom | str, metric_name: str, value: float | None, bounds: Any, section: str
) -> None:
    needs = [who.models[name], _HOLDOUT, score]
    may = {*who.beside(name), ("metric", metric_name), "score", "rows"}
    unit = SHARE if is_share(metric_name) else NUMBER
    called, of = quoted(name), quoted(metric_name)
    if value is not None:
        said = f"{called} has {'an' if metric_name[0] in 'aeiou' else 'a'} {of} of {spoken(value)} on the holdout."
        who.found.add(needs, said, may=may, value=value, unit=unit, section=section)
    if bounds is not None:
        said = f"The 95 % interval of the {of} of {called} on the holdout is {' to '.join(map(spoken, bounds))}."
        low, high = bounds
        who.found.add(
            [*needs, "interval"], said, may=may | set(_INTERVAL), value=low, high=high, unit=unit, section=section
        )


def _made_of(who: Contest, name: str, model: Mapping[str, Any]) -> None:
    atom, called, may = who.models[name], quoted(name), {*who.beside(name), "hyperparameter", "used"}
    section = "details" if atom == who.winner else ""
    who.found.add([atom, "forest"], f"{called} is a random forest.", may=may, section=section)
    if who.has_clusters(name):
        said = f"{called} adds cluster features to the forest."
        who.found.add([atom, "kmeans"], said, may=may, section="details")
    who.found.add(
        [atom, "candidates"],
        f"The search of {called} had {model['candidates']} candidates.",
        may={*may, "search"},
        value=model["candidates"],
        unit=COUNT,
    )
    for key, value in model["best"].items():
        one = who.found.name("setting", f"{key}={value}")
        for word in ("hyperparameter", "used"):
            verb = "has the hyperparameter" if word == "hyperparameter" else "uses"
            said = f"{called} {verb} {quoted(f'{key}={value}')}."
            shown = section if word == "hyperparameter" else ""
            who.found.add([atom, one, word], said, may={*may, "search"}, section=shown)
        parameter = who.found.name("parameter", key)
        number = _number(value)
        if number is None:
            text = who.found.name("parameter value", value)
            said = f"The hyperparameter {quoted(key)} of {called} is {quoted(value)}."
            who.found.add([atom, parameter, text], said, may={*may, "search"})
        else:
            said = f"The hyperparameter {quoted(key)} of {called} is {value}."
            who.found.add([atom, parameter], said, may={*may, "search"}, value=number)


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
