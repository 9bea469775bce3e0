"""What the project's code is, as git sees it: a commit and the difference to it, as a patch that can be kept."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from steps.lineage.git import reason
from steps.lineage.source import PROJECT
from steps.lineage.view import Source, View, at_head, from_nothing, joined, names

PATCH = "source.patch"
PATCH_LIMIT = 10_000_000  # bytes

_SUBMODULE = "160000"  # as a file's mode
_DIFF = "diff-index --cached --patch --binary --full-index --no-ext-diff --no-textconv --no-color --no-renames"
_DIFF += " --unified=3 --inter-hunk-context=0 --diff-algorithm=myers --indent-heuristic --submodule=short"
_DIFF += " --ignore-submodules=none --src-prefix=a/ --dst-prefix=b/"


@dataclass(frozen=True)
class _Change:
    """A file, named below the repository's top, that may differ from the commit."""

    name: str
    untracked: bool = False
    old: str = ""
    submodule: bool = False


def read_source(project: Path = PROJECT, *, apart: Collection[Path] = (), always: Collection[str] = ()) -> Source:
    """Return which commit the project's folder is at, and how it differs.

    Parameters
    ----------
    project
        The project's folder; changes elsewhere in a larger repository don't count.
    apart
        Absolute paths of files or folders that are no source, such as a data file: not counted while untracked.
    always
        Paths below the project that count even if some .gitignore ignores them.
    """
    nothing = Source(None, "", None, None, True, None, None)
    if shutil.which("git") is None:
        return replace(nothing, problem="Got no git on PATH, expected it to record what the code is: install git.")
    project = project.resolve()
    with tempfile.TemporaryDirectory(prefix="grove-") as scratch:
        try:
            view = at_head(project, Path(scratch))
        except (subprocess.CalledProcessError, ValueError) as error:
            why = reason(error) if isinstance(error, subprocess.CalledProcessError) else "its path has several lines"
            view = from_nothing(project, Path(scratch), replace(nothing, refusal=why))
        try:
            return _compared(view, apart, always)
        except subprocess.CalledProcessError as error:
            problem = f"Got from git: {reason(error)}, expected the difference to the commit: see `git status`."
            return replace(view.source, problem=problem)


def _compared(view: View, apart: Collection[Path], always: Collection[str]) -> Source:
    found = {change.name: change for change in (*_changes(view), *_ignored(view, always))}
    aside = {place for path in apart for place in (path.resolve(), path.parent.resolve() / path.name)}
    changes = [each for each in found.values() if not (each.untracked and _is_within(view.top / each.name, aside))]
    submodules = [change.name for change in changes if change.submodule]
    if submodules:
        return replace(
            view.source,
            problem=f"Got the submodule {submodules[0]} changed, expected it at its commit, as a difference can't hold "
            f"what is inside: commit there, then here.",
        )
    sizes = _sizes(view, changes)
    if sum(sizes.values()) > PATCH_LIMIT:
        return replace(view.source, problem=_too_large("changed or new files", sum(sizes.values()), sizes))
    if changes:
        view.git("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=joined(sizes))
    relative = [f"--relative={view.source.folder}/"] if view.source.folder else []
    patch = view.git(*_DIFF.split(), *relative, view.base, "--", view.place) if changes else b""
    if len(patch) > PATCH_LIMIT:
        return replace(view.source, problem=_too_large("difference to the commit", len(patch), sizes))
    if view.source.commit is None:
        return replace(view.source, patch=patch or None)  # even an empty folder is not one that can be had again
    untracked = tuple(change.name for change in changes if change.untracked)
    return replace(view.source, dirty=bool(patch), patch=patch or None, untracked=untracked)


def _changes(view: View) -> list[_Change]:
    options = "--porcelain=v2 -z --untracked-files=all --no-renames --no-ahead-behind --ignore-submodules=none"
    found = []
    for entry in names(view.git("status", *options.split(), "--", view.place)):
        if entry.startswith("? ") and not entry.endswith("/"):  # a folder would be somebody's repository inside
            found.append(_Change(entry[2:], untracked=True))
        elif entry.startswith("1 "):
            _, _, _, *modes, old, _, name = entry.split(" ", 8)
            found.append(_Change(name, old=old.strip("0") and old, submodule=_SUBMODULE in modes))
        elif entry.startswith("u "):
            _, _, _, *modes, _, _, _, name = entry.split(" ", 10)
            found.append(_Change(name, submodule=_SUBMODULE in modes))
    return found


def _ignored(view: View, always: Collection[str]) -> list[_Change]:
    if not always:
        return []
    places = [(Path(view.source.folder) / name).as_posix() for name in sorted(always)]
    listed = view.git("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", *places)
    return [_Change(name, untracked=True) for name in names(listed) if not name.endswith("/")]


def _sizes(view: View, changes: Collection[_Change]) -> dict[str, int]:
    """Return the bytes that each file adds to the difference, at its worst: of its old or new content, the larger."""
    blobs = {change.old for change in changes if change.old}
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    listed = view.git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked) if blobs else b""
    answers = (line.split(" ") for line in listed.decode().splitlines())
    old = {blob: int(size) for blob, size in answers if size.isdigit()}  # or missing, in a partial clone
    sizes = {}
    for change in changes:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            sizes[change.name] = (view.top / change.name).lstat().st_size
        sizes[change.name] = max(sizes.get(change.name, 0), old.get(change.old, 0))
    return sizes


def _is_within(path: Path, places: Collection[Path]) -> bool:
    return path in places or any(parent in places for parent in path.parents)


def _too_large(what: str, total: int, sizes: Mapping[str, int]) -> str:
    largest = max(sizes, key=lambda name: sizes[name])
    return (
        f"Got {total / 1e6:.1f} MB of {what}, expected at most {PATCH_LIMIT / 1e6:.0f} MB to be kept with the run, "
        f"the largest is {largest} with {sizes[largest] / 1e6:.1f} MB: commit it or add it to .gitignore."
    )
