"""A team's tracking server as docs/server.md sets it up, on this machine: the page's own commands, with other names."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psycopg
from psycopg.conninfo import make_conninfo

from tests import tables
from tests.conftest import copy_project
from tests.servers import free_port, postgres, s3, serving

PAGE = Path(__file__).parents[1] / "docs" / "server.md"
BUCKET = "mlflow"


@dataclass(frozen=True)
class Commands:
    """The page's blocks of code, with the names of this machine and passwords that are nobody else's.

    Attributes
    ----------
    names
        What is to be replaced, and by what.
    passwords
        What stands for each word of the page that begins with `secret-`.
    """

    names: Mapping[str, str]
    passwords: dict[str, str] = field(default_factory=dict)

    def block(self, words: str) -> str:
        """Return the one block that has the words."""
        blocks = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        (text,) = (block for block in blocks if words in block)
        for name, value in self.names.items():
            text = text.replace(name, value)
        return re.sub(r"secret-([\w-]+)", lambda found: self.password(found[1]), text)

    def password(self, of: str) -> str:
        return self.passwords.setdefault(of, f"{of}-{secrets.token_hex(8)}")


@dataclass(frozen=True)
class Team:
    """A server that runs.

    Attributes
    ----------
    uri
        For `MLFLOW_TRACKING_URI`.
    database_uri
        How MLflow reaches the database of the runs.
    database
        How psycopg reaches PostgreSQL, as its administrator.
    variables
        What the server has in its environment, such as the key of the storage.
    secrets
        All passwords and keys, which may stand nowhere else.
    """

    uri: str
    database_uri: str
    database: str
    variables: Mapping[str, str]
    commands: Commands

    @property
    def secrets(self) -> list[str]:
        return list(self.commands.passwords.values())

    def login(self, user: str) -> dict[str, str]:
        """Return the variables that the page lets a user set: `ann`, `bob`, `eve`, who may read, or `admin`."""
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": self.commands.password("admin" if user == "admin" else f"of-{user}"),
            "MLFLOW_EXPERIMENT_NAME": "grove",
        }


@contextlib.contextmanager
def team_server(folder: Path, *, options: str = "") -> Iterator[Team]:
    """Do what the page says, with PostgreSQL, S3 and MLflow on this machine; files go to the folder.

    Parameters
    ----------
    options
        More of them for `mlflow server`, as the shell reads them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, administrator = free_port(), secrets.token_hex(8)
    with postgres(administrator) as database_port, s3() as storage:
        names = {
            "db.example.com:5432": f"127.0.0.1:{database_port}",
            "https://s3.example.com": storage,
            "https://mlflow.example.com": f"http://127.0.0.1:{port}",
            "mlflow.example.com": f"127.0.0.1:{port}",
            "--port 5000": f"--port {port}",
            "--workers 4": "--workers 1",
            "/etc/mlflow": shlex.quote(str(folder)),
        }
        commands = Commands(names)
        database = make_conninfo(host="127.0.0.1", port=database_port, user="postgres", password=administrator)
        _make_databases(database, commands.block("CREATE DATABASE"))
        settings = commands.block("AWS_SECRET_ACCESS_KEY=")
        variables = dict(word.split("=", 1) for word in shlex.split(settings))
        storage_client(variables).create_bucket(Bucket=BUCKET)
        (folder / "auth.ini").write_text(commands.block("database_uri ="), encoding="utf-8")
        (folder / "server.env").write_text(settings, encoding="utf-8")
        start = ["bash", "-ec", commands.block("mlflow server").strip() + options]
        with serving(start, port, cwd=folder, env=clean_environment()):
            (folder / "team.py").write_text(commands.block("create_role"), encoding="utf-8")
            admin = ["bash", "-ec", commands.block("python team.py")]
            subprocess.run(admin, cwd=folder, env=clean_environment(), check=True, capture_output=True)
            database_uri = variables["MLFLOW_BACKEND_STORE_URI"]
            yield Team(f"http://127.0.0.1:{port}", database_uri, database, variables, commands)


def _make_databases(database: str, statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(statement.encode())


def storage_client(variables: Mapping[str, str]) -> Any:
    """Return a client of the server's storage."""
    return boto3.client(
        "s3",
        endpoint_url=variables["MLFLOW_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def clean_environment() -> dict[str, str]:
    """Return this process's variables without those of MLflow and AWS; the programs beside this Python are found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "AWS_"))}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


@dataclass
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str

    @property
    def error(self) -> str:
        """The one sentence of a step that failed."""
        assert self.code == 1, self.out
        assert "Traceback" not in self.out, self.out
        return re.findall(r"^Error: (.*)$", self.out, re.MULTILINE)[-1]


@dataclass
class Person:
    """A user with a home, a clone and a table of their own, and what the page lets them set."""

    home: Path
    login: Mapping[str, str]
    heard: list[str] = field(default_factory=list)

    def types(self, entry_point: str, variables: Mapping[str, str] | None = None, **given: str) -> Said:
        """Type `mlflow run`."""
        clone = self.home / "my grove"
        if not clone.exists():
            copy_project(clone)
            tables.numeric_binary().to_csv(self.home / "table.csv", index=False)
        words = [word for key, value in given.items() for word in ("-P", f"{key}={value}")]
        done = subprocess.run(
            ["mlflow", "run", str(clone), "-e", entry_point, "--env-manager", "local", *words],
            cwd=self.home,
            env={
                **clean_environment(),
                "HOME": str(self.home),
                "USER": self.home.name,
                **self.login,
                **(variables or {}),
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        self.heard.append(done.stdout + done.stderr)
        return Said(done.returncode, self.heard[-1])
