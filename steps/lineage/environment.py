"""What a run's results depend on beside the project: Python, the platform, the processor, and installed packages."""

from __future__ import annotations

import os
import platform
import re
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from steps.lineage.source import PROJECT
from steps.table.digest import file_digest

LOCK = "requirements.txt"
REQUIREMENTS = ("mlflow", "scikit-learn", "skops", "pandas", "numpy", "scipy")
"""The packages that a model needs, in the versions that trained it."""
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_CPU_MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


@cache
def environment() -> dict[str, str]:
    """Return `python`, `platform` (system and processor family), and the installed version of every locked package.

    A package of the lock that is for other platforms, and so not installed, is left out.
    """
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    installed = _installed()
    return found | {name: installed[name] for name, _ in locked_packages(PROJECT / LOCK) if name in installed}


def locked_packages(lock: Path) -> list[tuple[str, str]]:
    """Return the name and version of each package of a requirements file; one may stand for several platforms."""
    return _PINNED.findall(lock.read_text(encoding="utf-8"))


def whole_environment() -> dict[str, Any]:
    """Return all that a run records of its environment, as JSON can hold it.

    Returns
    -------
    dict
        `python`, `platform`, `cpus` (their number), `cpu` (their model), `packages` (every installed one, name to
        version, sorted) and `lock` (the SHA-256 of requirements.txt, 64 hexadecimal digits).
    """
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "packages": dict(sorted(_installed().items())),
        "lock": file_digest(PROJECT / LOCK),
    }


@cache
def _installed() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in distributions():
        try:
            about = package.metadata
            name, installed = about["Name"], about["Version"]
        except (ImportError, OSError, KeyError, TypeError):  # depends on what found it
            continue
        if name and installed:  # what was half removed has neither; of two the first one is imported
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), installed)  # as a lock spells it
    return found


def _cpu_model() -> str:
    try:
        found = _CPU_MODEL.search(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:  # not Linux
        found = None
    return found[1] if found else platform.processor()


def environment_differences(recorded: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return a sentence for each difference between two `whole_environment`."""
    names = {"python": "Python", "platform": "platform", "cpu": "CPU", "cpus": "number of CPUs"}
    found = [
        f"{shown} {recorded.get(name)} → {now.get(name)}"
        for name, shown in names.items()
        if recorded.get(name) != now.get(name)
    ]
    before, after = recorded["packages"], now["packages"]
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            found.append(f"package {name} {before.get(name, 'not installed')} → {after.get(name, 'not installed')}")
    return found
