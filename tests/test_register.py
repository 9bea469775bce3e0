from __future__ import annotations

from pathlib import Path

import mlflow
import pytest

from steps.register import check_name, promote


@pytest.mark.parametrize("name", ["grove", "my model", "v1.2-x_y", "модель"])
def test_names_that_a_uri_carries(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "a@b", "a'b", "a%", " a", "a\nb", "$(x)"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Got model_name="):
        check_name(name)


def test_the_champion_before_becomes_previous(client: mlflow.MlflowClient, folder: Path) -> None:
    client.create_registered_model("grove")
    for _ in range(3):
        client.create_model_version("grove", source=folder.as_uri())
    expected = [({"champion": "1"}), ({"champion": "2", "previous": "1"}), ({"champion": "3", "previous": "2"})]
    for version, aliases in zip(("1", "2", "3"), expected, strict=True):
        promote(client, "grove", version)
        promote(client, "grove", version)
        found = client.get_registered_model("grove").aliases
        assert {alias: str(number) for alias, number in found.items()} == aliases
