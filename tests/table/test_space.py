from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from steps.table.space import naming_what_is_full
from tests.conftest import PROJECT

WRITE = """
import resource, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from steps.table.space import naming_what_is_full
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with naming_what_is_full(path):
        WAY
except OSError as error:
    print(error.errno, error.filename)
"""


@pytest.mark.parametrize(
    ("way", "number"),
    [
        ('path.write_text("x" * 100_000)', errno.EFBIG),
        ("np.save(path, np.zeros(100_000))", errno.ENOSPC),
        ('with pa.OSFile(str(path), "wb") as file: file.write(b"x" * 100_000)', errno.EFBIG),
    ],
)
def test_who_writes_to_a_full_disk_says_what(way: str, number: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITE.replace("WAY", way), tmp_path / "a"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{number} {tmp_path / 'a'}\n"


def test_another_error_stays_and_so_does_a_name() -> None:
    for error in (OSError(errno.EACCES, "Permission denied"), OSError(errno.ENOSPC, "No space left", "/elsewhere")):
        with pytest.raises(OSError) as caught, naming_what_is_full(Path("/a")):
            raise error
        assert caught.value is error
