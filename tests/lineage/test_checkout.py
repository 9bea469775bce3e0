from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.lineage.checkout import checked_out, has_commit
from steps.lineage.repository import read_source
from steps.lineage.view import Source
from tests.repositories import commit, git, snapshot, write
from tests.servers import free_port, git_daemon

UNKNOWN = "0123456789" * 4


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which must be left empty."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a larger repository, with two commits, at the second one."""
    place = tmp_path / "served" / "larger" / "my tools"
    write(place, a__py="a = 1\n", __gitignore="*.log\n")
    write(place.parent, other__py="b = 1\n")
    commit(place.parent)
    write(place, a__py="a = 2\n")
    commit(place.parent)
    return place


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder in a clone that has none of the commits."""
    write(tmp_path / "elsewhere", a__py="a = 1\n")
    commit(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """A git daemon that serves the projects of this test."""
    with git_daemon(tmp_path / "served") as url:
        yield url


class _Guarded(SimpleHTTPRequestHandler):
    """Serve files to whoever knows the password."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == "Basic " + base64.b64encode(b"user:secret").decode():
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """A server that wants a password and knows nothing of git but its files."""
    handler = partial(_Guarded, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def kept(source: Source, place: Path) -> Path | None:
    """Write the patch to a file, as a run keeps it."""
    if source.patch is None:
        return None
    place.write_bytes(source.patch)
    return place


def test_the_commit_at_hand(project: Path, tmp_path: Path) -> None:
    recorded = read_source(project)
    first = git(project, "rev-parse", "HEAD^")
    write(project, a__py="a = 3\n", b__py="b = 1\n")
    git(project, "add", "b.py")
    git(project, "stash", "--quiet")
    write(project, a__py="a = 4\n")
    hook = project.parent / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/hooked'\n")
    hook.chmod(0o755)
    before = snapshot(project.parent)
    with checked_out(url=None, folder="my tools", commit=first, patch=None, at_hand=project) as place:
        assert (place / "a.py").read_text() == "a = 1\n"
        assert (place.parent / "other.py").exists()
        assert read_source(place).commit == first
        during = snapshot(project.parent)
        assert {name for name in during if during[name] != before.get(name)} == {
            name for name in during if name.startswith(".git/worktrees")
        }
    assert snapshot(project.parent) == before
    assert recorded.commit is not None
    with checked_out(url=None, folder="my tools", commit=recorded.commit, patch=None, at_hand=project) as place:
        assert read_source(place).commit == recorded.commit
        assert not read_source(place).dirty
    assert not (tmp_path / "hooked").exists()


def test_a_clone_that_git_cannot_add_a_worktree_to(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD^")
    (project.parent / ".git" / "worktrees").write_text("in the way of git's folder, as a read-only clone would be")
    before = snapshot(project.parent)
    with checked_out(url="git://nowhere.invalid/x", folder="my tools", commit=first, patch=None, at_hand=project) as it:
        assert (it / "a.py").read_text() == "a = 1\n"
    assert snapshot(project.parent) == before


def test_other_worktrees_stay(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "gone"))
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    shutil.rmtree(tmp_path / "gone")
    head = git(project, "rev-parse", "HEAD")
    before = snapshot(project.parent)
    for at_hand in (project, tmp_path / "tree" / "my tools"):
        with checked_out(url=None, folder="my tools", commit=head, patch=None, at_hand=at_hand) as place:
            (place / "a.py").unlink()
            write(place / "__pycache__", x="x")
    assert snapshot(project.parent) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("core.autocrlf", "true"), ("core.sparseCheckout", "true"), ("apply.whitespace", "error"), ("core.eol", "crlf")],
)
def test_settings_change_nothing(project: Path, tmp_path: Path, name: str, value: str) -> None:
    write(project, __gitattributes="*.py text\n")
    head = commit(project.parent)
    (project / "b.txt").write_bytes(b"space at the end \nand a carriage return\r\n \t\n\n\n")
    write(project, a__py="a = 3  \n")
    recorded = read_source(project)
    git(project, "config", name, value)
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="my tools", commit=head, patch=patch, at_hand=project) as place:
        assert snapshot(place) == snapshot(project)
        git(project, "config", "--unset", name)
        assert read_source(place).patch == recorded.patch


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=9).filter(
    lambda name: name not in (".", "..") and not name.lower().startswith((".git", "git~"))
)
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=2).map("/".join),
    st.tuples(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.booleans()),
    min_size=1,
    max_size=4,
)


