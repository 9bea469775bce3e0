from __future__ import annotations

import pytest

from steps.lineage.tracking import check_tracking_uri, is_server, without_credentials, without_secrets


@pytest.mark.parametrize("uri", ["sqlite:////tmp/mlflow.db", "postgresql://host/db", "mysql://host/db"])
def test_databases_are_accepted(uri: str) -> None:
    check_tracking_uri(uri)
    assert not is_server(uri)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sqlite:///mlflow.db", "sqlite:////.*mlflow.db"),
        ("mlruns", "mlflow migrate-filestore"),
        ("file:///tmp/mlruns", "mlflow migrate-filestore"),
    ],
)
def test_what_can_not_be_shared_is_refused_with_the_fix(uri: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_tracking_uri(uri)


def test_nobody_there() -> None:
    with pytest.raises(ConnectionError, match=r"Got no answer from the tracking server http://127") as caught:
        check_tracking_uri("http://me:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://user:pass@host:5000/path", "https://host:5000/path"),
        ("https://host/path", "https://host/path"),
        ("postgresql+psycopg://u:p@h/db", "postgresql+psycopg://h/db"),
        ("sqlite:////a@b.db", "sqlite:////a@b.db"),
        ("/home/me@work/t.csv", "/home/me@work/t.csv"),
        ("/home/me/what?.csv", "/home/me/what?.csv"),
        ("https://host/t.csv?sig=secret&x=1", "https://host/t.csv?…"),
        ("s3://me@bucket/t.csv?versionId=1", "s3://bucket/t.csv?…"),
        ("postgresql:///mlflow?host=db&user=u&password=s3cret", "postgresql:///mlflow?…"),
        ("postgresql://db/mlflow?user=u&password=a#b@c", "postgresql://db/mlflow?…"),
        ("postgresql://u:a#b/c?d@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("postgresql://u:a@b@db/mlflow", "postgresql://db/mlflow"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3DODBC%3BPWD%3Ds3cret", "mssql+pyodbc:///?…"),
        ("mssql+pyodbc://?odbc_connect=DRIVER%3DODBC%3BPWD%3Ds3cret", "mssql+pyodbc://?…"),
        ("mysql+pymysql://u:p@/mlflow?unix_socket=/run/s", "mysql+pymysql:///mlflow?…"),
        ("sqlite:///file:/srv/a@b.db?mode=ro&uri=true", "sqlite:///file:/srv/a@b.db?mode=ro&uri=true"),
        ("sqlite+pysqlcipher://:s3cret@//srv/a.db", "sqlite+pysqlcipher:////srv/a.db"),
        ("file:///home/me/what?.csv", "file:///home/me/what?.csv"),
        ("project:data/what?.csv", "project:data/what?.csv"),
        ("runs:/0123/table/what?.csv", "runs:/0123/table/what?.csv"),
    ],
)
def test_credentials_are_left_out(uri: str, shown: str) -> None:
    assert without_credentials(uri) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("404 for url: http://me:secret@host:80/no.csv?sig=a%2Fb&x=1", "404 for url: http://host:80/no.csv?…"),
        (
            "Max retries exceeded with url: /no.csv?sig=secret (Caused",
            "Max retries exceeded with url: /no.csv?… (Caused",
        ),
        ("Is it so? Yes = no, //comment", "Is it so? Yes = no, //comment"),
    ],
)
def test_secrets_are_left_out_of_texts(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
