"""An interruption that comes where Python drops what is raised."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os, signal, time
from steps.lineage import interruption

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

interruption.install(lambda: print("too late"))
try:
    Finalised()
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_in_a_finaliser_it_is_not_lost() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


QUERY = """
import os, signal, time, sqlalchemy
from steps.lineage import interruption

interruption.install(lambda: print("too late"))
pool = sqlalchemy.create_engine("sqlite://").pool
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
except KeyboardInterrupt:
    pool.logger.error("Error closing cursor")
    print("interrupted")
"""


def test_what_sqlalchemy_logs_of_a_query_that_was_broken_off_is_not_said() -> None:
    done = subprocess.run([sys.executable, "-c", QUERY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
