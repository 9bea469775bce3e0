"""What a stranger can write into a run, its patch and its repository: nothing of it may run or leave the folder."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from steps.lineage.checkout import checked_out
from tests.lineage.checkout.checkouts import refuse
from tests.repositories import commit, git, snapshot, write


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that is there if something ran."""
    return tmp_path / "something-ran"


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose git lets every URL run a command."""
    for name, value in {"COUNT": "1", "KEY_0": "protocol.ext.allow", "VALUE_0": "always"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)


NEW = "new file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+evil\n"
LINK = "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+{0}\n"
LINK += "\\ No newline at end of file\n"


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "../../other.py",
        "../my tools/../evil.py",
        "{outside}/evil.py",
        ".git",
        ".git/hooks/post-checkout",
        ".git/config",
        ".GIT/config",
        "a/.git/config",
        "link/evil.py",
    ],
)
def test_a_patch_that_leads_elsewhere(project: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    write(outside, other__py="mine")
    name = name.format(outside=outside)
    patch = tmp_path / "source.patch"
    before = LINK.format(outside) if name.startswith("link/") else ""
    patch.write_text(f"{before}diff --git a/{name} b/{name}\n{NEW.format(name)}", encoding="utf-8")
    there = [snapshot(place) for place in (outside, project.parent)]
    head = git(project, "rev-parse", "HEAD")
    for recorded in (head, None):
        with pytest.raises(ValueError, match="Got a difference that does not apply"):
            refuse(url=None, folder="my tools", commit=recorded, patch=patch, at_hand=project)
    assert [snapshot(place) for place in (outside, project.parent)] == there


@pytest.mark.parametrize("option", ["--upload-pack=touch {canary}", "-u touch {canary}", "main", "HEAD", "--help", ""])
def test_a_commit_that_is_an_option_or_a_name(project: Path, elsewhere: Path, canary: Path, option: str) -> None:
    recorded = option.format(canary=shlex.quote(str(canary)))
    for at_hand in (project, elsewhere):
        with pytest.raises(ValueError, match="recorded as the commit, expected 40 or 64 hexadecimal digits"):
            refuse(url=str(project.parent), folder="my tools", commit=recorded, at_hand=at_hand)
    assert not canary.exists()


@pytest.mark.parametrize("url", ["--upload-pack=touch {0}", "-x", "ext::sh -c touch% {0}", "fd::0"])
@pytest.mark.usefixtures("careless")
def test_a_url_that_is_a_command(project: Path, elsewhere: Path, canary: Path, url: str) -> None:
    head = git(project, "rev-parse", "HEAD")
    with pytest.raises(ValueError, match="to git it is a command"):
        refuse(url=url.format(canary), folder="", commit=head, at_hand=elsewhere)
    assert not canary.exists()


@pytest.mark.usefixtures("careless")
def test_a_submodule_whose_url_or_update_is_a_command(project: Path, elsewhere: Path, canary: Path) -> None:
    write(project.parent / "lib", a__py="a = 1\n")
    commit(project.parent / "lib")
    git(project.parent, "add", "lib")
    write(project.parent, __gitmodules=f'[submodule "lib"]\n\tpath = lib\n\turl = ext::sh -c touch% {canary}\n')
    by_url = commit(project.parent)
    write(project.parent, __gitmodules=f'[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n\tupdate = !touch {canary}\n')
    by_update = commit(project.parent)
    for recorded in (by_url, by_update):
        for at_hand in (project, elsewhere):
            with pytest.raises(ValueError, match=f"Got a submodule of commit {recorded[:12]} that can't be had"):
                refuse(url=str(project.parent), folder="my tools", commit=recorded, at_hand=at_hand)
    assert not canary.exists()


def test_neither_hooks_nor_monitors_nor_filters_run(project: Path, elsewhere: Path, canary: Path) -> None:
    write(project.parent, __gitattributes="*.py filter=evil diff=evil merge=evil\n")
    head = commit(project.parent)
    for place in (project.parent, elsewhere):
        hooks = place / ".git" / "hooks"
        for name in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {shlex.quote(str(canary))}\n", encoding="utf-8")
            (hooks / name).chmod(0o755)
        git(place, "config", "core.fsmonitor", str(hooks / "fsmonitor"))
    canary.unlink(missing_ok=True)
    for at_hand in (project, elsewhere):
        with checked_out(url=str(project.parent), folder="my tools", commit=head, patch=None, at_hand=at_hand) as place:
            assert (place / "a.py").read_text() == "a = 2\n"
    assert not canary.exists()


def test_a_strangers_commit_that_the_server_gives_out_but_has_on_no_branch(project: Path, elsewhere: Path) -> None:
    """As the fork of a repository that anybody may make."""
    top = project.parent
    git(top, "config", "uploadpack.allowAnySHA1InWant", "true")
    mine = git(top, "rev-parse", "HEAD^")
    git(top, "switch", "--quiet", "--detach")
    write(project, a__py="evil\n")
    strangers = commit(top)
    git(top, "switch", "--quiet", "main")
    place = {"url": str(top), "folder": "my tools", "patch": None, "at_hand": elsewhere}
    with checked_out(**place, commit=strangers) as code:
        assert (code / "a.py").read_text() == "evil\n"
    with pytest.raises(ValueError, match=f"Got commit {strangers[:12]}, expected one on a branch or a tag of {top}"):
        refuse(**place, commit=strangers, only_branches=True)
    with checked_out(**place, commit=mine, only_branches=True) as code:
        assert (code / "a.py").read_text() == "a = 1\n"
