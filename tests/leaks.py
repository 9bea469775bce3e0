"""Where passwords and keys have got to."""

from __future__ import annotations

import contextlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import requests

from tests import tables
from tests.team import BUCKET, Person, Team, storage_client


def places(hidden: list[str], people: dict[str, Person], team: Team) -> list[str]:
    """Return where secrets are: in what was said, in files, in the databases' rows, in the storage's objects."""
    found = []

    def look(place: str, content: bytes) -> None:
        if any(secret.encode() in content for secret in hidden):
            found.append(place)

    for person in people.values():
        look("said", "\n".join(person.heard).encode())
        for path in person.home.rglob("*"):
            if path.is_file():
                look(str(path), path.read_bytes())
    for name in ("mlflow", "mlflow_auth"):
        with psycopg.connect(f"{team.database} dbname={name}") as connection:
            listed = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in listed:
                with connection.cursor().copy(f'COPY "{table}" TO STDOUT'.encode()) as rows:
                    for row in rows:
                        look(f"table {table}", bytes(row))
    storage = storage_client(team.variables)
    for page in storage.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for each in page.get("Contents", []):
            content = storage.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            look(each["Key"], content)
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    for member in archive.namelist():
                        look(f"{each['Key']}/{member}", archive.read(member))
    assert listed
    return found


class _Behind(BaseHTTPRequestHandler):
    """A table behind a name and a password."""

    password = ""

    def do_GET(self) -> None:
        expected = requests.auth._basic_auth_str("me", self.password)
        self.send_response(200 if self.headers.get("Authorization") == expected else 401)
        self.end_headers()
        if self.headers.get("Authorization") == expected:
            self.wfile.write(tables.numeric_binary().to_csv(index=False).encode())

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def table_behind(password: str) -> Iterator[str]:
    """Serve a table that needs the name `me` and the password, and give the address."""
    _Behind.password = password
    with ThreadingHTTPServer(("127.0.0.1", 0), _Behind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # Not by the tracking server's name, whose login that of ~/.netrc would replace.
        yield f"localhost:{server.server_port}"
        server.shutdown()
