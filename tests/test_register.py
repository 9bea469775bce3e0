from __future__ import annotations

from pathlib import Path

import mlflow

from steps.register import promote


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
