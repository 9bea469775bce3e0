from __future__ import annotations

import pyarrow as pa

from steps.load import class_counts


def test_class_counts_the_most_frequent_first_without_the_missing() -> None:
    table = pa.table({"label": ["b", "a", None, "b", "None"]})
    assert list(class_counts(table, "label").items()) == [("b", 2), ("a", 1), ("None", 1)]
