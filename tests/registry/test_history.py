"""The chain of records: what is read off it, and what is found when somebody changed it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from steps.registry.history import History, Moves, Record, champions, read_history, what_became
from tests.registry.chains import run_step, verdict_on


def chain(*moves: Moves, step: str = "register", why: str = "because") -> list[Record]:
    records: list[Record] = []
    for number, move in enumerate(moves, 1):
        before = records[-1].digest if records else ""
        records.append(Record(number, "2026-11-25T12:00:00+00:00", "ann", step, "0" * 32, why, move, before))
    return records


def read(tags: dict[str, str]) -> History:
    model: Any = SimpleNamespace(tags=tags)
    return read_history(model)


def tags_of(records: list[Record]) -> dict[str, str]:
    return {record.key: record.to_tag() for record in records}


versions = st.one_of(st.none(), st.integers(1, 50).map(str))
all_moves = st.dictionaries(st.sampled_from(["previous", "challenger", "champion"]), st.tuples(versions, versions))
chains = st.lists(all_moves, min_size=1, max_size=8).map(lambda moves: chain(*moves, why='é "quoted"\n'))


@given(chains, st.randoms())
def test_what_was_written_is_read_in_any_order_of_the_tags(records: list[Record], random: Any) -> None:
    tags = list({**tags_of(records), "other": "x", "grove.history": "y"}.items())
    random.shuffle(tags)
    found = read(dict(tags))
    assert found == History(tuple(records), ())
    assert [list(record.moves) for record in found.records] == [list(record.moves) for record in records]
    assert (found.next_number, found.last_digest) == (len(records) + 1, records[-1].digest)


@given(chains, st.data())
def test_every_change_is_found_but_that_of_the_last_one_whole(records: list[Record], data: st.DataObject) -> None:
    tags = tags_of(records)
    place = data.draw(st.integers(0, len(records) - 1))
    record = records[place]
    fields = {"number": 99, "when": "then", "who": "bob", "step": "x", "run": "y", "why": "z", "before": "w"}
    name = data.draw(st.sampled_from([*fields, "moves", "deleted", "damaged", "forged"]))
    if name == "deleted":
        assume(place < len(records) - 1)
        del tags[record.key]
    elif name == "damaged":
        tags[record.key] = tags[record.key][:-5]
    elif name == "forged":  # with a digest that fits, so the next one tells
        assume(place < len(records) - 1)
        tags[record.key] = replace(record, why="forged").to_tag()
    else:
        content = json.loads(tags[record.key])
        content[name] = [["champion", "7", "8"], ["x", None, None]] if name == "moves" else fields[name]
        tags[record.key] = json.dumps(content)
    assert read(tags).faults


@pytest.mark.parametrize("content", ["[]", "1", "{}", '"x"', "null", '{"digest": 1, "moves": 3}'])
def test_what_is_no_record_is_said_so(content: str) -> None:
    found = read({"grove.history.000001": content})
    assert found == History((), ("record 1 can't be read",))


def test_records_that_are_gone_are_counted() -> None:
    records = chain(*[{"champion": (None, "1")}] * 6)
    tags = tags_of(records)
    for record in (records[0], records[2], records[3]):
        del tags[record.key]
    assert read(tags).faults == ("record 1 is missing", "records 3 to 4 are missing")
    assert read(tags).next_number == 7


def test_a_record_fits_into_a_tag() -> None:
    with pytest.raises(ValueError, match=r"^Got a record of 5,\d+ characters, expected at most 4,500"):
        chain({"champion": (None, "1")}, why="x" * 5000)[0].to_tag()


C = "champion"


@pytest.mark.parametrize(
    ("moves", "aliases", "said"),
    [
        ([{C: (None, "1")}], {C: "1"}, [""]),
        ([{C: (None, "1")}], {}, ["champion did not move, or was moved back outside of Grove"]),
        ([{C: (None, "1")}], {C: "5"}, ["champion was moved outside of Grove to 5"]),
        ([{C: ("1", "2")}], {}, ["champion was moved outside of Grove to none"]),
        (
            [{C: (None, "1")}, {C: (None, "2")}],
            {C: "2"},
            ["champion did not move, or was moved back outside of Grove", ""],
        ),
        ([{C: (None, "1")}, {C: ("3", "2")}], {C: "2"}, ["champion was moved outside of Grove to 3", ""]),
        ([{C: (None, "1")}, {"challenger": (None, "2")}], {C: "1", "challenger": "2"}, ["", ""]),
        ([{"challenger": ("2", None), C: ("1", "2")}], {C: "2"}, [""]),
    ],
)
def test_what_became_of_a_record_is_read_off_what_follows(
    moves: list[Moves], aliases: dict[str, str], said: list[str]
) -> None:
    assert what_became(chain(*moves), aliases) == said


def act(records: list[Record], step: str, start: str | None, end: str) -> list[Record]:
    more = chain({C: (start, end)}, step=step)[0]
    return [*records, replace(more, number=len(records) + 1)]


THERE_AND_BACK = [("register", None, "1"), ("register", "1", "2"), ("register", "2", "1")]


@pytest.mark.parametrize(
    ("acts", "now", "expected"),
    [
        ([], "4", ["4"]),
        ([], None, []),
        ([("register", None, "1"), ("register", "1", "2"), ("register", "2", "3")], "3", ["1", "2", "3"]),
        ([("register", "1", "2")], "2", ["1", "2"]),  # the champion before the first record
        ([("register", None, "1"), ("register", "1", "2"), ("rollback", "2", "1")], "1", ["1"]),
        (THERE_AND_BACK, "1", ["1", "2", "1"]),
        (
            [*THERE_AND_BACK, ("register", "1", "3"), ("rollback", "3", "1")],
            "1",
            ["1", "2", "1"],
        ),
        ([("register", None, "1"), ("register", "1", "2"), ("rollback", "2", "7")], "7", ["1", "2", "7"]),
        ([("register", None, "1"), ("register", "1", "2")], "1", ["1"]),  # never moved
        ([("register", None, "1"), ("register", "1", "2"), ("register", "1", "3")], "3", ["1", "3"]),
        ([("register", None, "1"), ("register", "1", "2"), ("rollback", "2", "1")], "2", ["1", "2"]),
        ([("register", None, "1"), ("register", "1", "2")], "9", ["1", "2", "9"]),  # moved outside of Grove
        ([("register", None, "1"), ("register", "1", "2")], None, ["1", "2"]),  # deleted outside of Grove
    ],
)
def test_champions_to_fall_back_on(
    acts: list[tuple[str, str | None, str]], now: str | None, expected: list[str]
) -> None:
    records: list[Record] = []
    for step, start, end in acts:
        records = act(records, step, start, end)
    assert champions(records, now) == expected


def test_history_prints_the_moves_and_checks_the_chain(
    registry: mlflow.MlflowClient, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("poor", "good"):
        run_step("register", verdict=verdict_on(model), model_name=name)
    run_step("register", verdict=verdict_on("poor"), model_name=name)
    capsys.readouterr()
    run = run_step("history", model_name=name)
    said = capsys.readouterr().out
    for words in (
        "champion none → 1",
        "previous none → 1, champion 1 → 2",
        "challenger none → 1",
        "  ann  ",
        "rope=0.01",
    ):
        assert words in said
        assert words.strip().replace("=", "") in run.data.tags["mlflow.note.content"].replace("=", "")
    assert "history: 3 records, of which none is missing or changed" in said

    registry.set_registered_model_alias(name, "champion", "1")
    run_step("history", model_name=name)
    said = capsys.readouterr().out
    assert "history: after record 2, champion did not move, or was moved back outside of Grove" in said
    registry.set_registered_model_tag(name, "grove.history.000002", "{}")
    with pytest.raises(ValueError, match=r"in which record 2 can't be read; expected every record as it was written"):
        run_step("history", model_name=name)
    assert "challenger none → 1" in capsys.readouterr().out, "what can be read is shown"


def test_a_name_that_is_not_there_is_said_so(registry: mlflow.MlflowClient) -> None:
    for step, more in (("history", {}), ("rollback", {"why": "x"})):
        with pytest.raises(ValueError, match=r"^Got model_name=grov, which the model registry does not have"):
            run_step(step, model_name="grov", **more)
