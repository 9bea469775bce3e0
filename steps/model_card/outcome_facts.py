"""What came of the comparison: who wins, which direction may be spoken of, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import COUNT, NUMBER, Atom, Collection
from steps.model_card.contest import Contest, contest
from steps.model_card.figures import spoken
from steps.model_card.names import quoted

_FOLDS, _HOLDOUT = ("part", "cross-validated"), ("part", "holdout")
UNDECIDED = "not decided"
_EQUIVALENT = "practically equivalent"


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add the outcome of the verdict, and the figures of each comparison."""
    who = contest(found, evidence)
    _winner(who)
    _outcome(who)
    for name in who.challengers:
        _compared(who, name, who.verdict["comparisons"][name])
    rope = who.verdict.get("rope")
    if rope is not None:
        said = f"The region of practical equivalence, the rope, is {rope:g}."
        found.add(["rope"], said, may=["practical"], value=rope, section="metrics")


def _winner(who: Contest) -> None:
    called = quoted(who.verdict["winner"])
    may = {*who.beside(who.verdict["winner"]), _FOLDS, "comparison"}
    who.found.add([who.winner, "winner"], f"{called} is the winner of the comparison.", may=may, section="details")
    for word in ("registered", "chosen"):
        who.found.add([who.winner, word], f"{called} is the {word} model.", may=may)
    who.found.add([who.plain, "plain"], f"{quoted(who.plain[1])} is the plain model.", may=who.beside(_name(who)))
    said = "The winner was chosen on cross-validation."
    who.found.add(["winner", _FOLDS], said, may=["chosen", "folds", "comparison"], section="metrics")
    who.found.add(["chosen", _FOLDS], "The choice was made on cross-validation.", may=["folds", "comparison"])
    for words in (["no say"], ["not", "used"]):
        said = "The holdout has no say in the choice."
        who.found.add([_HOLDOUT, "chosen", *words], said, may=["winner", "rows"])
    who.found.add([_HOLDOUT, "no say"], "The holdout has no say in the outcome.", may=["outcome", "rows"])


def _name(who: Contest) -> str:
    return next(iter(who.models))


def _outcome(who: Contest) -> None:
    outcome, may = who.verdict["outcome"], {"outcome", "comparison", _FOLDS, "folds", "score", who.scoring}
    pair = [who.plain, *who.challengers.values()]
    if outcome == UNDECIDED:
        _undecided(who, may | {*pair, "kmeans", "models", "both"})
    elif outcome == _EQUIVALENT:
        said = f"The models are practically equivalent in cross-validated {quoted(who.scoring[1])}."
        may |= {*pair, "models", "both", "practical"}
        who.found.add(["equivalent"], said, may=may, section="analyses")
        for challenger in who.challengers.values():
            said = f"{quoted(challenger[1])} does not help."
            who.found.add([challenger, "help", "not"], said, may=may - {*pair, "models", "both", who.scoring})
    elif len(pair) == 2:
        loser = next(atom for atom in pair if atom != who.winner)
        _better(who, who.winner, loser, may)


def _undecided(who: Contest, may: set[Atom | str]) -> None:
    asked = may | {"whether", "better", "worse", "help", "equivalent", "practical", "difference"}
    for challenger in who.challengers.values():
        said = f"Whether {quoted(challenger[1])} is better than {quoted(_name(who))} is not decided."
        who.found.add(["undecided"], said, may=asked, section="analyses")
        for what in ("kmeans", challenger):  # whether the forest helps is not the question
            who.found.add(["undecided", what], said, may=asked | {"forest", "plain"})
    who.found.add(["established", "no difference"], "No difference is established.", may=may)


