"""pyproject.toml, its locks and conda.yaml agree, and the locks hold everything that the code imports."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from mlflow.utils.environment import _PythonEnv
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.txt", "requirements-dask.txt", "requirements-dev.txt")


def locked(name: str) -> dict[str, list[Requirement]]:
    """Return the pinned requirements of a lock; a package may stand for several Python versions."""
    found: dict[str, list[Requirement]] = {}
    text = (PROJECT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.split("--hash")[0].strip())
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes_and_no_index_named(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", text.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert not re.search(r"index-url|find-links|https?://|file:", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_fulfils_the_direct_dependencies(lock: str) -> None:
    direct = PYPROJECT["project"]["dependencies"]
    if lock == "requirements-dev.txt":
        direct = direct + PYPROJECT["dependency-groups"]["dev"]
    if lock == "requirements-dask.txt":
        direct = direct + PYPROJECT["project"]["optional-dependencies"]["dask"]
    pins = locked(lock)
    for text in direct:
        requirement = Requirement(text)
        for pin in pins[canonicalize_name(requirement.name)]:
            (version,) = [specifier.version for specifier in pin.specifier]
            assert requirement.specifier.contains(version), f"{text} is locked as {version}"


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_other_locks_add_to_the_lock_and_change_nothing(lock: str) -> None:
    plain, larger = locked("requirements.txt"), locked(lock)
    for name, pins in plain.items():
        assert {str(pin.specifier) for pin in larger[name]} == {str(pin.specifier) for pin in pins}, name


def test_what_dask_needs_is_the_same_in_both_locks_that_have_it() -> None:
    dask, development = locked("requirements-dask.txt"), locked("requirements-dev.txt")
    for name in set(dask) - set(locked("requirements.txt")):
        assert {str(pin.specifier) for pin in development[name]} == {str(pin.specifier) for pin in dask[name]}, name


def test_conda_yaml_is_python_and_the_lock_as_mlflow_reads_it() -> None:
    environment = _PythonEnv.from_conda_yaml(PROJECT / "conda.yaml")
    assert environment.python == "3.11"
    assert environment.dependencies == ["-r requirements.txt"]
    content = yaml.safe_load((PROJECT / "conda.yaml").read_text(encoding="utf-8"))
    assert content["dependencies"] == ["python=3.11", "pip", {"pip": ["-r requirements.txt"]}]
    assert PYPROJECT["project"]["requires-python"].startswith(">=3.11")


def test_no_other_lock_is_committed() -> None:
    assert not (PROJECT / "uv.lock").exists()


def test_everything_imported_is_locked() -> None:
    providers = importlib.metadata.packages_distributions()
    pins, direct = locked("requirements.txt"), PYPROJECT["project"]["dependencies"]
    named = {canonicalize_name(Requirement(text).name) for text in direct}
    for path in (PROJECT / "steps").rglob("*.py"):
        for module in _imported(path) - sys.stdlib_module_names - {"steps"}:
            packages = {canonicalize_name(name) for name in providers[module]}
            assert packages & set(pins), f"{path.name} imports {module}"
            assert packages & named, f"{path.name} imports {module}, which pyproject.toml does not name"


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_installed_versions_are_the_locked_ones() -> None:
    for name, pins in locked("requirements.txt").items():
        for pin in pins:
            if pin.marker is None or pin.marker.evaluate():
                (version,) = [specifier.version for specifier in pin.specifier]
                assert importlib.metadata.version(name) == version, name