def fill(place: Path, files: dict[str, tuple[bytes, bool]]) -> None:
    """Make the folder hold these files, and nothing else but .git and what is in the way."""
    for path in place.iterdir():
        if path.name not in (".git", "kept.py"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, (content, executable) in files.items():
        path = place / name
        if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if executable else 0o644)


@given(FILES, FILES)
@settings(max_examples=10, deadline=None)
def test_any_difference_comes_back(first: dict[str, tuple[bytes, bool]], second: dict[str, tuple[bytes, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "grove"
        write(project, kept__py="a = 1\n")
        fill(project, first)
        commit(project)
        fill(project, second)
        assert_comes_back(project, Path(folder) / "source.patch")
        shutil.rmtree(project / ".git")
        assert_comes_back(project, Path(folder) / "source.patch")


def assert_comes_back(project: Path, patch: Path) -> None:
    """Check the round trip: what is read from the checkout is what was read from the project."""
    recorded = read_source(project)
    assert recorded.problem is None
    with checked_out(
        url=None, folder="", commit=recorded.commit, patch=kept(recorded, patch), at_hand=project
    ) as place:
        again = read_source(place)
        assert (again.commit, again.patch) == (recorded.commit, recorded.patch)
        assert files(place) == files(project)


def files(place: Path) -> dict[str, tuple[bytes | str, bool]]:
    return {
        name: (content, os.access(place / name, os.X_OK))
        for name, content in snapshot(place).items()
        if name.split("/")[0] != ".git" and content != "folder"
    }


def test_links_ignored_files_and_subfolders_come_back(project: Path, tmp_path: Path) -> None:
    (project / "link.py").symlink_to("a.py")
    write(project, forced__log="x", always__log="y")
    git(project, "add", "--force", "forced.log")
    write(project / "deep", b__py="b = 1\n")
    recorded = read_source(project, always=["always.log"])
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="my tools", commit=recorded.commit, patch=patch, at_hand=project) as place:
        assert snapshot(place) == snapshot(project)
        again = read_source(place, always=["always.log"])
        assert again == dataclasses.replace(recorded, url=str(place.parent), branch=None, untracked=())
    shutil.rmtree(project.parent / ".git")
    recorded = read_source(project, always=["always.log"])
    patch = kept(recorded, tmp_path / "source.patch")
    with checked_out(url=None, folder="", commit=None, patch=patch, at_hand=project) as place:
        (project / "forced.log").unlink()
        assert files(place) == files(project)
        again = read_source(place, always=["always.log"])
        assert again == dataclasses.replace(recorded, refusal=again.refusal)


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_a_commit_that_is_no_branchs_tip(
    project: Path, elsewhere: Path, daemon: str, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    # In version 0 the client itself refuses to ask for what the server does not advertise.
    for name, value in {"COUNT": "1", "KEY_0": "protocol.version", "VALUE_0": protocol}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    first = git(project, "rev-parse", "HEAD^")
    url = f"{daemon}/larger"
    with checked_out(url=url, folder="my tools", commit=first, patch=None, at_hand=elsewhere) as place:
        assert (place / "a.py").read_text() == "a = 1\n"
        source = read_source(place)
        assert (source.url, source.folder, source.commit, source.dirty) == (url, "my tools", first, False)
        shallow = git(place, "rev-parse", "--is-shallow-repository")
    assert shallow == {"0": "false", "2": "true"}[protocol]


def test_a_commit_that_only_a_tag_has(project: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'protocol.version'='0'")
    git(project, "switch", "--quiet", "--detach")
    write(project, a__py="a = 3\n")
    third = commit(project.parent)
    git(project, "tag", "-m", "Third", "third")
    write(project, a__py="a = 4\n")
    git(project, "tag", "-m", "Fourth", "fourth", commit(project.parent))
    git(project, "switch", "--quiet", "main")
    with checked_out(
        url=project.parent.as_uri(), folder="my tools", commit=third, patch=None, at_hand=elsewhere
    ) as place:
        assert (place / "a.py").read_text() == "a = 3\n"


def test_submodules(project: Path, elsewhere: Path, daemon: str, tmp_path: Path) -> None:
    write(tmp_path / "served" / "library", a__py="a = 1\n")
    commit(tmp_path / "served" / "library")
    git(project.parent, "submodule", "--quiet", "add", f"{daemon}/library", "my tools/lib")
    git(project.parent, "submodule", "--quiet", "deinit", "--force", "--all")
    head = commit(project.parent)
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        with checked_out(url=f"{daemon}/larger", folder="my tools", commit=head, patch=None, at_hand=at_hand) as place:
            assert (place / "lib" / "a.py").exists()
            assert not read_source(place).dirty
    assert snapshot(project.parent) == before
    shutil.rmtree(tmp_path / "served" / "library")
    with pytest.raises(ValueError, match=f"Got a submodule of commit {head[:12]} that can't be had"):
        refuse(url=None, folder="my tools", commit=head, at_hand=project)


def test_credentials_of_the_clone_at_hand(project: Path, elsewhere: Path, guarded: str) -> None:
    git(project, "update-server-info")
    head = git(project, "rev-parse", "HEAD")
    url = f"http://{guarded}/larger/.git"
    with pytest.raises(ValueError, match=f"Got nothing from {url} .*terminal prompts disabled"):
        refuse(url=url, folder="my tools", commit=head, at_hand=elsewhere)
    git(elsewhere, "remote", "add", "origin", url.replace("://", "://user:secret@"))
    with checked_out(url=url, folder="my tools", commit=head, patch=None, at_hand=elsewhere) as place:
        assert (place / "a.py").read_text() == "a = 2\n"
        assert read_source(place).url == url
    with pytest.raises(
        ValueError, match=re.escape(f"Got commit {UNKNOWN[:12]}, expected one that {url} has")
    ) as caught:
        refuse(url=url, folder="my tools", commit=UNKNOWN, at_hand=elsewhere)
    assert "secret" not in str(caught.value)


def refuse(*, url: str | None, folder: str, commit: str | None, at_hand: Path, patch: Path | None = None) -> None:
    """Check out what can't be."""
    with checked_out(url=url, folder=folder, commit=commit, patch=patch, at_hand=at_hand):
        raise AssertionError("expected an error")


def test_an_unknown_commit(project: Path, elsewhere: Path, daemon: str) -> None:
    with pytest.raises(ValueError) as caught:
        refuse(url=f"{daemon}/larger", folder="my tools", commit=UNKNOWN, at_hand=elsewhere)
    assert str(caught.value) == (
        f"Got commit 012345678901, expected one that {daemon}/larger has (remote error: upload-pack: not our ref "
        f"{UNKNOWN}): push it, or type the command in the clone that has it."
    )


def test_no_way_to_the_commit(project: Path, elsewhere: Path, tmp_path: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    with pytest.raises(ValueError, match="recorded without a URL and not in the clone at hand"):
        refuse(url=None, folder="my tools", commit=head, at_hand=elsewhere)
    url = f"git://127.0.0.1:{free_port()}/x"
    with pytest.raises(ValueError, match=f"Got nothing from {url} .*Connection refused"):
        refuse(url=url, folder="my tools", commit=head, at_hand=elsewhere)
    with pytest.raises(ValueError, match=r"Got nothing from /nowhere .* does not appear to be a git repository"):
        refuse(url="/nowhere", folder="my tools", commit=head, at_hand=tmp_path)
    with pytest.raises(ValueError, match="Got nothing from --upload-pack=touch"):
        refuse(url=f"--upload-pack=touch {tmp_path}/x", folder="my tools", commit=head, at_hand=tmp_path)
    assert not (tmp_path / "x").exists()
    with pytest.raises(ValueError, match="Got neither a commit nor a difference"):
        refuse(url=None, folder="", commit=None, at_hand=project)


@pytest.mark.parametrize("folder", ["nowhere", "..", "my tools/../..", "/"])
def test_a_folder_that_is_not_there(project: Path, elsewhere: Path, folder: str) -> None:
    head = git(project, "rev-parse", "HEAD")
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        with pytest.raises(ValueError, match=f"expected it there at commit {head[:12]}"):
            refuse(url=str(project.parent), folder=folder, commit=head, at_hand=at_hand)
    assert snapshot(project.parent) == before


def test_a_patch_that_does_not_apply(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD^")
    write(project, a__py="a = 3\n")
    patch = kept(read_source(project), tmp_path / "source.patch")
    before = snapshot(project.parent)
    expected = rf"does not apply to commit {first[:12]} \(my tools/a.py: patch does not apply\)"
    with pytest.raises(ValueError, match=expected):
        refuse(url=None, folder="my tools", commit=first, patch=patch, at_hand=project)
    with pytest.raises(ValueError, match="does not apply to an empty folder"):
        refuse(url=None, folder="my tools", commit=None, patch=patch, at_hand=project)
    assert snapshot(project.parent) == before


def test_git_is_missing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="install git"):
        refuse(url=None, folder="", commit=UNKNOWN, at_hand=project)
    assert not has_commit(project, UNKNOWN)


def test_has_commit(project: Path, tmp_path: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    assert has_commit(project, head)
    assert not has_commit(project, UNKNOWN)
    assert not has_commit(project, git(project, "rev-parse", "HEAD:./"))
    assert not has_commit(project, "--help")
    assert not has_commit(tmp_path, head)
    assert not has_commit(tmp_path / "nowhere", head)


def test_an_interruption_leaves_nothing(project: Path, elsewhere: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        with (
            pytest.raises(KeyboardInterrupt),
            checked_out(url=str(project.parent), folder="my tools", commit=head, patch=None, at_hand=at_hand) as place,
        ):
            write(place, b__py="b = 1\n")
            raise KeyboardInterrupt
    assert snapshot(project.parent) == before


def test_an_interruption_of_git_leaves_nothing(
    project: Path, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, __gitattributes="*.py filter=slow\n")
    head = commit(project.parent)
    write(tmp_path, settings=f'[filter "slow"]\n\tsmudge = "echo $$ > \'{tmp_path}/started\'; exec sleep 60"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    before = snapshot(project.parent)
    for at_hand in (project, elsewhere):
        interrupting = threading.Thread(target=interrupt, args=[tmp_path / "started"])
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            refuse(url=str(project.parent), folder="my tools", commit=head, at_hand=at_hand)
        interrupting.join()
        with contextlib.suppress(psutil.NoSuchProcess):
            assert psutil.Process(int((tmp_path / "started").read_text())).status() == psutil.STATUS_ZOMBIE
        (tmp_path / "started").unlink()
    assert snapshot(project.parent) == before


def interrupt(started: Path) -> None:
    """Press Ctrl-C once git is in the middle of its work."""
    while not (started.exists() and started.read_text().strip()):
        threading.Event().wait(0.05)
    os.kill(os.getpid(), signal.SIGINT)
