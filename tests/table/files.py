"""Writing a file and reading it as a table."""

import pytest

from steps.table.read import read_table

TEXT = b"a,b\n1,x\n2,y\n"
TABLE = {"a": [1, 2], "b": ["x", "y"]}


def read(tmp_path, content, name="t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **options)


def refused(tmp_path, content, message, name="t.csv", **options):
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, content, name, **options)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)
    assert name in str(caught.value) or options
