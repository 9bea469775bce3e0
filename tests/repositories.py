"""Git repositories, made for real, for the tests of what is read from them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

WHO = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


def git(folder: Path, *words: str) -> str:
    """Type a git command in the folder."""
    done = subprocess.run(["git", *WHO, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode(errors="surrogateescape").removesuffix("\n")


def write(folder: Path, **contents: str) -> None:
    """Write text files; `__` in a name stands for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")


def commit(repository: Path) -> str:
    """Commit all, in a new repository if there is none, and return the commit."""
    git(repository, "init", "--quiet", "--initial-branch=main")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--allow-empty", "--message=All")
    return git(repository, "rev-parse", "HEAD")


def patched(project: Path, patch: bytes | None) -> dict[str, bytes | str]:
    """Return the files of the project's commit after the patch, as git applies it in a fresh clone."""
    place = project.with_name("patched")
    git(project, "clone", "--quiet", ".", str(place))
    if patch:
        subprocess.run(["git", "apply", "--binary"], cwd=place, input=patch, check=True, capture_output=True)
    shutil.rmtree(place / ".git")
    return snapshot(place)


def state(repository: Path) -> str:
    """Return all that git knows of a repository's work tree, index, branches and worktrees."""
    commands = ("status --porcelain=v2 --branch", "for-each-ref", "reflog", "stash list", "worktree list")
    return "\n".join(git(repository, *words.split()) for words in (*commands, "ls-files --stage"))


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Return all files below the folder, .git included, and the links; and the folders, for the empty ones."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found
