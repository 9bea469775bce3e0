"""The recorded code, in a folder of its own: the user's checkout, index, branches and stash stay as they are."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steps.lineage.git import git, public_url, reason, remote_url, top
from steps.lineage.source import PROJECT

# Neither hooks nor anything in the background, and bytes as they were committed, whatever the user's settings are.
_SETTINGS = ("core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "core.sparseCheckout=false")
_SETTINGS += ("core.autocrlf=false", "core.eol=lf", "apply.whitespace=nowarn", "apply.ignoreWhitespace=no")
_SETTINGS += ("submodule.recurse=false", "fetch.recurseSubmodules=false")
# A URL that is a command, in a submodule too.
_SETTINGS += ("protocol.ext.allow=never", "protocol.fd.allow=never")
_COMMANDS = re.compile(r"-|(ext|fd)::")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@contextlib.contextmanager
def checked_out(
    *,
    url: str | None,
    folder: str,
    commit: str | None,
    patch: Path | None,
    at_hand: Path = PROJECT,
    only_branches: bool = False,
) -> Iterator[Path]:
    """Give the project's folder as it was recorded; all is removed at the end, also after KeyboardInterrupt.

    Parameters
    ----------
    url, folder, commit
        As `read_source` returns them.
    patch
        A file with the difference to the commit, without a commit to an empty folder; None when there is none.
    at_hand
        A folder in the clone that is asked for the commit first, and that may know the URL's credentials.
    only_branches
        Whether the URL must have the commit on a branch or a tag: many servers give out commits of any fork too.

    Raises
    ------
    ValueError
        When what was recorded would be a command to git, the commit or the URL can't be reached, the folder is not
        there at the commit, or the patch does not apply. Nothing is left behind then.
    """
    _refuse_commands(url, commit)
    if shutil.which("git") is None:
        raise ValueError("Got no git on PATH, expected it to check out the recorded code: install git and run again.")
    if commit is None and patch is None:
        raise ValueError("Got neither a commit nor a difference recorded, expected one: the code can't be had again.")
    with tempfile.TemporaryDirectory(prefix="grove-") as scratch, contextlib.ExitStack() as stack:
        # Git names its entry of a worktree after the folder: let that be unique, so that it can be removed.
        place = _Place(Path(scratch).resolve() / Path(scratch).name)
        if commit is None:
            folder = ""
            place.start()
        else:
            here = has_commit(at_hand, commit)
            if not (here and stack.enter_context(_worktree(place, at_hand, commit))):
                from_url = _with_credentials(url, at_hand)
                _fetch(place, top(at_hand) if here else from_url, commit, only_branches and not here)
            _update_submodules(place, commit)
        project = place.top / folder
        if not (project.is_dir() and project.resolve().is_relative_to(place.top)):
            raise ValueError(
                f"Got the project in the folder {folder}, expected it there at commit {str(commit)[:12]}, which has no "
                f"such folder."
            )
        if patch is not None:
            _apply(place, folder, commit, patch)
        yield project


def _refuse_commands(url: str | None, commit: str | None) -> None:
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise ValueError(f"Got {commit!r} recorded as the commit, expected 40 or 64 hexadecimal digits.")
    if url is not None and _COMMANDS.match(url):
        raise ValueError(
            f"Got {url!r} recorded as the repository, expected a path or a URL such as https://…: to git it is a "
            f"command."
        )


def has_commit(repository: Path, commit: str) -> bool:
    """Return whether the repository that the folder belongs to has the commit; False also when there is none."""
    try:
        git(repository, "cat-file", "-e", "--end-of-options", f"{commit}^{{commit}}")
    except (subprocess.CalledProcessError, OSError):
        return False
    return True


@dataclass(frozen=True)
class _Place:
    """The top folder of the checkout."""

    top: Path

    def git(self, *words: str, folder: Path | None = None) -> bytes:
        settings = (*_SETTINGS, f"core.hooksPath={self.top.with_name('no-hooks')}")
        return git(folder or self.top, *(word for setting in settings for word in ("-c", setting)), *words)

    def start(self, commit: str = "") -> None:
        self.top.mkdir()
        kind = "sha256" if len(commit) == 64 else "sha1"
        self.git("init", "--quiet", "--template=", f"--object-format={kind}")


@contextlib.contextmanager
def _worktree(place: _Place, at_hand: Path, commit: str) -> Iterator[bool]:
    """Make a worktree of the clone at hand; give False where git can't, as in a clone that is only to be read."""
    try:
        try:
            place.git("worktree", "add", "--quiet", "--detach", str(place.top), commit, folder=at_hand)
            made = True
        except subprocess.CalledProcessError:
            shutil.rmtree(place.top, ignore_errors=True)
            made = False
        yield made
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            place.git("worktree", "remove", "--force", "--force", str(place.top), folder=at_hand)
        # Git leaves its entry when it was interrupted while it made the worktree.
        entries = at_hand / git(at_hand, "rev-parse", "--git-path", "worktrees").decode().removesuffix("\n")
        shutil.rmtree(entries / place.top.name, ignore_errors=True)
        with contextlib.suppress(OSError):  # there are others, or none was made
            entries.rmdir()


