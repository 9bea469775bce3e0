import json

import pyarrow as pa
import pytest

from steps.table.manifest import MANIFEST, verify, write_manifest
from steps.table.stored import write_table

TABLE = pa.table({"x": [1.5, None], "y": ["a", "b"]})


@pytest.fixture
def folder(tmp_path):
    write_table(TABLE, tmp_path / "part.parquet")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "é.txt").write_text("hello", encoding="utf-8")
    write_manifest(tmp_path, step="load")
    return tmp_path


def test_the_manifest_describes_every_file(folder):
    manifest = verify(folder)
    assert manifest == json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["step"] == "load"
    assert list(manifest["files"]) == ["notes/é.txt", "part.parquet"]
    assert manifest["files"]["notes/é.txt"] == {
        "bytes": 5,
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    }
    part = manifest["files"]["part.parquet"]
    assert (part["rows"], part["schema"]) == (2, {"x": "double", "y": "string"})


def test_the_manifest_is_the_same_twice_and_never_lists_itself(folder):
    before = (folder / MANIFEST).read_bytes()
    write_manifest(folder, step="load")
    assert (folder / MANIFEST).read_bytes() == before


def test_files_is_no_name_for_something_else(tmp_path):
    with pytest.raises(ValueError, match="Got 'files'"):
        write_manifest(tmp_path, files=[])


def test_an_unlisted_file_is_ignored(folder):
    (folder / "extra.txt").write_text("x")
    assert "extra.txt" not in verify(folder)["files"]


def test_a_missing_manifest_means_an_unfinished_step(tmp_path):
    with pytest.raises(ValueError, match="the step that wrote it did not finish"):
        verify(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"a": 1}}', '{"files": {"a": {}}}', '{"files": 3}'])
def test_a_damaged_manifest_is_refused(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json damaged"):
        verify(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), r"Got no file .*é\.txt, expected it as its manifest lists it"),
        (lambda path: path.write_text("hell"), r"Got 4 bytes in .*é\.txt, expected 5"),
        (lambda path: path.write_text("jello"), r"Got SHA-256 .* for .*é\.txt, expected 2cf24"),
    ],
)
def test_a_changed_file_is_named(folder, change, message):
    change(folder / "notes" / "é.txt")
    with pytest.raises(ValueError, match=message):
        verify(folder)
