"""Names in the Model Registry."""

from __future__ import annotations

import re

import click

from steps.table.options import Checked


def check_name(model_name: str) -> None:
    """Raise ValueError for a name that the registry, a URI or a search can't carry."""
    if not re.fullmatch(r"\w([\w .-]*\w)?", model_name):
        raise ValueError(
            f"Got model_name={model_name!r}, expected letters, digits, spaces, dots, dashes and underscores, "
            f"such as grove."
        )


REGISTRY_OPTIONS: dict[str, click.ParamType] = {"model_name": Checked(check_name)}
"""Option to its type."""
