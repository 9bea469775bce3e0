"""The data: its rows, its columns and what they are for, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import COUNT, PREDICT, SHARE, Atom, Collection
from steps.model_card.contest import Contest, contest
from steps.model_card.figures import counted, spoken
from steps.model_card.names import quoted

_HOLDOUT, _TRAINING = ("part", "holdout"), ("part", "training")
_ROLES = ("numeric", "date", "categorical")
_DROPPED = "dropped"
_MOST_NAMED = 10
"""Of the columns that are left out, or have gaps, the card's sentences name so many; its tables name more."""


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add what is known of rows and columns."""
    who = contest(found, evidence)
    _rows(who)
    _left_out_rows(who)
    _target(who)
    _columns(who)
    gaps = 0
    for column in evidence["data"]["columns"]:
        _column(who, column)
        gaps += bool(column["missing"])
        _missing(who, column, gaps <= _MOST_NAMED)
    _most_missing(who)
    for word, said in ((_TRAINING, "used for training"), ("trained", "trained on")):
        said = f"The holdout rows were not {said}."
        section = "evaluation_data" if word == _TRAINING else ""
        found.add([_HOLDOUT, "not", word], said, may=["rows", "used", "models"], section=section)
    order = (_HOLDOUT, ("word", "data"))
    said = "The holdout is split from the table."
    found.add([_HOLDOUT, "split", "data"], said, may=["rows"], order=order, section="caveats")
    said = "The split goes by the content of the rows and the seed."
    found.add(["split", "content"], said, may=["rows", "seed", _HOLDOUT, _TRAINING], section="evaluation_data")


def _rows(who: Contest) -> None:
    data, rows = who.evidence["data"], who.verdict["rows"]
    if data["rows"] is not None:
        said = f"The table has {data['rows']:,} rows."
        who.found.add(["rows", "data"], said, value=data["rows"], unit=COUNT, section="training_data")
    for file, part, said, section in (
        ("train.parquet", _TRAINING, "The training data has", "training_data"),
        ("train.parquet", "trained", "The model was trained on", ""),
        ("test.parquet", _HOLDOUT, "The holdout has", "evaluation_data"),
    ):
        if file in rows:
            may = ["used", *([_TRAINING] if part == "trained" else [])]
            text = f"{said} {rows[file]:,} rows."
            who.found.add(["rows", part], text, may=may, value=rows[file], unit=COUNT, section=section)
    sample = who.verdict.get("sample")
    if sample:
        said = f"The training rows are a sample of {sample['rows']:,} rows."
        who.found.add(
            ["sample", "rows"], said, may=[_TRAINING], value=sample["rows"], unit=COUNT, section="training_data"
        )


def _left_out_rows(who: Contest) -> None:
    reasons = who.evidence["data"]["left_out_rows"]
    total = sum(reasons.values())
    if not any(who.evidence["data"]["classes"].values()):
        return  # the split is gone, and with it what was left out
    if not total:
        said = "No rows were left out."
        who.found.add(["not", "rows", "left out"], said, may=["data"], section="training_data")
        return
    said = f"{total:,} rows were left out."
    who.found.add(["rows", "left out"], said, may=["data"], value=total, unit=COUNT, section="training_data")
    for why, rows in reasons.items():
        reason = who.found.name("reason", why)
        said = f"For the reason {quoted(why)}, {rows:,} rows were left out."
        who.found.add(
            [reason, "rows", "left out"], said, may=["data", "reason"], value=rows, unit=COUNT, section="training_data"
        )


def _target(who: Contest) -> None:
    called = quoted(who.target[1])
    for word in ("predict", "target"):
        said = f"The model predicts {called}." if word == "predict" else f"{called} is the target."
        may = ["models", "classes", "forest", "both", "data", *(["columns"] if word == "target" else ["target"])]
        who.found.add([who.target, word], said, may=may, section="use" if word == "predict" else "")


def _columns(who: Contest) -> None:
    columns = who.evidence["data"]["columns"]
    roles = Counter(column["role"] for column in columns)
    used = sum(roles[role] for role in _ROLES)
    for needs, count, said, section in (
        (["columns", "data"], len(columns), "The table has {}.", ""),
        (["used", "columns"], used, "The model uses {}.", "use"),
        (["features"], used, "", ""),
        *(([role], roles[role], f"{{}} {{}} {role}.", "training_data") for role in _ROLES),
        (["left out"], roles[_DROPPED], "{} {} left out.", "training_data"),
    ):
        if count:
            text = said.format(counted(count, "column"), "are" if count != 1 else "is")
            may = ["columns"] if "left out" in needs else ["columns", "used", "features"]
            if "used" in needs or "features" in needs:
                may += ["target", "predict", who.target]
            who.found.add(needs, text, may=may, value=count, unit=COUNT, section=section)
            who.found.sizes[needs[0]] = count


def _column(who: Contest, column: Mapping[str, Any]) -> None:
    name, role = column["name"], column["role"]
    atom, called = _named(who, name), quoted(name)
    kind = who.found.name("type", column["type"])
    said = f"The column {called} is of the type {quoted(column['type'])}."
    who.found.add([atom, kind], said, may=["columns", "type", "used"] if role in _ROLES else ["columns", "type"])
    if role in _ROLES:
        may = ["columns", "used", "features", "predict", "models"]
        who.found.add([atom, role], f"The column {called} is {role}.", may=may)
        for claim in ("used", "features"):
            said = f"The column {called} is {'used' if claim == 'used' else 'a feature'}."
            who.found.add([atom, claim], said, may=[*may, role])
        said = f"The column {called} is used."
        who.found.add([who.target, PREDICT, atom], said, may=["models", "forest", "columns"])
    elif role == _DROPPED:
        why = who.evidence["data"]["left_out_columns"].get(name)
        named = who.found.sizes["left out"] <= _MOST_NAMED
        said, needs = f"The column {called} is left out.", [atom, "left out"]
        who.found.add(needs, said, may=["columns"], section="training_data" if named and not why else "")
        if why:
            reason = who.found.name("reason", why)
            said = f"The column {called} is left out for the reason {quoted(why)}."
            who.found.add([*needs, reason], said, may=["columns", "reason"], section="training_data" if named else "")


def _named(who: Contest, name: str) -> Atom:
    return who.target if name == who.verdict["target"] else who.found.name("column", name)


def _missing(who: Contest, column: Mapping[str, Any], named: bool) -> None:
    share = column["missing"]
    if share is None:
        return
    atom, called = _named(who, column["name"]), quoted(column["name"])
    may = ["columns", "rows", "data"]
    if not share:
        said = f"The column {called} has no missing values."
        who.found.add([atom, "missing", "not"], said, may=may)
    said = f"The share of missing values in the column {called} is {spoken(share)}."
    section = "training_data" if share and named else ""
    who.found.add([atom, "missing"], said, may=may, value=share, unit=SHARE, section=section)


def _most_missing(who: Contest) -> None:
    """Add which of the columns used has most gaps, where it is one only."""
    used = [column for column in who.evidence["data"]["columns"] if column["role"] in _ROLES]
    shares = [column["missing"] for column in used]
    if None in shares or not any(shares) or shares.count(max(shares)) > 1:
        return
    column = used[shares.index(max(shares))]
    called = f"{quoted(column['name'])} has the highest share of missing values: {spoken(max(shares))}."
    who.found.add(
        [who.found.name("column", column["name"]), "missing", "highest", "used"],
        f"Of the columns used, {called}",
        may=["columns"],
        value=max(shares),
        unit=SHARE,
    )
