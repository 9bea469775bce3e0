"""Passwords, keys and signatures: kept out of whatever a run records and whatever is printed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""How URIs of databases begin, which SQLAlchemy reads in its own way."""
_LOGIN = re.compile(r"[a-z][\w+.-]*://[^/?#\s]*:[^/?#\s]+@|https?://[^/?#\s]*@", re.IGNORECASE)
"""A user with a password; on the web any user, as tokens of GitHub and others are given as one."""
_SIGNATURE = re.compile(
    r"://\S*[?&]([\w.-]*(signature|token|secret|passw|credential|api-?_?key|access-?_?key)[\w.-]*=|(sig|sas|pwd|auth|jwt)="
    r"|key=[\w-]{20})",
    re.IGNORECASE,
)
"""What signed URLs of S3, Google, Azure and CloudFront have in their query, and what else gives a holder access.

`key` alone is also a word for a part of a table; Google's keys, which go by that name, have 39 characters.
"""
_HELD = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
)
_SHORTEST = 6
"""A shorter value may be a word of its own, and no secret."""


def refuse_secrets(parameters: Mapping[str, str]) -> None:
    """Raise ValueError if a parameter holds a login or a signature: MLflow shows all parameters, for ever.

    It has logged them when a step begins, and no client can take that back. So nothing may go on as if all were well.
    """
    for name, value in parameters.items():
        if _LOGIN.search(value) or _SIGNATURE.search(value):
            raise ValueError(
                f"Got {name}={without_credentials(value)} with a user, a password or a signature in it, which MLflow "
                f"recorded as this run's parameter: have the run deleted, and what gives access changed. Expected it "
                f"without: user and password in ~/.netrc, the keys of a storage in variables such as "
                f"AWS_SECRET_ACCESS_KEY with an s3:// URI, or a file that was downloaded before."
            )


def without_secrets(text: str) -> str:
    """Return a text, such as a traceback, without users, passwords, queries of URLs, and what variables hold.

    These are the variables from which MLflow and the storages' clients take passwords and keys.
    """
    for name in _HELD:
        value = os.environ.get(name, "")
        if len(value) >= _SHORTEST:
            text = text.replace(value, "…")
    return re.sub(r"\?[\w.~%-]+=[^\s'\")]+", "?…", re.sub(r"//[^/@\s]+@", "//", text))


def without_credentials(uri: str) -> str:
    """Return the URI fit for a log: user and password left out, and all of a query, which may hold them or a signature.

    A file has none, so that of SQLite is kept: it says how to open it.
    """
    scheme, mark, rest = uri.partition("://")
    if not mark or not re.fullmatch(r"[\w+.-]+", scheme):  # a path, which may hold anything
        return uri
    is_database = urlsplit(uri).scheme.startswith(DATABASES)
    if is_database:
        # As SQLAlchemy reads it: a password may hold more than that of a URL.
        rest = re.sub(r"^[^:/]*(:[^@]*)?@", "", rest)
    place, query, _ = rest.partition("?")
    host, slash, path = place.partition("/")
    if not host and (not is_database or scheme.startswith("sqlite")):
        return f"{scheme}://{rest}"
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{query and '?…'}"