def _better(who: Contest, winner: Atom, loser: Atom, may: set[Atom | str]) -> None:
    called, other = quoted(winner[1]), quoted(loser[1])
    said = f"{called} is better than {other} in cross-validated {quoted(who.scoring[1])}."
    who.found.add([winner, "better"], said, may=may | {loser}, order=(winner, loser), section="analyses")
    who.found.add([loser, "worse"], f"{other} is worse than {called}.", may=may | {winner}, order=(loser, winner))
    if winner != who.plain:
        who.found.add([winner, "help"], f"{called} helps.", may=may - {who.scoring})
    else:
        who.found.add([loser, "help", "not"], f"{other} does not help.", may=may - {who.scoring})


def _compared(who: Contest, name: str, found: Mapping[str, Any]) -> None:
    atom, called, plain = who.models[name], quoted(name), quoted(_name(who))
    order = (atom, who.plain)
    may = {who.scoring, "score", "folds", "comparison", "mean", "outcome"}
    of = f"cross-validated {quoted(who.scoring[1])}"
    _difference(who, order, _FOLDS, of, found, may)
    for claims, value, words in (
        ([atom, "better"], found["better"], f"{called} is better than {plain}"),
        ([who.plain, "better"], found["worse"], f"{plain} is better than {called}"),
        ([atom, "worse"], found["worse"], f"{called} is worse than {plain}"),
        (["equivalent"], found["equivalent"], "the models are equivalent"),
    ):
        who.found.add(
            ["probability", *claims],
            f"The probability that {words} is {spoken(value)}.",
            may=(may - {who.scoring})
            | {*order, _FOLDS, "practical", "rope", *(["models", "both"] if len(claims) == 1 else [])},
            value=value,
            unit=NUMBER,
            order=() if len(claims) == 1 else (who.plain, atom) if claims[0] == who.plain else order,
            section="analyses" if claims[0] != who.plain and "worse" not in claims else "",
        )
    said = f"The p-value of no difference in {of} is {spoken(found['p_value'])}."
    who.found.add(["p", "no difference", _FOLDS], said, may=may | {"models", "both"}, value=found["p_value"])
    _on_holdout(who, name, found["holdout"], may)


def _difference(
    who: Contest, order: tuple[Atom, Atom], part: Atom, of: str, found: Mapping[str, Any], may: set[Atom | str]
) -> None:
    value = found["difference"]
    called, plain = (quoted(atom[1]) for atom in order)
    section = "analyses" if part == _FOLDS else ""
    if value is not None:
        said = f"The difference of {called} to {plain} in {of} is {spoken(value)}."
        who.found.add(
            ["difference", order[0], part], said, may=may | {order[1]}, value=value, order=order, section=section
        )
        said = f"The models differ in {of} by {spoken(abs(value))}."
        who.found.add(["differ", part], said, may=may | {*order, "models", "both"}, value=abs(value))
    if found["low"] is not None:
        said = f"The 95 % interval of the difference of {called} to {plain} in {of} is "
        who.found.add(
            ["difference", "interval", order[0], part],
            f"{said}{spoken(found['low'])} to {spoken(found['high'])}.",
            may=may | {order[1], "confidence", "rows"},
            value=found["low"],
            high=found["high"],
            order=order,
            section=section,
        )


def _on_holdout(who: Contest, name: str, found: Mapping[str, Any], may: set[Atom | str]) -> None:
    atom = who.models[name]
    may = (may - {"folds", "outcome"}) | {"rows"}
    _difference(who, (atom, who.plain), _HOLDOUT, f"{quoted(who.scoring[1])} on the holdout", found, may)
    said = f"McNemar's p-value of no difference on the holdout is {spoken(found['mcnemar_p_value'])}."
    who.found.add(
        ["mcnemar", "p"],
        said,
        may=[_HOLDOUT, "no difference", "models", "both"],
        value=found["mcnemar_p_value"],
    )
    for model, count in ((who.plain, found["only_baseline_right"]), (atom, found["only_challenger_right"])):
        who.found.add(
            ["only", model, "right", "rows"],
            f"Only {quoted(model[1])} is right on {count:,} rows of the holdout.",
            may={_HOLDOUT, "predict"},
            value=count,
            unit=COUNT,
        )
