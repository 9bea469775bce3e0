"""The project's own code that an entry point can reach."""

from __future__ import annotations

import hashlib
from functools import cache
from itertools import accumulate
from pathlib import Path

import grimp

PROJECT = Path(__file__).parents[2]
_PACKAGE = "steps"


def source_files(entry_point: str, project: Path = PROJECT) -> dict[str, str]:
    """Return the files that `steps/<entry_point>.py` imports, directly or not, and that file itself.

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
    """
    own = f"{_PACKAGE}.{entry_point}"
    modules = {own} | _imports().find_upstream_modules(own)
    # Importing a.b.c runs the __init__ of a and of a.b.
    packages = {package for module in modules for package in accumulate(module.split("."), "{}.{}".format)}
    places = (project.joinpath(*module.split(".")) for module in modules | packages)
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
    return {file.relative_to(project).as_posix(): _sha256(file) for file in sorted(files)}


@cache
def _imports() -> grimp.ImportGraph:
    return grimp.build_graph(_PACKAGE, cache_dir=None)  # or it leaves a folder beside the code


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
