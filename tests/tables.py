"""Small labelled tables of many kinds, the class being something that a forest can learn."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

_VALUES = {
    pa.int64(): st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0),
    pa.bool_(): st.booleans(),
    pa.date32(): st.dates(dt.date(1, 1, 1)),
    pa.string(): st.text(max_size=4),
}


@st.composite
def _any_table(draw: st.DrawFn) -> pa.Table:
    names = draw(st.lists(st.one_of(st.sampled_from(["a", "a.b", "a.b.c"]), st.text(max_size=4)), unique=True))
    kinds = [draw(st.sampled_from(list(_VALUES))) for _ in names]
    rows = draw(st.integers(0, 12)) if names else 0
    columns = [
        pa.array(draw(st.lists(st.one_of(st.none(), _VALUES[kind]), min_size=rows, max_size=rows)), kind)
        for kind in kinds
    ]
    return pa.table(columns, names=names)


ANY_TABLE = _any_table()
"""Tables of the types that `clean` makes, few rows and any names."""


def numeric_binary(rows: int = 300) -> pd.DataFrame:
    """All columns numbers, two classes that are booleans."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(rows, 4)), columns=["a", "b", "c", "d"])
    return frame.assign(sick=frame["a"] + frame["b"] > 0)


def all_categorical(rows: int = 300) -> pd.DataFrame:
    """Texts only, some missing, three classes; the words that mean nothing are values."""
    random = np.random.default_rng(2)
    colour = random.choice(["red", "green", "NA"], rows)
    shape = np.array(["None", "round", "null", None], dtype=object)[random.integers(0, 4, rows)]
    return pd.DataFrame({"colour": colour, "shape": shape, "label": np.where(colour == "red", "NA", colour)})


def many_classes(rows: int = 1500) -> pd.DataFrame:
    """Sixty classes that are integers."""
    random = np.random.default_rng(3)
    label = random.integers(0, 60, rows)
    return pd.DataFrame({"x": label * 10 + random.normal(size=rows), "y": random.normal(size=rows), "label": label})


def wide(rows: int = 200, columns: int = 300) -> pd.DataFrame:
    """More columns than rows, classes that are fractions."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(random.normal(size=(rows, columns)), columns=[f"x{i}" for i in range(columns)])
    return frame.assign(grade=np.where(frame["x0"] > 0, 1.5, 2.25))


def unicode_names(rows: int = 300, noise: float = 0.0) -> pd.DataFrame:
    """Names and classes in other alphabets, with quotes, spaces, dollars and braces; a share of labels is wrong."""
    random = np.random.default_rng(5)
    place = random.choice(["Kraków", "東京", 'it\'s "here"'], rows)
    frame = pd.DataFrame(
        {
            "Größe {cm}": random.normal(size=rows),
            "место $x_1$": place,
            "a | b": random.integers(0, 3, rows).astype(float),
            "класс": np.where(place == "東京", "да <b>", "нет"),
        }
    )
    wrong = random.random(rows) < noise
    return frame.assign(класс=np.where(wrong, "нет", frame["класс"]))


def dates(rows: int = 300) -> pd.DataFrame:
    """A date, a moment with its zone, a boolean feature with a missing value, a constant and an identifier."""
    random = np.random.default_rng(6)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 700, rows), unit="D")
    flag = random.choice([True, False], rows).astype(object)
    flag[0] = None
    return pd.DataFrame(
        {
            "row_id": np.arange(rows),
            "day": day,
            "moment": (day + pd.Timedelta(hours=1)).tz_localize("Europe/Paris"),
            "flag": flag,
            "same": "x",
            "weekend": np.where(day.day_of_week >= 5, "yes", "no"),
        }
    )
