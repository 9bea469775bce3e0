"""What the project's code is, as git sees it: a commit and the difference to it. The user's clone is only read."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from steps.lineage.git import git, public_url, reason, remote_url
from steps.lineage.source import PROJECT

PATCH = "source.patch"
PATCH_LIMIT = 10_000_000  # bytes

_EMPTY_TREES = ("4b825dc642cb6eb9a060e54bf8d69288fbee4904",)
_EMPTY_TREES += ("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",)  # in a SHA-256 repository
_SUBMODULE = "160000"  # as a file's mode
# The first two would write into the user's .git, the third starts a daemon there; the others decide the patch's bytes.
_SETTINGS = ("core.splitIndex=false", "core.untrackedCache=false", "core.fsmonitor=false", "core.quotePath=true")
_SETTINGS += ("core.compression=-1", "core.bigFileThreshold=512m", "diff.suppressBlankEmpty=false")
_SETTINGS += ("diff.orderFile=/dev/null",)
_DIFF = "diff-index --cached --patch --binary --full-index --no-ext-diff --no-textconv --no-color --no-renames"
_DIFF += " --unified=3 --inter-hunk-context=0 --diff-algorithm=myers --indent-heuristic --submodule=short"
_DIFF += " --ignore-submodules=none --src-prefix=a/ --dst-prefix=b/"


@dataclass(frozen=True)
class Source:
    """The project's code: all but `dirty`, `patch` and `problem` is empty without a commit that has it.

    Attributes
    ----------
    url
        Of the remote `origin`, else of the first remote, else the repository's top folder; without credentials.
    folder
        The project's folder below the repository's top, with slashes; empty at the top.
    commit
        HEAD, all its digits.
    branch
        None when HEAD is detached.
    dirty
        Whether the project's files differ from the commit.
    patch
        The difference, for `git apply` in the project's folder; without a commit to an empty folder. None when there
        is none or it is not kept.
    problem
        One sentence why the difference is not kept.
    untracked
        Files of the difference, named below the repository's top, that git does not track there.
    refusal
        Why git tells no commit.
    """

    url: str | None
    folder: str
    commit: str | None
    branch: str | None
    dirty: bool
    patch: bytes | None
    problem: str | None
    untracked: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True)
class _View:
    """The project through an index and an object store of our own."""

    top: Path
    base: str
    variables: Mapping[str, str]
    source: Source

    @property
    def place(self) -> str:
        return self.source.folder or "."

    def git(self, *words: str, stdin: bytes = b"") -> bytes:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return git(self.top, "--literal-pathspecs", *settings, *words, stdin=stdin, variables=self.variables)


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
            view = _at_head(project, Path(scratch))
        # No repository, no commit, the project is not in it, git refuses, or a path above has lines.
        except (subprocess.CalledProcessError, ValueError) as error:
            why = reason(error) if isinstance(error, subprocess.CalledProcessError) else "its path has several lines"
            view = _from_nothing(project, Path(scratch), replace(nothing, refusal=why))
        try:
            return _compared(view, apart, always)
        except subprocess.CalledProcessError as error:
            problem = f"Got from git: {reason(error)}, expected the difference to the commit: see `git status`."
            return replace(view.source, problem=problem)


def _at_head(project: Path, scratch: Path) -> _View:
    asked = ("--show-cdup", "--git-path", "index", "--git-path", "objects", "HEAD", "HEAD:./")
    lines = git(project, "rev-parse", *asked, "--symbolic-full-name", "HEAD").decode(errors="surrogateescape")
    up, index, objects, commit, tree, ref = lines.removesuffix("\n").split("\n")
    if tree in _EMPTY_TREES:
        raise subprocess.CalledProcessError(1, "git", stderr=b"nothing is committed")
    top = (project / up).resolve()
    (scratch / "objects").mkdir()
    if (project / index).exists():
        # With its time, by which git tells which files it can't trust to be unchanged.
        shutil.copy2(project / index, scratch / "index")
    quoted = str((project / objects).resolve()).replace("\\", "\\\\").replace('"', '\\"')
    variables = {
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"',
    }
    source = Source(
        url=public_url(remote_url(top) or str(top)),
        folder="" if project == top else project.relative_to(top).as_posix(),
        commit=commit,
        branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None,
        dirty=True,
        patch=None,
        problem=None,
    )
    view = _View(top, commit, variables, source)
    _show_hidden(view)
    return view


def _show_hidden(view: _View) -> None:
    """Let git look at the files that the user told it not to look at; a sparse checkout's absent ones stay away."""
    listed = [(entry[0], entry[2:]) for entry in _names(view.git("ls-files", "-v", "-z", "--", view.place))]
    assumed = [name for tag, name in listed if tag.islower()]
    skipped = [name for tag, name in listed if tag in "sS" and os.path.lexists(view.top / name)]
    for option, names in (("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)):
        if names:
            view.git("update-index", option, "-z", "--stdin", stdin=_joined(names))


def _from_nothing(project: Path, scratch: Path, nothing: Source) -> _View:
    variables = {"GIT_DIR": str(scratch / "git")}
    git(project, "init", "--quiet", "--template=", "--object-format=sha1", variables=variables)
    git(project, "config", "core.autocrlf", "false", variables=variables)
    return _View(project, _EMPTY_TREES[0], {**variables, "GIT_WORK_TREE": str(project)}, nothing)


def _compared(view: _View, apart: Collection[Path], always: Collection[str]) -> Source:
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
        view.git("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=_joined(sizes))
    relative = [f"--relative={view.source.folder}/"] if view.source.folder else []
    patch = view.git(*_DIFF.split(), *relative, view.base, "--", view.place) if changes else b""
    if len(patch) > PATCH_LIMIT:
        return replace(view.source, problem=_too_large("difference to the commit", len(patch), sizes))
    if view.source.commit is None:
        return replace(view.source, patch=patch or None)  # even an empty folder is not one that can be had again
    untracked = tuple(change.name for change in changes if change.untracked)
    return replace(view.source, dirty=bool(patch), patch=patch or None, untracked=untracked)


def _changes(view: _View) -> list[_Change]:
    options = "--porcelain=v2 -z --untracked-files=all --no-renames --no-ahead-behind --ignore-submodules=none"
    found = []
    for entry in _names(view.git("status", *options.split(), "--", view.place)):
        if entry.startswith("? ") and not entry.endswith("/"):  # a folder would be somebody's repository inside
            found.append(_Change(entry[2:], untracked=True))
        elif entry.startswith("1 "):
            _, _, _, *modes, old, _, name = entry.split(" ", 8)
            found.append(_Change(name, old=old.strip("0") and old, submodule=_SUBMODULE in modes))
        elif entry.startswith("u "):
            _, _, _, *modes, _, _, _, name = entry.split(" ", 10)
            found.append(_Change(name, submodule=_SUBMODULE in modes))
    return found


def _ignored(view: _View, always: Collection[str]) -> list[_Change]:
    if not always:
        return []
    places = [(Path(view.source.folder) / name).as_posix() for name in sorted(always)]
    listed = view.git("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", *places)
    return [_Change(name, untracked=True) for name in _names(listed) if not name.endswith("/")]


def _sizes(view: _View, changes: Collection[_Change]) -> dict[str, int]:
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


def _names(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _joined(names: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(name) + b"\0" for name in names)
