"""Sentences whose truth is told from the evidence itself: those that stand are true, and the true ones stand.

What is put into a sentence comes from all over the evidence, so that most of it is true somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from steps.model_card.names import quoted
from tests.model_card.evidences import METRICS, OTHER, OUTCOMES, PLAIN, can_be_named, evidences

_ROLES = {"numeric": "numeric", "categorical": "categorical", "date": "a date", "dropped": "left out"}


def _numbers(found: Any) -> Iterator[float]:
    if isinstance(found, dict | list):
        for each in found.values() if isinstance(found, dict) else found:
            yield from _numbers(each)
    elif isinstance(found, int | float):
        yield found


def _rounds_to(shown: str, value: float | None) -> bool:
    if value is None:
        return False
    exact = Decimal(repr(value))
    if Decimal(shown) in (exact, 0, 1, -1):
        return Decimal(shown) == exact
    return abs(Decimal(shown) - exact) <= Decimal("0.00005")


def _has_digits(shown: str) -> bool:
    return len(Decimal(shown).as_tuple().digits) >= 2


class _Drawn:
    """A sentence, whether it is true, and whether it could be said at all."""

    def __init__(self, draw: st.DrawFn, evidence: dict[str, Any]) -> None:
        self.draw, self.evidence, self.verdict = draw, evidence, evidence["verdict"]
        self.columns = [column["name"] for column in evidence["data"]["columns"]]
        self.labels = list(evidence["data"]["classes"]["training"])

    def model(self) -> str:
        return self.draw(st.sampled_from([PLAIN, OTHER]))

    def figure(self, value: float | None) -> str:
        others = sorted(set(_numbers(self.verdict)))
        near = [] if value is None else [value, value, value, value + 0.0002, value - 0.0001, -value]
        return f"{self.draw(st.sampled_from([*near, *others])):z.4f}"

    def count(self, value: int) -> str:
        others = sorted({number for number in _numbers(self.evidence) if isinstance(number, int)})
        return f"{self.draw(st.sampled_from([value, value, value + 1, value * 10, *others])):,}"

    def label(self) -> str:
        return self.draw(st.sampled_from(self.labels))

    def column(self) -> str:
        return self.draw(st.sampled_from(self.columns))

    def score(self) -> tuple[str, bool, bool]:
        model, metric = self.model(), self.draw(st.sampled_from(METRICS))
        value = self.verdict["models"][model]["holdout"][metric]
        shown = self.figure(value)
        return f"`{model}` has a `{metric}` of {shown} on the holdout.", _rounds_to(shown, value), _has_digits(shown)

    def cross_validated(self) -> tuple[str, bool, bool]:
        model, metric = self.model(), self.draw(st.sampled_from(METRICS))
        value = self.verdict["models"][model]["cv_mean"]
        shown = self.figure(value)
        is_true = _rounds_to(shown, value) and metric == self.verdict["scoring"]
        return f"In cross-validation, `{model}` has a `{metric}` of {shown}.", is_true, _has_digits(shown)

    def interval(self) -> tuple[str, bool, bool]:
        model, metric = self.model(), self.draw(st.sampled_from(METRICS))
        bounds = self.verdict["models"][model]["holdout_intervals"][metric]
        low, high = map(self.figure, bounds)
        said = f"On the holdout the `{metric}` of `{model}` has a 95 % interval from {low} to {high}."
        return said, all(map(_rounds_to, (low, high), bounds)), _has_digits(low) and _has_digits(high)

    def recall(self) -> tuple[str, bool, bool]:
        model, label = self.model(), self.label()
        scores = {part["value"]: part["scores"][model] for part in self.verdict["classes"]}
        shown = self.figure(scores.get(label))
        said = f"The `recall` of `{model}` for the class {quoted(label)} is {shown}."
        can = _has_digits(shown) and can_be_named(label, self.labels)
        return said, _rounds_to(shown, scores.get(label)), can

    def class_rows(self) -> tuple[str, bool, bool]:
        side, label = self.draw(st.sampled_from(["training", "holdout"])), self.label()
        value = self.evidence["data"]["classes"][side][label]
        shown = self.count(value)
        said = f"The class {quoted(label)} has {shown} {side} rows."
        return said, shown == f"{value:,}", can_be_named(label, self.labels)

    def role(self) -> tuple[str, bool, bool]:
        column, word = self.column(), self.draw(st.sampled_from(list(_ROLES.values())))
        roles = {each["name"]: _ROLES.get(each["role"]) for each in self.evidence["data"]["columns"]}
        return f"The column {quoted(column)} is {word}.", roles[column] == word, can_be_named(column, self.columns)

    def missing(self) -> tuple[str, bool, bool]:
        column = self.column()
        shares = {each["name"]: each["missing"] for each in self.evidence["data"]["columns"]}
        shown = self.figure(shares[column])
        can = _has_digits(shown) and can_be_named(column, self.columns)
        said = f"In {quoted(column)}, a share of {shown} is missing."
        return said, _rounds_to(shown, shares[column]), can

    def target(self) -> tuple[str, bool, bool]:
        column = self.column()
        said = f"The target is {quoted(column)}."
        return said, column == self.verdict["target"], can_be_named(column, self.columns)

    def lowest(self) -> tuple[str, bool, bool]:
        model, label = self.model(), self.label()
        word, extreme = self.draw(st.sampled_from([("lowest", min), ("highest", max)]))
        scores = {part["value"]: part["scores"][model] for part in self.verdict["classes"]}
        is_true = label in scores and extreme(scores.values()) == scores[label]
        said = f"`{model}` has its {word} `recall` for the class {quoted(label)}."
        is_only = len(scores) > 1 and list(scores.values()).count(scores.get(label)) == 1
        return said, is_true, is_only and can_be_named(label, self.labels)

    def better(self) -> tuple[str, bool, bool]:
        first, second = self.draw(st.permutations([PLAIN, OTHER]))
        value = self.verdict["comparisons"][OTHER]["better" if first == OTHER else "worse"]
        shown = self.figure(value)
        said = f"The probability that `{first}` is better than `{second}` is {shown}."
        return said, _rounds_to(shown, value), _has_digits(shown)

    def difference(self) -> tuple[str, bool, bool]:
        first, second = self.draw(st.permutations([PLAIN, OTHER]))
        part = self.draw(st.sampled_from(["in cross-validation", "on the holdout"]))
        found = self.verdict["comparisons"][OTHER]
        value = (found if part == "in cross-validation" else found["holdout"])["difference"]
        shown = self.figure(value)
        is_true = first == OTHER and _rounds_to(shown, value)
        return f"The difference of `{first}` to `{second}` is {shown} {part}.", is_true, _has_digits(shown)

    def winner(self) -> tuple[str, bool, bool]:
        model, word = self.model(), self.draw(st.sampled_from(["winner", "registered model"]))
        return f"`{model}` is the {word}.", model == self.verdict["winner"], True

    def setting(self) -> tuple[str, bool, bool]:
        model, source = self.model(), self.verdict["models"][self.model()]["best"]
        key = self.draw(st.sampled_from(list(source)))
        said = f"`{model}` has the hyperparameter `{key}={source[key]}`."
        return said, self.verdict["models"][model]["best"].get(key) == source[key], True

    def outcome(self) -> tuple[str, bool, bool]:
        said, outcomes = self.draw(st.sampled_from(list(_DIRECTIONS.items())))
        return said, self.verdict["outcome"] in outcomes, True


_UNDECIDED, _SAME, _CLUSTERS, _FOREST = OUTCOMES
_DIRECTIONS = {
    f"Whether `{OTHER}` is better than `{PLAIN}` is not decided.": (_UNDECIDED,),
    f"It is not decided whether `{OTHER}` helps.": (_UNDECIDED,),
    f"`{OTHER}` is better than `{PLAIN}`.": (_CLUSTERS,),
    f"`{PLAIN}` is worse than `{OTHER}`.": (_CLUSTERS,),
    f"`{OTHER}` outperforms `{PLAIN}`.": (_CLUSTERS,),
    f"`{OTHER}` helps.": (_CLUSTERS,),
    f"`{PLAIN}` is better than `{OTHER}`.": (_FOREST,),
    f"`{OTHER}` is worse than `{PLAIN}`.": (_FOREST,),
    f"`{PLAIN}` beats `{OTHER}`.": (_FOREST,),
    f"`{OTHER}` does not help.": (_FOREST, _SAME),
    f"`{OTHER}` and `{PLAIN}` are practically equivalent.": (_SAME,),
    f"`{OTHER}` is not better than `{PLAIN}`.": (),
    f"`{PLAIN}` is not worse than `{OTHER}`.": (),
    f"`{OTHER}` and `{PLAIN}` are not equivalent.": (),
    f"It is not decided, `{OTHER}` is better than `{PLAIN}`.": (),
    f"On the holdout `{OTHER}` is better than `{PLAIN}`.": (),
}
_KINDS = sorted(name for name, each in vars(_Drawn).items() if callable(each) and name[0] != "_")
_KINDS = [name for name in _KINDS if name not in ("model", "figure", "count", "label", "column")]


@settings(max_examples=100)
@given(st.data(), evidences())
def test_what_stands_is_true_and_what_is_true_stands(data, evidence) -> None:
    facts = facts_of(evidence)
    for kind in _KINDS:
        sentence, is_true, can_be_said = getattr(_Drawn(data.draw, evidence), kind)()
        why = check(sentence, facts).why
        if why is None:
            assert is_true, sentence
        elif is_true and can_be_said:
            raise AssertionError(f"{sentence}: {why}")
