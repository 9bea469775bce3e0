"""How the models do on parts of the holdout: on each class, and on slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from steps.model_card.claims import COUNT, NUMBER, SHARE, Atom, Collection
from steps.model_card.contest import Contest, contest, is_share, metric
from steps.model_card.figures import counted, spoken
from steps.model_card.names import quoted

_HOLDOUT, _TRAINING = ("part", "holdout"), ("part", "training")
_MOST_NAMED = 5
"""Of few classes, or slices that are too small, a model is told each by itself."""
_MOST_TOLD = 30
"""Of so many classes or slices a model is told the score and the rows of each."""


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add the scores of classes and slices, and how many rows they have."""
    who = contest(found, evidence)
    verdict = who.verdict
    recall = metric(found, "recall")
    for part in verdict.get("classes", []):
        atom = found.name("class", part["value"])
        _scores(who, part, [[atom]], recall, f"class {quoted(part['value'])}", "classes")
    for part in verdict.get("slices", []):
        _scores(who, part, _slice(found, part), who.scoring, f"the slice {slice_called(part)}", "slices")
    for kind, score in (("classes", recall), ("slices", who.scoring)):
        for name in verdict["models"]:
            _extremes(who, kind, name, score)
    _rows_of_classes(who)
    for part in (*verdict.get("slices", []), *verdict.get("small_slices", [])):
        _rows_of_slice(who, part)
    reported = len(verdict.get("slices", []))
    if reported:
        said = f"Scores are reported for {counted(reported, 'slice')}."
        found.add(["slices"], said, may=["score", _HOLDOUT], value=reported, unit=COUNT)
        for column, count in Counter(part["column"] for part in verdict["slices"]).items():
            said = f"Scores are reported for {counted(count, 'slice')} of {quoted(column)}."
            needs = ["slices", found.name("column", column)]
            found.add(needs, said, may=["score", _HOLDOUT, "columns"], value=count, unit=COUNT, section="factors")
    elif "slices" in verdict:
        found.add(["not", "slices"], "No slices were asked for.", may=["score", _HOLDOUT], section="factors")
    said = f"The score of a class is its {quoted('recall')}."
    found.add([recall, "classes", "score"], said, may=[_HOLDOUT], section="factors")


def slice_called(part: Mapping[str, Any]) -> str:
    """Return what a sentence calls a slice, as Markdown's code."""
    return quoted(slice_name(part))


def slice_name(part: Mapping[str, Any]) -> str:
    """Return what a slice is called."""
    return f"{part['column']}={_value(part)}"


def _value(part: Mapping[str, Any]) -> str:
    return "missing" if part["value"] is None else part["value"]


def _slice(found: Collection, part: Mapping[str, Any]) -> list[list[Atom]]:
    """Return the ways to name a slice."""
    column, value = found.name("column", part["column"]), found.name("value", _value(part))
    return [[found.name("slice", slice_name(part))], [column, value]]


def _scores(
    who: Contest, part: Mapping[str, Any], named: Sequence[list[Atom]], score: Atom, called: str, kind: str
) -> None:
    unit = SHARE if is_share(score[1]) else NUMBER
    for name, value in part["scores"].items():
        of = f"{quoted(name)} has a {quoted(score[1])} of"
        bounds = (part.get("intervals") or {}).get(name)
        for atoms in named:
            needs = [*atoms, who.models[name], score]
            may = {*who.beside(name), _HOLDOUT, "score", "rows", kind}
            if value is not None:
                said = f"{of} {spoken(value)} for {called} on the holdout."
                few = len(who.verdict[kind]) <= _MOST_TOLD
                is_told = few and who.models[name] == who.winner and atoms == named[0]
                section = "analyses" if is_told else ""
                who.found.add(needs, said, may=may, value=value, unit=unit, section=section)
            if bounds is not None:
                low, high = bounds
                said = f"The 95 % interval of the {quoted(score[1])} of {quoted(name)} for {called} is "
                who.found.add(
                    [*needs, "interval"],
                    f"{said}{spoken(low)} to {spoken(high)}.",
                    may=may | {"confidence"},
                    value=low,
                    high=high,
                    unit=unit,
                )


def _extremes(who: Contest, kind: str, name: str, score: Atom) -> None:
    """Add which part has the lowest and which the highest score, where it is one only."""
    scored = [part for part in who.verdict.get(kind, []) if part["scores"][name] is not None]
    noun = "class" if kind == "classes" else "slice"
    may = {*who.beside(name), _HOLDOUT, "score", score, kind}
    unit = SHARE if is_share(score[1]) else NUMBER
    for extreme, of in (("lowest", min), ("highest", max)):
        values = [part["scores"][name] for part in scored]
        if len(values) < 2 or values.count(of(values)) > 1:
            continue
        part, value = scored[values.index(of(values))], of(values)
        called = quoted(part["value"]) if kind == "classes" else slice_called(part)
        ways = [[who.found.name("class", part["value"])]] if kind == "classes" else _slice(who.found, part)
        told = who.models[name] == who.winner and extreme == "lowest"
        said = f"{quoted(name)} has its {extreme} {quoted(score[1])} for the {noun} {called}"
        for way in ways:
            needs = [*way, who.models[name], extreme]
            for of_what in (score, "score"):
                who.found.add([*needs, of_what], f"{said}.", may=may)
            section = "caveats" if told and way == ways[0] else ""
            who.found.add(
                [*needs, score], f"{said}: {spoken(value)}.", may=may, value=value, unit=unit, section=section
            )


def _rows_of_classes(who: Contest) -> None:
    sides = who.evidence["data"]["classes"]
    classes = {label: None for counts in sides.values() for label in counts}
    named = "factors" if len(classes) <= _MOST_NAMED else ""
    who.found.sizes["classes"] = len(classes)
    may = ["predict", who.target, "target", "data"]
    if classes:
        said = f"There are {len(classes):,} classes."
        who.found.add(["classes"], said, may=may, value=len(classes), unit=COUNT, section="factors")
    for label in classes:
        atom = who.found.name("class", label)
        said = f"{quoted(label)} is a class of {quoted(who.target[1])}."
        who.found.add([atom, "classes"], said, may=may, section=named)
        for side, counts in sides.items():
            rows = counts.get(label, 0)
            where = "of the training data" if side == "training" else "of the holdout"
            who.found.add(
                [atom, "rows", ("part", side)],
                f"Class {quoted(label)} has {counted(rows, 'row')} {where}.",
                may=[*may, "classes"],
                value=rows,
                unit=COUNT,
                section="evaluation_data" if side == "holdout" and len(classes) <= _MOST_TOLD else "",
            )


def _rows_of_slice(who: Contest, part: Mapping[str, Any]) -> None:
    for atoms in _slice(who.found, part):
        said = f"The slice {slice_called(part)} has {counted(part['rows'], 'row')} of the holdout."
        may = {_HOLDOUT, "slices"}
        who.found.add([*atoms, "rows"], said, may=may, value=part["rows"], unit=COUNT)
        if not part["scores"]:
            who.found.add(
                [*atoms, "rows", "few"],
                f"The slice {slice_called(part)} has too few rows for a score.",
                may=may | {"score"},
                section="caveats"
                if len(who.verdict.get("small_slices", [])) <= _MOST_NAMED and len(atoms) == 1
                else "",
            )
