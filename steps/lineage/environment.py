"""What a run's results depend on beside the project: Python, the platform, and the packages of the lock."""

from __future__ import annotations

import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from steps.lineage.source import PROJECT

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


@cache
def environment() -> dict[str, str]:
    """Return `python`, `platform` (system and processor family), and the installed version of every locked package.

    A package of the lock that is for other platforms, and so not installed, is left out.
    """
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in _PINNED.findall((PROJECT / "requirements.txt").read_text(encoding="utf-8")):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
