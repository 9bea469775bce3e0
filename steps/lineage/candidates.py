"""The candidates of a search as child runs, written while it runs; and those of earlier searches, taken over."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from steps.forest.fits import FoldScore
from steps.lineage.background import Background
from steps.lineage.entry_point import NOTE_TAG
from steps.lineage.keys import APART_TAG, APART_VARIABLE, CANDIDATE_TAG, SEARCH_TAG, StepKey, part_digest
from steps.lineage.process import PROCESS_TAG
from steps.lineage.scores import ORIGIN_TAG, TAKEN_TAG, earlier_scores, means, scores_tags

_INHERITED = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit", PROCESS_TAG)
_MOST_METRICS = 900
"""In one batch; MLflow refuses more than 1,000."""
_WORTH_SECONDS = 2.0
"""What is new of a candidate waits so long, unless it ends: one that is quickly done is written once."""


@dataclass
class _Candidate:
    """What is known of a candidate, which folds are written (None before anything is), and when the next ones are."""

    settings: dict[str, str]
    digest: str
    scores: dict[int, FoldScore]
    origin: str | None = None
    taken: int = 0
    started: int | None = None
    ended: int | None = None
    run_id: str | None = None
    written: set[int] | None = None
    due: float = 0.0


class CandidateRuns:
    """A search's journal (`cross_validation.Journal`) that makes each candidate a child run.

    A thread writes what is new, a candidate's news of two seconds in one batch, so that the search never waits for the
    tracking store; a context manager that ends when all is written.

    Parameters
    ----------
    parent
        The search's run.
    key
        That of the search.
    hyperparameters
        The parameters of the key that the grid varies.
    scoring
        The metric's name; the score in each fold is a step of `fold_<scoring>`.
    n_folds
        How many folds each candidate has.
    take
        Whether to take over the scores of earlier runs with the same key.
    """

    def __init__(
        self, parent: Run, key: StepKey, hyperparameters: Sequence[str], *, scoring: str, n_folds: int, take: bool
    ) -> None:
        self._client = mlflow.MlflowClient()
        self._parent = parent.info
        self._scoring = scoring
        self._n_folds = n_folds
        self._search = key.without([*hyperparameters, "search"]).digest
        # Of the active run MLflow keeps the tags of its start.
        tags = self._client.get_run(self._parent.run_id).data.tags
        self._tags = {name: tags[name] for name in _INHERITED if name in tags} | {
            MLFLOW_PARENT_RUN_ID: self._parent.run_id,
            SEARCH_TAG: self._search,
        }
        apart = os.environ.get(APART_VARIABLE) == "off"
        if apart:
            self._tags[APART_TAG] = "off"
        is_to_take = take and not apart
        self._earlier = earlier_scores(self._parent.experiment_id, self._search, n_folds) if is_to_take else {}
        self._candidates: list[_Candidate] = []
        self._news: dict[int, None] = {}
        self._lock = threading.Lock()
        self._writer = Background(lambda: self._write_news())

    def __enter__(self) -> CandidateRuns:
        """Begin to write."""
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, of a search that was ended only of candidates with a new score; raise what went wrong."""
        if error is None:
            self._writer.end()
        else:
            self._writer.end_in_a_hurry()

    def open(self, candidates: Sequence[Mapping[str, Any]], n_rows: int | None) -> list[dict[int, FoldScore]]:
        """Take note of more candidates; return for each the scores that earlier runs have, by fold."""
        opened = []
        for settings in candidates:
            shown = {name: show(value) for name, value in settings.items()}
            shown |= {} if n_rows is None else {"n_rows": str(n_rows)}
            digest = part_digest([self._search, dict(settings), n_rows])
            known = self._earlier.get(digest)
            scores = dict(known.scores) if known else {}
            opened.append(_Candidate(shown, digest, scores, known.origin if known else None, len(scores)))
        with self._lock:
            first = len(self._candidates)
            self._candidates += opened
            for number, candidate in enumerate(opened, first):
                if len(candidate.scores) == self._n_folds:
                    candidate.started = candidate.ended = _now()
                    self._news[number] = None
        return [dict(candidate.scores) for candidate in opened]

    def start(self, number: int) -> None:
        """Take note that the candidate's first fit begins."""
        self._writer.check()
        with self._lock:
            if self._candidates[number].started is None:
                self._candidates[number].started = _now()
                self._candidates[number].due = time.monotonic() + _WORTH_SECONDS
                self._news[number] = None

    def score(self, number: int, fold: int, score: FoldScore) -> None:
        """Take note of the candidate's score in one fold."""
        self._writer.check()
        with self._lock:
            candidate = self._candidates[number]
            candidate.scores[fold] = score
            if len(candidate.scores) == self._n_folds:
                candidate.ended = _now()
            self._news[number] = None

    def _write_news(self) -> None:
        with self._lock:
            news = list(self._news)
        for number in news:
            candidate = self._candidates[number]
            if candidate.ended is None and time.monotonic() < candidate.due and not self._writer.ends:
                continue
            candidate.due = time.monotonic() + _WORTH_SECONDS
            has_news = len(candidate.scores) > candidate.taken
            is_late = self._writer.hurries and (self._writer.is_late or not has_news)
            with self._lock:
                del self._news[number]
            try:
                if not is_late:
                    self._write_candidate(candidate)
            except BaseException:
                with self._lock:
                    self._news[number] = None  # to be tried again
                raise

    def _write_candidate(self, candidate: _Candidate) -> None:
        with self._lock:
            scores, ended = dict(candidate.scores), candidate.ended
        if candidate.run_id is None:
            origin = {ORIGIN_TAG: candidate.origin, TAKEN_TAG: str(candidate.taken)} if candidate.origin else {}
            candidate.run_id = self._client.create_run(
                self._parent.experiment_id,
                start_time=candidate.started,
                run_name=", ".join(f"{name}={value}" for name, value in candidate.settings.items()),
                tags={**self._tags, CANDIDATE_TAG: candidate.digest, **origin},
            ).info.run_id
        params = [Param(name, value) for name, value in candidate.settings.items()] if candidate.written is None else []
        total = means(scores, self._scoring) if scores else {}
        tags = scores_tags(candidate.digest, scores)
        if ended is not None:
            tags[NOTE_TAG] = self._note(candidate, total)
        now = _now()
        # First the means so far, as the MLflow UI's charts begin with the metric that was logged first.
        metrics = [Metric(name, value, now, len(scores)) for name, value in total.items()] + [
            Metric(f"fold_{self._scoring}", scores[fold].score, now, fold)
            for fold in sorted(scores.keys() - (candidate.written or set()))
        ]
        some, more = metrics[:_MOST_METRICS], metrics[_MOST_METRICS:]
        self._client.log_batch(candidate.run_id, some, params, [RunTag(name, value) for name, value in tags.items()])
        for start in range(0, len(more), _MOST_METRICS):
            self._client.log_batch(candidate.run_id, more[start : start + _MOST_METRICS])
        candidate.written = set(scores)
        if ended is not None:
            self._client.set_terminated(candidate.run_id, end_time=ended)

    def _note(self, candidate: _Candidate, total: Mapping[str, float]) -> str:
        score, deviation = total[f"cv_{self._scoring}"], total[f"cv_{self._scoring}_std"]
        note = f"Candidate: cross-validated `{self._scoring}` **{score:.4f} ± {deviation:.4f}**."
        if candidate.origin is not None:
            link = f"#/experiments/{self._parent.experiment_id}/runs/{candidate.origin}"
            note += (
                f" {candidate.taken} of {self._n_folds} folds were taken over from [run {candidate.origin}]({link})."
            )
        return note


def show(value: Any) -> str:
    """Return a hyperparameter's value as a user writes it in a grid."""
    return "none" if value is None else str(value)


_EPOCH = time.time() - time.monotonic()


def _now() -> int:
    # A clock that is set back meanwhile would end candidates before they started, and mix up what was logged last.
    return int((_EPOCH + time.monotonic()) * 1000)
