"""The project's own code that an entry point can reach."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from pathlib import Path

import grimp

from steps.table.digest import file_digest

PROJECT = Path(__file__).parents[2]
_PACKAGE = "steps"
_KINDS = (".py", ".html", ".md")
"""A template lies beside the module that fills it, under the same name, and is part of it."""
_BESIDE = ("MLproject", "conda.yaml", "requirements.txt")


def code_files(project: Path = PROJECT) -> dict[str, str]:
    """Return all files that decide what the project does, as `source_files` returns those of one entry point."""
    code = (file for kind in _KINDS for file in (project / _PACKAGE).rglob(f"*{kind}"))
    files = sorted([*code, *(project / name for name in _BESIDE)])
    return {file.relative_to(project).as_posix(): file_digest(file) for file in files}


@cache
def code_at_start() -> dict[str, str]:
    """Return `code_files`, as they were when this process asked for them first."""
    return code_files()


def refuse_edited() -> None:
    """Raise RuntimeError if a file was edited since `code_at_start`: a chain must not mix two versions."""
    before, now = code_at_start(), code_files()
    edited = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if edited:
        raise RuntimeError(
            f"Got {edited[0]} edited while main runs, expected the code as it was at its start: no further step is "
            f"started, so that no run mixes two versions; run main again, finished steps are taken from the cache."
        )


@cache
def source_read_at_start(entry_point: str) -> dict[str, str]:
    """Return `source_files`, as they were when this process asked for them first."""
    return source_files(entry_point)


def source_files(entry_point: str, project: Path = PROJECT) -> dict[str, str]:
    """Return the files that `steps/<entry_point>.py` imports, directly or not, their templates, and that file itself.

    Parameters
    ----------
    entry_point
        Its name.
    project
        The project's folder, which must be importable.

    Returns
    -------
    dict
        Path below the project, with slashes, to the SHA-256 of the file's content, 64 hexadecimal digits; sorted.

    Raises
    ------
    ValueError
        When one of them imports a module of the project that lies elsewhere, where nothing watches it.
    """
    own = f"{_PACKAGE}.{entry_point}"
    imported = {own} | _imports().find_upstream_modules(own)
    modules = {module for module in imported if module.split(".")[0] == _PACKAGE}
    outside = sorted(module.split(".")[0] for module in imported - modules)
    for name in outside:
        if (project / f"{name}.py").is_file() or any((project / name).glob("*.py")):
            raise ValueError(
                f"Got the module {name} beside {_PACKAGE}/, which {entry_point} imports; expected all code in "
                f"{_PACKAGE}/, where a change to it is noticed: move it there."
            )
    # Importing a.b.c runs the __init__ of a and of a.b.
    packages = {package for module in modules for package in accumulate(module.split("."), "{}.{}".format)}
    places = (project.joinpath(*module.split(".")) for module in modules | packages)
    files = (file for place in places for file in (*map(place.with_suffix, _KINDS), place / "__init__.py"))
    return {file.relative_to(project).as_posix(): file_digest(file) for file in sorted(files) if file.is_file()}


@cache
def _imports() -> grimp.ImportGraph:
    # With a cache it would leave a folder beside the code.
    return grimp.build_graph(_PACKAGE, include_external_packages=True, cache_dir=None)
