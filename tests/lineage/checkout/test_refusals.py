from __future__ import annotations

from pathlib import Path

import pytest

from steps.lineage.checkout import has_commit
from steps.lineage.repository import read_source
from tests.lineage.checkout.checkouts import UNKNOWN, kept, refuse
from tests.repositories import git, snapshot, write
from tests.servers import free_port


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
