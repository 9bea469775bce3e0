"""The gate before the champion: what is asked of a model, and what was found.

All checks are made, so that each has its figure, and all that were asked for must pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from steps.forest.slices import LEAST_ROWS
from steps.lineage.artifacts import Artifact, fetch
from steps.lineage.errors import one_line
from steps.registry.comparison import Comparison, compare
from steps.registry.thresholds import Threshold, check_metrics, parse_thresholds
from steps.registry.trained import Trained, changes_for_callers, obstacles, read_trained
from steps.registry.versions import MODEL_TAG, TARGET_TAG, model_uri_of
from steps.report.markdown import number
from steps.table.listing import first_of

_ROUNDING = 1e-9  # 0.49 - 0.5 is less than -0.01, in floating point


@dataclass(frozen=True)
class Asked:
    """What the user asks of a champion; None and empty for nothing.

    Attributes
    ----------
    rope
        How much lower than the champion's its score may be.
    """

    min_score: float | None
    thresholds: str
    min_class_recall: float | None
    min_slice_score: float | None
    rope: float
    allow_schema_change: bool


@dataclass(frozen=True)
class Check:
    """One condition: whether it holds, None for not asked; and the figure, in words."""

    name: str
    passed: bool | None
    said: str

    @property
    def word(self) -> str:
        """What a table says of it."""
        return {True: "passed", False: "failed", None: "not asked"}[self.passed]

    def __str__(self) -> str:
        """Return the value of its tag."""
        return f"{self.word}: {self.said}"


@dataclass(frozen=True)
class Decision:
    """What the gate says: all its checks."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all that was asked holds."""
        return all(check.passed is not False for check in self.checks)

    @property
    def why(self) -> str:
        """What failed; or else all that was asked, and what is said of the champion in any case."""
        *_, champion = self.checks
        if not self.passed:
            return "; ".join(check.said for check in self.checks if check.passed is False)
        return "; ".join(check.said for check in self.checks if check.passed or check is champion)

    def overtaken(self, now: str | None) -> Decision:
        """Return the decision on a model when the champion became another one while it was judged."""
        said = f"the champion became {spoken(now)} while this model was judged: register it again, to compare them"
        return Decision((*self.checks[:-1], Check(self.checks[-1].name, False, said)))


def judge(content: dict[str, Any], source: Artifact, asked: Asked, today: ModelVersion | None) -> Decision:
    """Hold the winner of a verdict against what is asked, and against today's champion.

    Parameters
    ----------
    content, source
        The verdict, and the artifact that it is from.
    today
        The champion, None if there is none.

    Raises
    ------
    ValueError, OSError, MlflowException
        When a threshold names no metric of the verdict, slices are asked of a verdict without them, or the new model
        or its holdout is gone.
    """
    thresholds = parse_thresholds(asked.thresholds)
    check_metrics(thresholds, content["scoring"])
    metrics = content["models"][content["winner"]]["holdout"]
    least = [] if asked.min_score is None else [Threshold(content["scoring"], asked.min_score)]
    return Decision(
        (
            _meets("min_score", least, metrics),
            _meets("thresholds", thresholds, metrics),
            _lowest("class_recall", "classes", content, asked.min_class_recall),
            _lowest("slice_score", "slices", content, asked.min_slice_score),
            *_against(content, source, asked, today),
        )
    )


def spoken(version: str | None) -> str:
    """Return what a sentence calls a version."""
    return "no version" if version is None else f"version {version}"


def _meets(name: str, thresholds: Sequence[Threshold], metrics: Mapping[str, float | None]) -> Check:
    if not thresholds:
        return Check(name, None, f"{name} is empty")
    met = {each: each.is_met(metrics) for each in thresholds}
    said = (f"{each.metric} {number(metrics.get(each.metric))} {_met(met[each])} {each}" for each in thresholds)
    return Check(name, all(met.values()), ", ".join(said))


def _met(holds: bool) -> str:
    return "meets" if holds else "misses"


