"""Errors: which ones are no mistake of Grove's, and each in one line, for a message, a tag or a table."""

from __future__ import annotations

import sys

import mlflow
from mlflow.exceptions import MlflowException

from steps.lineage.credentials import without_secrets
from steps.lineage.refusal import refusal

_OF_CLIENTS = {
    "sqlalchemy.exc": ("SQLAlchemyError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "boto3.exceptions": ("Boto3Error",),
    "google.api_core.exceptions": ("GoogleAPIError",),
    "google.auth.exceptions": ("GoogleAuthError",),
    "azure.core.exceptions": ("AzureError",),
}
"""What the clients of databases and of artifact stores raise, by module."""

WITHOUT_A_WORD = "Its process ended without a word, as one does that is killed"


def one_line(error: BaseException | str) -> str:
    """Return an error's message in one line, without secrets; what the tracking server refuses, in words of our own."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    refused = refusal(error, mlflow.get_tracking_uri()) if isinstance(error, BaseException) else None
    return refused or without_secrets(" ".join(str(error).split())) or type(error).__name__


def client_errors() -> tuple[type[Exception], ...]:
    """Return what the clients of stores that are loaded may raise, which is neither OSError nor MLflow's."""
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in _OF_CLIENTS.items()
        if module in sys.modules
        for name in names
    )


def expected_errors() -> tuple[type[Exception], ...]:
    """Return what a user's mistake, a server, a storage or a disk may raise; anything else is a mistake of Grove's."""
    return (ValueError, OSError, MlflowException, *client_errors())
