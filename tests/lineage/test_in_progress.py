"""Mains that need the same step at the same moment: threads here, each with a run of its own in one store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import mlflow
import pytest
from mlflow.entities import Run

from steps.lineage.in_progress import IN_PROGRESS_TAG, InProgress, Pace, State
from tests.processes import wait_until

TAG = f"{IN_PROGRESS_TAG}.load"
QUICK = Pace(beat=0.1, patience=30, poll=0.05)
"""As patient with a busy machine as Grove is."""
HOUR = 3600.0


class Work:
    """A step whose one result is a run; counts how often it is done."""

    def __init__(self) -> None:
        self.result: Run | None = None
        self.began: list[str] = []
        self.at_once = 0

    def do(self, failing: int = 0) -> None:
        self.began.append(threading.current_thread().name)
        self.at_once += 1
        assert self.at_once == 1, "two run it at the same moment"
        time.sleep(0.05)
        self.at_once -= 1
        if len(self.began) <= failing:
            raise RuntimeError("it fails")
        self.result = mlflow.active_run()


def main(
    run: Run, work: Work, failing: int = 0, *, limit: float = HOUR, pace: Pace = QUICK, key: str = "abc"
) -> tuple[Run | None, list[str]]:
    """Take the step or do it, as a main in a thread of its own; return the run taken, and what was said."""
    said: list[str] = []
    with mlflow.start_run(run.info.run_id) as active:
        in_progress = InProgress(limit, time.sleep, pace)
        assert active.info.run_id == run.info.run_id
        with in_progress.turn("load", key, lambda: work.result, said.append) as finished:
            if finished is None:
                work.do(failing)
    return finished, said


@pytest.fixture
def begin(store: None, client: mlflow.MlflowClient) -> Callable[..., Run]:
    """Create the run of a main."""

    def create(start_time: int | None = None, experiment_id: str = "1", **tags: str) -> Run:
        tags = {name.replace("__", "."): value for name, value in tags.items()}
        return client.create_run(experiment_id, start_time=start_time, run_name="main", tags=tags)

    return create


@pytest.mark.parametrize("failing", [0, 2])
def test_of_many_one_runs_it_after_those_that_failed_and_the_others_take_that(
    failing: int, begin: Callable[..., Run], client: mlflow.MlflowClient
) -> None:
    work = Work()
    # All start in the same millisecond, or the other way round than they ask.
    runs = [begin(start_time=1000 - place // 2, mlflow__user="ann") for place in range(6)]
    with ThreadPoolExecutor(len(runs)) as pool:
        mains = [pool.submit(main, run, work, failing) for run in runs]
    failed = [each for each in mains if each.exception()]
    taken = [each.result()[0] for each in mains if not each.exception()]
    assert len(failed) == failing
    assert len(work.began) == failing + 1
    assert work.result is not None
    assert sorted(run.info.run_id if run else "" for run in taken) == [""] + [work.result.info.run_id] * (5 - failing)
    for run in runs:
        assert TAG not in client.get_run(run.info.run_id).data.tags, "the mark is gone with the need"


@contextmanager
def holding(run: Run, key: str = "abc") -> Iterator[None]:
    """Run the step in a thread as long as the context lasts."""
    ends, holds = threading.Event(), threading.Event()

    def hold() -> None:
        with (
            mlflow.start_run(run.info.run_id),
            InProgress(HOUR, time.sleep, QUICK).turn("load", key, lambda: None, lambda _: None),
        ):
            holds.set()
            ends.wait()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        try:
            assert holds.wait(60)
            yield
        finally:
            ends.set()
        held.result()


def test_who_runs_gives_signs_of_life(begin: Callable[..., Run], client: mlflow.MlflowClient) -> None:
    run = begin()

    def mark() -> list[str]:
        return client.get_run(run.info.run_id).data.tags[TAG].split()

    with holding(run):
        first = mark()
        assert first[:2] == ["abc", State.RUNS]
        wait_until(lambda: int(mark()[2]) >= int(first[2]) + 3, 60)


def test_who_waits_says_for_whom_and_no_longer_than_the_limit(begin: Callable[..., Run]) -> None:
    work, owner, earlier = Work(), begin(start_time=2, mlflow__user="ann"), begin(start_time=1)
    with holding(owner):
        began = time.monotonic()
        finished, said = main(earlier, work, limit=1)
        assert time.monotonic() - began >= 1
    assert finished is None
    assert work.began
    assert said == [f"waits for main of ann, run {owner.info.run_id}, which runs it already", "waits no longer"]


@pytest.mark.parametrize("state", [State.RUNS, State.WANTS, State.WAITS])
def test_who_is_silent_is_taken_for_dead(state: State, begin: Callable[..., Run]) -> None:
    dead, work = begin(start_time=1, **{TAG: f"abc {state} 7"}), Work()
    began = time.monotonic()
    finished, said = main(begin(), work, pace=Pace(beat=0.1, patience=1, poll=0.05))
    assert time.monotonic() - began >= 1
    assert finished is None
    assert work.began
    assert said[0].startswith(f"waits for main of an unknown user, run {dead.info.run_id}, which ")
    assert said[1:] == ["waits no longer"]


def test_who_still_beats_is_not(begin: Callable[..., Run], client: mlflow.MlflowClient) -> None:
    owner, work = begin(), Work()
    with ThreadPoolExecutor(1) as pool:
        with holding(owner):
            # Silent for ten beats, on a machine that is slow.
            late = pool.submit(main, begin(), work, pace=Pace(beat=0.1, patience=10, poll=0.05))
            time.sleep(1.5)
            assert not late.done()
        finished, said = late.result()
    assert finished is None
    assert len(said) == 2


def test_the_earlier_one_goes_on_when_the_later_one_has_seen_it(
    begin: Callable[..., Run], client: mlflow.MlflowClient
) -> None:
    work, early = Work(), begin(start_time=1)
    later = begin(start_time=2, **{TAG: "abc wants 1"})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(main, early, work)
        time.sleep(0.5)
        assert not work.began, "the later one may have looked before there was anything to see"
        client.set_tag(later.info.run_id, TAG, "abc waits 2")
        finished, said = waiting.result(60)
    assert finished is None
    assert work.began
    assert said == []


@pytest.mark.timeout(120)
def test_the_earlier_one_waits_for_that_no_longer_than_the_limit(begin: Callable[..., Run]) -> None:
    work, early = Work(), begin(start_time=1)
    begin(start_time=2, **{TAG: "abc wants 1"})
    assert main(early, work, limit=1, pace=Pace(beat=0.1, patience=HOUR, poll=0.05)) == (None, [])
    assert work.began


def test_the_later_one_lets_the_earlier_one_go_first(begin: Callable[..., Run], client: mlflow.MlflowClient) -> None:
    work, early, later = Work(), begin(start_time=1, **{TAG: "abc wants 1"}), begin(start_time=2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(main, later, work)
        wait_until(lambda: State.WAITS in client.get_run(later.info.run_id).data.tags.get(TAG, ""), 60)
        assert not work.began
        client.delete_tag(early.info.run_id, TAG)
        waiting.result(60)
    assert work.began


def test_what_was_finished_before_it_could_say_that_it_wants_it_is_taken(begin: Callable[..., Run]) -> None:
    work = Work()
    work.result = begin()
    finished, said = main(begin(), work)
    assert finished is work.result
    assert said == work.began == []


@pytest.mark.parametrize("other", ["key", "experiment", "ended", "deleted"])
def test_nobody_waits_for_what_will_give_it_nothing(
    other: str, begin: Callable[..., Run], client: mlflow.MlflowClient
) -> None:
    experiment_id = client.create_experiment("other") if other == "experiment" else "1"
    mark = f"{'abd' if other == 'key' else 'abc'} runs 1"
    run = begin(experiment_id=experiment_id, **{TAG: mark})
    if other == "ended":
        client.set_terminated(run.info.run_id, "KILLED")
    if other == "deleted":
        client.delete_run(run.info.run_id)
    work = Work()
    assert main(begin(), work) == (None, [])
    assert work.began


@pytest.mark.parametrize("mark", ["abc starting 7", "abc RUNS 7", "abc RUNS", "abc runs", "abc ", "abc runs 7 8"])
def test_nobody_waits_for_or_stumbles_over_what_is_no_mark(mark: str, begin: Callable[..., Run]) -> None:
    begin(start_time=1, **{TAG: mark})
    work = Work()
    assert main(begin(), work) == (None, [])
    assert work.began


def test_a_limit_of_0_waits_for_none_but_lets_others_wait(
    begin: Callable[..., Run], client: mlflow.MlflowClient
) -> None:
    begin(start_time=1, **{TAG: "abc runs 1"})
    run = begin()
    with mlflow.start_run(run.info.run_id):
        in_progress = InProgress(0, time.sleep, QUICK)
        with in_progress.turn("load", "abc", lambda: None, lambda _: None) as finished:
            assert finished is None
            assert client.get_run(run.info.run_id).data.tags[TAG].startswith("abc runs ")


def test_an_interruption_ends_the_wait_and_the_mark(begin: Callable[..., Run], client: mlflow.MlflowClient) -> None:
    begin(start_time=1, **{TAG: "abc runs 1"})
    run = begin()

    def interrupted(seconds: float) -> None:
        raise InterruptedError

    with mlflow.start_run(run.info.run_id):
        in_progress = InProgress(HOUR, interrupted, QUICK)
        with (
            pytest.raises(InterruptedError),
            in_progress.turn("load", "abc", lambda: None, lambda _: None),
        ):
            pass
        assert TAG not in client.get_run(run.info.run_id).data.tags
