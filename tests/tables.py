"""Small labelled tables of many kinds, the class being something that a forest can learn."""

from __future__ import annotations

import numpy as np
import pandas as pd


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
