"""The project through git, as it is at its commit or without one; the user's clone is only read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from steps.lineage.git import git, public_url, remote_url

_EMPTY_TREES = ("4b825dc642cb6eb9a060e54bf8d69288fbee4904",)
_EMPTY_TREES += ("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",)  # in a SHA-256 repository
# The first two would write into the user's .git, the third starts a daemon there; the others decide the patch's bytes.
_SETTINGS = ("core.splitIndex=false", "core.untrackedCache=false", "core.fsmonitor=false", "core.quotePath=true")
_SETTINGS += ("core.compression=-1", "core.bigFileThreshold=512m", "diff.suppressBlankEmpty=false")
_SETTINGS += ("diff.orderFile=/dev/null",)


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
class View:
    """The project through an index and an object store of our own."""

    top: Path
    base: str
    variables: Mapping[str, str]
    source: Source

    @property
    def place(self) -> str:
        """The project's folder below the top, as git wants it named."""
        return self.source.folder or "."

    def git(self, *words: str, stdin: bytes = b"") -> bytes:
        """Run git at the top, with our index, and return what it prints."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return git(self.top, "--literal-pathspecs", *settings, *words, stdin=stdin, variables=self.variables)


def at_head(project: Path, scratch: Path) -> View:
    """Return the project as it is beside its commit.

    Raises
    ------
    subprocess.CalledProcessError
        When there is no repository or no commit, the project is not in it, or git refuses.
    ValueError
        When a path above has several lines.
    """
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
    view = View(top, commit, variables, source)
    _show_hidden(view)
    return view


def _show_hidden(view: View) -> None:
    """Let git look at the files that the user told it not to look at; a sparse checkout's absent ones stay away."""
    listed = [(entry[0], entry[2:]) for entry in names(view.git("ls-files", "-v", "-z", "--", view.place))]
    assumed = [name for tag, name in listed if tag.islower()]
    skipped = [name for tag, name in listed if tag in "sS" and os.path.lexists(view.top / name)]
    for option, files in (("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)):
        if files:
            view.git("update-index", option, "-z", "--stdin", stdin=joined(files))


def from_nothing(project: Path, scratch: Path, nothing: Source) -> View:
    """Return the project as it is beside an empty folder."""
    variables = {"GIT_DIR": str(scratch / "git")}
    git(project, "init", "--quiet", "--template=", "--object-format=sha1", variables=variables)
    git(project, "config", "core.autocrlf", "false", variables=variables)
    return View(project, _EMPTY_TREES[0], {**variables, "GIT_WORK_TREE": str(project)}, nothing)


def names(listed: bytes) -> list[str]:
    """Return the file names that git prints with -z."""
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def joined(files: Iterable[str]) -> bytes:
    """Return file names as git reads them with -z."""
    return b"".join(os.fsencode(file) + b"\0" for file in files)
