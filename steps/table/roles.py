"""Rules for the roles of columns: which are identifiers, which target can be classified, which names exist."""

import difflib
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from steps.table.text import LEADING_ZERO, PLAIN, no_header_hint

FEW_ROWS = 20
MOSTLY_DISTINCT_TEXT = 0.9
MOSTLY_DISTINCT_INTEGERS = 0.99
DENSE = 10
MANY_TEXTS = 100_000
IDENTIFIER_WORDS = {"id", "uuid", "guid", "key", "index", "no", "nr"}


def count_distinct(values: pa.ChunkedArray) -> int:
    """Count the distinct values, missing ones aside."""
    return pc.count_distinct(values, mode="only_valid").as_py()


def why_left_out(values: pa.ChunkedArray, name: str) -> str | None:
    """Tell why a column that is not all missing is no feature, or return None if it is one.

    Left out are constants; text of which more than 90 % is distinct; integers of which at least 99 % are
    distinct and that are dense (their range is at most 10 times the rows) or named like an identifier;
    and text with more than 100,000 distinct values. Up to 20 values, nothing is taken for an identifier.
    Floats are measured numbers and never identifiers, nor are dates.
    """
    if pa.types.is_floating(values.type) or pa.types.is_date(values.type):
        # Counting measured numbers takes as much memory as they do. One that is missing is imputed.
        extremes = pc.min_max(values).as_py()
        return "it is constant" if extremes["min"] == extremes["max"] else None
    distinct, present = count_distinct(values), len(values) - values.null_count
    is_text = pa.types.is_string(values.type)
    # Whether a category is missing can be a feature.
    if distinct == 1 and not values.null_count:
        return "it is constant"
    if is_text and distinct > MOSTLY_DISTINCT_TEXT * present and present > FEW_ROWS:
        return f"it is an identifier ({distinct} distinct texts in {present} rows)"
    if is_text and distinct > MANY_TEXTS:
        return f"it has {distinct} distinct texts, more than {MANY_TEXTS}"
    if (
        pa.types.is_integer(values.type)
        and distinct >= MOSTLY_DISTINCT_INTEGERS * present
        and present > FEW_ROWS
        and (_is_dense(values) or _is_named_like_identifier(name))
    ):
        return f"it is an identifier ({distinct} distinct integers in {present} rows)"
    return None


def _is_dense(values: pa.ChunkedArray) -> bool:
    extremes = pc.min_max(values).as_py()
    return extremes["max"] - extremes["min"] <= DENSE * len(values)


def _is_named_like_identifier(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return bool(words) and words[-1].lower() in IDENTIFIER_WORDS


def given_roles(table: pa.Table, target: str, options: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Map each column that an option names to that option's name.

    Parameters
    ----------
    table : pyarrow.Table
    target : str
    options : mapping of str to sequence of str
        The names given to each option.

    Raises
    ------
    ValueError
        If a name is unknown, is the target, or is given to two options.
    """
    if target not in table.column_names:
        raise _unknown(table, "target", target)
    given: dict[str, str] = {}
    for option, names in options.items():
        for name in names:
            if name not in table.column_names:
                raise _unknown(table, option, name)
            other = "target" if name == target else given.get(name, option)
            if other != option:
                raise ValueError(f"Got column {name!r} both as {other} and in {option}, expected it in one of the two.")
            given[name] = option
    return given


def _unknown(table: pa.Table, option: str, name: str) -> ValueError:
    names = table.column_names
    folded = {column.casefold(): column for column in reversed(names)}
    near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3)]
    listed = ", ".join(map(repr, near or names[:10])) + (", …" if not near and len(names) > 10 else "")
    hint = f"did you mean {listed}?" if near else f"the table has {listed}."
    return ValueError(
        f"Got {option}={name}, which is no column, expected a column's name: {hint}{no_header_hint(names)}"
    )


def refuse_text(values: pa.ChunkedArray, name: str) -> None:
    """Raise a ValueError if a column that is to be numeric holds text, saying what is in the way."""
    if not pa.types.is_string(values.type):
        return
    distinct = values.unique().drop_null()
    others = distinct.filter(pc.invert(pc.match_substring_regex(distinct, PLAIN.pattern)))
    if not len(others):
        others = distinct.filter(pc.match_substring_regex(distinct, LEADING_ZERO))
    shown = ", ".join(map(repr, others[:3].to_pylist()))
    raise ValueError(
        f"Got text in column {name!r}, named in numeric, expected numbers: {shown} "
        f"{'is' if len(others) == 1 else 'are'} in the way."
    )


def refuse_dates(values: pa.ChunkedArray, name: str) -> None:
    """Raise a ValueError if a column that is to be categorical holds dates."""
    if pa.types.is_date(values.type):
        raise ValueError(
            f"Got dates in column {name!r}, named in categorical, expected text, booleans or integer codes: leave it "
            "out of categorical, and it becomes year, month, day and weekday."
        )


def refuse_target(values: pa.ChunkedArray, name: str) -> None:
    """Raise a ValueError unless a column can be the target of a classification."""
    present, distinct = len(values) - values.null_count, count_distinct(values)
    if not present:
        raise ValueError(f"Got a target {name!r} whose values are all missing, expected labels.")
    if distinct == 1:
        only = pc.drop_null(values)[0].as_py()
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