def _lowest(name: str, kind: str, content: dict[str, Any], least: float | None) -> Check:
    """Return whether the lowest score of the verdict's classes or slices reaches what is asked."""
    option = f"min_{name}"
    if least is None:
        return Check(name, None, f"{option} is empty")
    if kind not in content:
        raise ValueError(
            f"Got {option}={least:g} and a verdict without {kind}, which an older Grove wrote; expected one with them: "
            f"run evaluate again, or leave {option} empty."
        )
    winner = content["winner"]
    judged = [each for each in content[kind] if each["rows"] >= LEAST_ROWS and each["scores"][winner] is not None]
    among = f"of {len(judged)} {kind} with at least {LEAST_ROWS} rows"
    if not judged:
        return Check(name, False, f"none {among} has a score, {option}={least:g} asks for one")
    lowest = min(judged, key=lambda each: each["scores"][winner])
    score, value = lowest["scores"][winner], "missing" if lowest["value"] is None else lowest["value"]
    said = f"the lowest {among}, {lowest['column']}={value} with {number(score)} on {lowest['rows']:,} rows"
    return Check(name, score >= least, f"{said}, {_met(score >= least)} {option}>={least:g}")


def _against(
    content: dict[str, Any], source: Artifact, asked: Asked, today: ModelVersion | None
) -> tuple[Check, Check]:
    """Return the checks `schema` and `champion`."""
    uri = source.apart["model_uris"][content["winner"]]
    if today is None or today.tags.get(MODEL_TAG) == uri:
        said = "there was no champion" if today is None else "it is the champion already"
        return Check("schema", None, said), Check("champion", None, said)
    new = read_trained(uri, content["target"])
    name = spoken(today.version)
    try:
        champion = read_trained(model_uri_of(today), today.tags.get(TARGET_TAG))
    except (ValueError, OSError, MlflowException) as error:
        said = f"{name} can't be read: {one_line(error)}"
        return Check("schema", False, said), Check("champion", False, f"{said} {_WAY_OUT}")
    changes = changes_for_callers(new, champion)
    schema = Check("schema", not changes or asked.allow_schema_change, _schema_said(name, changes))
    hindrances = obstacles(new, champion)
    if hindrances:
        said = f"{name} can't be asked about today's rows, as {first_of(hindrances)}"
        if asked.allow_schema_change:
            return schema, Check("champion", None, f"{said}; with allow_schema_change=true that stops nothing")
        return schema, Check("champion", False, f"{said}; allow_schema_change=true lets the thresholds alone decide")
    return schema, _compared(name, new, champion, holdout_of(source, new), asked.rope)


_WAY_OUT = (
    "Move the champion back to a version that can be read, -e rollback, or delete the alias champion: then the "
    "thresholds alone decide."
)


def _schema_said(name: str, changes: list[str]) -> str:
    if not changes:
        return f"callers of {name} need change nothing"
    why = first_of(changes)
    return f"callers of {name} would have to change something, as {why}; allow_schema_change=true allows it"


def holdout_of(source: Artifact, model: Trained) -> Artifact:
    """Return the split that the verdict and its models are from; raise ValueError if it is gone or another."""
    split = fetch(f"runs:/{source.chain['preprocess']}/split", "split")
    if split.manifest["fingerprints"] != model.search.manifest["split_fingerprints"]:
        raise ValueError(
            f"Got the split of run {source.chain['preprocess']}, which is not the one that {model.uri} was trained on; "
            f"expected it unchanged: run main again."
        )
    return split


def _compared(name: str, new: Trained, champion: Trained, split: Artifact, rope: float) -> Check:
    try:
        found = compare(new, champion, split)
    except Exception as error:  # whatever an old model makes of other packages
        return Check("champion", False, f"{name} can't be asked: {one_line(error)} {_WAY_OUT}")
    said = (
        f"{found.scoring} {number(found.new)} against {number(found.champion)} of {name} on the same {found.rows:,} "
        f"holdout rows"
    )
    if found.difference is None:
        return Check("champion", False, f"{said}, which lack a class that this score needs")
    worse = is_worse(found, rope)
    said += f": difference {found.difference:+.4f}{_interval(found)}, "
    said += f"{'which is' if worse else 'not'} worse by more than rope={rope:g}"
    return Check("champion", not worse, said + _seen(name, found))


def is_worse(found: Comparison, rope: float) -> bool:
    """Return whether the new model is worse by more than `rope`: in the score itself, or in the whole interval.

    That the whole interval must lie above is not asked: on a small holdout it would refuse a model that is as good.
    """
    least = -rope - _ROUNDING
    return found.difference is None or found.difference < least or bool(found.interval and found.interval[1] < least)


def _interval(found: Comparison) -> str:
    return ", 95 % interval {:+.4f} to {:+.4f}".format(*found.interval) if found.interval else ""


def _seen(name: str, found: Comparison) -> str:
    if found.seen is None:
        return f"; whether {name} was trained on some of them can't be told, as its training rows are gone"
    if not found.seen:
        return ""
    return f"; {found.seen:,} of them equal rows that {name} was trained on, which favours it: keep seed and test_size"
