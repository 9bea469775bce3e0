"""Rules for the roles of columns: which are identifiers, which target can be classified, which names exist."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steps.table.distinct import count_distinct
from steps.table.text import LEADING_ZERO, PLAIN, matches, no_header_hint

FEW_ROWS = 20
MOSTLY_DISTINCT_TEXT = 0.9
MOSTLY_DISTINCT_INTEGERS = 0.99
DENSE = 10
MANY_TEXTS = 100_000
IDENTIFIER_WORDS = {"id", "uuid", "guid", "key", "index", "no", "nr"}


@dataclass(frozen=True)
class Values:
    """The values of one column of a cleaned table, in memory or in a file.

    Attributes
    ----------
    name : str
    type : pyarrow.DataType
    rows, missing : int
    chunks : callable
        Gives the values in parts, as often as it is called.
    """

    name: str
    type: pa.DataType
    rows: int
    missing: int
    chunks: Callable[[], Iterable[pa.Array]]

    @property
    def present(self) -> int:
        """How many values are not missing."""
        return self.rows - self.missing

    @cached_property
    def distinct(self) -> int:
        """How many different values there are, missing ones aside."""
        return count_distinct(self.chunks())


def why_left_out(values: Values) -> str | None:
    """Tell why a column that is not all missing is no feature, or return None if it is one.

    Left out are constants; text of which more than 90 % is distinct; integers of which at least 99 % are
    distinct and that are dense (their range is at most 10 times the rows) or named like an identifier;
    and text with more than 100,000 distinct values. Up to 20 values, nothing is taken for an identifier.
    Floats are measured numbers and never identifiers, nor are dates.
    """
    kind, present = values.type, values.present
    # Whether a category is missing can be a feature; a measured number that is missing is imputed.
    is_measured = pa.types.is_floating(kind) or pa.types.is_date(kind)
    if (is_measured or not values.missing) and _is_constant(values):
        return "it is constant"
    if pa.types.is_string(kind):
        distinct = values.distinct
        if distinct > MOSTLY_DISTINCT_TEXT * present and present > FEW_ROWS:
            return f"it is an identifier ({distinct} distinct texts in {present} rows)"
        if distinct > MANY_TEXTS:
            return f"it has {distinct} distinct texts, more than {MANY_TEXTS}"
    is_integer = pa.types.is_integer(kind)
    if is_integer and present > FEW_ROWS and (_is_named_like_identifier(values.name) or _is_dense(values)):
        fewest = MOSTLY_DISTINCT_INTEGERS * present
        distinct = count_distinct(values.chunks(), most_repeats=present - fewest)
        if distinct is not None and distinct >= fewest:
            return f"it is an identifier ({distinct} distinct integers in {present} rows)"
    return None


def _is_constant(values: Values) -> bool:
    """Return whether there is only one value, missing ones aside."""
    first = None
    for chunk in values.chunks():
        for extreme in pc.min_max(chunk).values():
            first = first if first is not None or not extreme.is_valid else extreme
            if extreme.is_valid and extreme != first:
                return False
    return True


def _is_dense(values: Values) -> bool:
    extremes = [pc.min_max(chunk).as_py() for chunk in values.chunks() if chunk.null_count < len(chunk)]
    least, most = min(each["min"] for each in extremes), max(each["max"] for each in extremes)
    return most - least <= DENSE * values.rows


def _is_named_like_identifier(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return bool(words) and words[-1].lower() in IDENTIFIER_WORDS


def given_roles(columns: Sequence[str], target: str, options: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Map each column that an option names to that option's name.

    Parameters
    ----------
    columns : sequence of str
        The table's.
    target : str
    options : mapping of str to sequence of str
        The names given to each option.

    Raises
    ------
    ValueError
        If a name is unknown, is the target, or is given to two options.
    """
    if target not in columns:
        raise _unknown(columns, "target", target)
    given: dict[str, str] = {}
    for option, names in options.items():
        for name in names:
            if name not in columns:
                raise _unknown(columns, option, name)
            other = "target" if name == target else given.get(name, option)
            if other != option:
                raise ValueError(f"Got column {name!r} both as {other} and in {option}, expected it in one of the two.")
            given[name] = option
    return given


def _unknown(names: Sequence[str], option: str, name: str) -> ValueError:
    folded = {column.casefold(): column for column in reversed(names)}
    near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3)]
    listed = ", ".join(map(repr, near or names[:10])) + (", …" if not near and len(names) > 10 else "")
    hint = f"did you mean {listed}?" if near else f"the table has {listed}."
    return ValueError(
        f"Got {option}={name}, which is no column, expected a column's name: {hint}{no_header_hint(names)}"
    )


def refuse_text(values: Values) -> None:
    """Raise a ValueError if a column that is to be numeric holds text, saying what is in the way."""
    if not pa.types.is_string(values.type):
        return
    others = _first_texts(values, lambda texts: ~matches(texts, PLAIN.pattern))
    others = others or _first_texts(values, lambda texts: matches(texts, LEADING_ZERO))
    raise ValueError(
        f"Got text in column {values.name!r}, named in numeric, expected numbers: {', '.join(map(repr, others))} "
        f"{'is' if len(others) == 1 else 'are'} in the way."
    )


def _first_texts(values: Values, chosen: Callable[[pa.StringArray], np.ndarray]) -> list[str]:
    """Return the first three different texts that are chosen."""
    found: dict[str, None] = {}
    for chunk in values.chunks():
        distinct = chunk.unique().drop_null()
        texts = distinct.filter(pa.array(chosen(distinct)))
        found |= dict.fromkeys(texts[: 3 + len(found)].to_pylist())
        if len(found) >= 3:
            break
    return list(found)[:3]


def refuse_dates(values: Values) -> None:
    """Raise a ValueError if a column that is to be categorical holds dates."""
    if pa.types.is_date(values.type):
        raise ValueError(
            f"Got dates in column {values.name!r}, named in categorical, expected text, booleans or integer codes: "
            "leave it out of categorical, and it becomes year, month, day and weekday."
        )


def refuse_target(values: Values) -> None:
    """Raise a ValueError unless a column can be the target of a classification."""
    name, present = values.name, values.present
    if not present:
        raise ValueError(f"Got a target {name!r} whose values are all missing, expected labels.")
    distinct = values.distinct
    if distinct == 1:
        only = next(label.as_py() for chunk in values.chunks() for label in chunk.drop_null())
        raise ValueError(f"Got only the class {only!r} in the target {name!r}, expected at least two classes.")
    if distinct <= FEW_ROWS or pa.types.is_boolean(values.type):
        return
    if pa.types.is_string(values.type):
        if distinct > MOSTLY_DISTINCT_TEXT * present:
            raise ValueError(
                f"Got {distinct} distinct texts in {present} rows of the target {name!r}, expected classes "
                "that repeat: Grove classifies, and nearly every row would be a class of its own."
            )
        return
    if pa.types.is_floating(values.type) or distinct > present / 2:
        raise ValueError(
            f"Got {distinct} distinct numbers in {present} rows of the target {name!r}, expected classes: "
            "Grove classifies, so a measured quantity must be cut into classes first; numbers that stand for classes "
            "can be written as integers or text."
        )
