from __future__ import annotations

import errno
import os
import tempfile

import mlflow
import numpy as np
import pyarrow as pa
import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from steps.lineage import faults


@pytest.fixture(autouse=True)
def store(client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: client.tracking_uri)


def test_a_user_who_set_mlflows_patience_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"})
    faults.be_patient()
    assert os.environ == {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"}


def test_who_set_none_waits_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    faults.be_patient()
    factor, attempts = (int(os.environ[f"MLFLOW_HTTP_REQUEST_{name}"]) for name in ("BACKOFF_FACTOR", "MAX_RETRIES"))
    assert sum(factor * 2**n for n in range(1, attempts)) == 62


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_named_by_the_file(number: int) -> None:
    said = faults.explain(OSError(number, os.strerror(number), "/data/t.parquet"))
    assert said.startswith("Got no space left on the disk that holds /data/t.parquet, expected some")


@pytest.mark.parametrize("full", ["/read", "/written"])
def test_of_a_copy_the_disk_is_named_that_is_full(full: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_free", lambda place: 0 if str(place) == full else 1e9)
    said = faults.explain(OSError(errno.ENOSPC, "No space left on device", "/read/a", None, "/written/a"))
    assert f"the disk that holds {full}/a, expected" in said


def test_temporary_files_on_a_full_disk_are_told_by_their_folder() -> None:
    name = f"{tempfile.gettempdir()}/grove/spool"
    said = faults.explain(OSError(errno.ENOSPC, "No space left on device", name))
    assert f"the disk that holds temporary files (TMPDIR), {tempfile.gettempdir()}, expected some" in said
    assert "set TMPDIR to a folder on a larger one" in said


def test_a_full_disk_behind_another_error_is_found() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "/srv/kept")
        except OSError as error:
            raise MlflowException("The file could not be logged") from error
    except MlflowException as error:
        assert "the disk that holds /srv/kept" in faults.explain(error)


def test_a_database_says_its_own_words_without_the_statement() -> None:
    locked = OperationalError("UPDATE runs SET status = ?", ["FAILED"], Exception("database is locked"))
    try:
        raise MlflowException(str(locked)) from locked
    except MlflowException as error:
        said = faults.explain(error)
    assert ", expected it to work: database is locked. Mend it, " in said
    assert "UPDATE" not in said


def test_anything_else_stays_as_it_is() -> None:
    assert faults.explain(ValueError("Got 1,\n expected 2.")) == "Got 1, expected 2."


def raised(error: BaseException, *causes: BaseException) -> BaseException:
    """Return the error as it is when each of the causes led to the one before it."""
    for effect, cause in zip((error, *causes), causes, strict=False):
        effect.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        raised(ValueError("Got t.csv damaged"), pa.ArrowMemoryError("malloc of size 4 failed")),
        raised(ValueError("Got a table that can't be fetched"), RuntimeError("can't start new thread")),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        raised(OSError("Got no file"), RuntimeError("of a thread"), MemoryError("of a worker")),
    ],
)
def test_whatever_comes_of_too_little_memory_says_so(error: BaseException) -> None:
    said = faults.lack_of_memory(error)
    assert said is not None
    assert said.startswith("Got too little memory (")
    assert "sample_rows" in said
    assert "()" not in said


def test_numpy_says_how_much_it_wanted() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 60, dtype=np.uint8)
    assert "(Unable to allocate 1.00 EiB" in str(faults.lack_of_memory(caught.value))


def test_other_errors_are_no_lack_of_memory() -> None:
    assert faults.lack_of_memory(raised(ValueError("Got t.csv damaged"), pa.ArrowInvalid("bytes"))) is None
