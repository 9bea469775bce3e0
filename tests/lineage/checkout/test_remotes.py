from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from steps.lineage.checkout import checked_out
from steps.lineage.repository import read_source
from tests.lineage.checkout.checkouts import UNKNOWN, refuse
from tests.repositories import commit, git, snapshot, write


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