def _with_credentials(url: str | None, at_hand: Path) -> str | None:
    with contextlib.suppress(subprocess.CalledProcessError, OSError):
        known = remote_url(at_hand)
        if known is not None and public_url(known) == url:
            return known
    return url


def _fetch(place: _Place, url: str | None, commit: str, only_branches: bool) -> None:
    if url is None:
        raise ValueError(
            f"Got commit {commit[:12]}, recorded without a URL and not in the clone at hand, expected it there: type "
            f"the command in the clone that has it."
        )
    shown = public_url(url)
    place.start(commit)
    place.git("config", "remote.origin.url", url)
    refusal = None if only_branches else _fetch_alone(place, commit)
    if only_branches or refusal:
        try:
            # Not every server gives what is no branch's tip, but all give the whole of a branch.
            place.git("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
        except subprocess.CalledProcessError as failure:
            raise ValueError(
                f"Got nothing from {shown} ({reason(failure).replace(url, shown)}), expected commit {commit[:12]} "
                f"there: make sure that you can read it, or type the command in the clone that has the commit."
            ) from failure
    there = has_commit(place.top, commit)
    if only_branches and not (there and place.git("for-each-ref", "--count=1", "--contains", commit)):
        raise ValueError(
            f"Got commit {commit[:12]}, expected one on a branch or a tag of {shown}, as servers give out strangers' "
            f"forks too: push it, type the command in the clone that has it, or read it and add -P trust=true."
        )
    if not there:
        why = f" ({reason(refusal).replace(url, shown)})" if refusal else ""
        raise ValueError(
            f"Got commit {commit[:12]}, expected one that {shown} has{why}: push it, or type the command in the clone "
            f"that has it."
        ) from refusal
    try:
        place.git("checkout", "--quiet", "--detach", commit)
    except subprocess.CalledProcessError as error:
        raise ValueError(f"Got commit {commit[:12]} from {shown}, but not checked out: {reason(error)}.") from error


def _fetch_alone(place: _Place, commit: str) -> subprocess.CalledProcessError | None:
    """Fetch one commit; return the error where the server does not give it."""
    try:
        place.git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
    except subprocess.CalledProcessError as error:
        return error
    return None


def _update_submodules(place: _Place, commit: str) -> None:
    if not (place.top / ".gitmodules").is_file():
        return
    try:
        # Not --init, which would write into the configuration that the worktree shares with the user's clone.
        place.git("-c", "submodule.active=.", "submodule", "--quiet", "update", "--recursive")
    except subprocess.CalledProcessError as error:
        raise ValueError(
            f"Got a submodule of commit {commit[:12]} that can't be had ({reason(error)}), expected all: make sure "
            f"that you can read it."
        ) from error


def _apply(place: _Place, folder: str, commit: str | None, patch: Path) -> None:
    if not patch.stat().st_size:
        return
    # In a sub-folder git would pass over what the patch, relative to it, seems to change outside. New files are
    # announced to the checkout's own index, as some may be among those that .gitignore names.
    words = ["--binary", "--whitespace=nowarn", "--intent-to-add", *([f"--directory={folder}"] if folder else [])]
    try:
        place.git("apply", *words, "--", str(patch.resolve()))
        if commit:  # some releases of git let --intent-to-add forget all files but the new ones
            place.git("reset", "--quiet", "--mixed", "--intent-to-add")
    except subprocess.CalledProcessError as error:
        base = f"commit {commit[:12]}" if commit else "an empty folder"
        raise ValueError(
            f"Got a difference that does not apply to {base} ({reason(error)}), expected the one recorded with it: has "
            f"{patch.name} been changed?"
        ) from error
