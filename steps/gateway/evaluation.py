"""How good an LLM's drafts are, by code: `mlflow.genai.evaluate` on their traces, with no LLM as the judge."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import mlflow
from mlflow.entities import Feedback, Trace
from mlflow.genai.scorers import Scorer, scorer

from steps.gateway.traces import SECTIONS_ATTRIBUTE
from steps.model_card.checker import Finding, check
from steps.model_card.claims import Fact
from steps.model_card.draft import OUTSIDE, read_draft
from steps.model_card.facts import Facts
from steps.model_card.names import normal
from steps.model_card.sentences import pieces
from steps.model_card.tokens import DIRECTION, FIGURE
from steps.model_card.words import DIRECTIONS

_QUOTED = 5
"""Sentences or names that a rationale has."""


def score_drafts(trace_ids: Sequence[str], facts: Facts) -> None:
    """Score the drafts in these traces: as assessments of the traces, and their means as metrics of the active run.

    Raises
    ------
    MlflowException
        When a trace is not there, as it could not be written.
    ValueError
        When a scorer failed, of which MLflow says nothing but in the trace.
    """
    client = mlflow.MlflowClient()
    traces = [client.get_trace(trace_id) for trace_id in trace_ids]
    # It prints a progress bar, and where to look.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        mlflow.genai.evaluate(data=traces, scorers=scorers(facts))
    for trace_id in trace_ids:
        for assessment in client.get_trace(trace_id).info.assessments:
            if assessment.error is not None:
                raise ValueError(f"the scorer {assessment.name} failed: {assessment.error.error_message}")


def scorers(facts: Facts) -> list[Scorer]:
    """Return the scorers of a draft. Shares are from 0 to 1, 1 being best; of nothing there is none.

    ``kept``: of all sentences, each counted once, the share that the evidence supports. ``numbers_supported``,
    ``direction_right``: of those with a figure, and of those that compare, the share in which it is right; what is cut
    for another reason does not count. ``names_known``: of the names in backticks, the share that the evidence
    has. ``sections_complete``: of the sections asked for, the share with a sentence. ``length``: words.
    """

    read = cache(read_draft)

    @cache
    def findings(text: str) -> list[Finding]:
        said = [sentence for key, sentences in read(text).items() if key != OUTSIDE for sentence in sentences]
        return [check(sentence, facts) for sentence in dict.fromkeys(said)]

    @scorer
    def kept(outputs: Any) -> Feedback | None:
        return _standing(findings(text_of(outputs)))

    @scorer
    def numbers_supported(outputs: Any) -> Feedback | None:
        return _standing(_decided(findings(text_of(outputs)), FIGURE, _has_figure))

    @scorer
    def direction_right(outputs: Any) -> Feedback | None:
        return _standing(_decided(findings(text_of(outputs)), DIRECTION, _compares))

    @scorer
    def names_known(outputs: Any) -> Feedback | None:
        draft = [sentence for sentences in read(text_of(outputs)).values() for sentence in sentences]
        names = [text for sentence in draft for text, is_code in pieces(sentence) if is_code]
        unknown = [name for name in names if normal(name) not in facts.names]
        return _share(len(unknown), len(names), unknown)

    @scorer
    def sections_complete(outputs: Any, trace: Trace) -> Feedback | None:
        asked = trace.data.spans[0].get_attribute(SECTIONS_ATTRIBUTE).split(",")
        missing = [key for key in asked if not read(text_of(outputs)).get(key)]
        return _share(len(missing), len(asked), missing)

    @scorer
    def length(outputs: Any) -> int:
        return len(text_of(outputs).split())

    return [kept, numbers_supported, names_known, direction_right, sections_complete, length]


def text_of(outputs: Any) -> str:
    """Return the draft in the outputs of a trace."""
    return str(outputs["choices"][0]["message"]["content"])


def _decided(findings: Sequence[Finding], wrong: str, says_it: Callable[[Fact], bool]) -> list[Finding]:
    """Return those that say such a fact, and those that are cut for a wrong one."""
    return [each for each in findings if each.wrong == wrong or any(says_it(fact) for fact, _ in each.says)]


def _has_figure(fact: Fact) -> bool:
    return fact.value is not None


def _compares(fact: Fact) -> bool:
    return any(kind == "word" and claim in (*DIRECTIONS, "undecided", "winner") for kind, claim in fact.needs)


def _standing(findings: Sequence[Finding]) -> Feedback | None:
    cut = [f"{finding.sentence} ({finding.why})" for finding in findings if finding.why]
    return _share(len(cut), len(findings), cut)


def _share(bad: int, of: int, named: Sequence[str]) -> Feedback | None:
    if not of:
        return None
    more = [f"and {len(named) - _QUOTED} more"] if len(named) > _QUOTED else []
    return Feedback(value=1 - bad / of, rationale="\n".join([*named[:_QUOTED], *more]) or "nothing to object to")
