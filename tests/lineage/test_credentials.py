from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.lineage.credentials import refuse_secrets, without_credentials, without_secrets


@pytest.mark.parametrize(
    "value",
    [
        "https://me:secret@host/t.csv",
        "postgresql+psycopg://me:secret@db/table",
        "https://b.s3.amazonaws.com/t.csv?X-Amz-Algorithm=A&X-Amz-Signature=secret",
        "https://b.blob.core.windows.net/t.csv?sv=2024&sig=secret",
        "https://storage.googleapis.com/b/t.csv?GoogleAccessId=a&Signature=secret",
        "https://host/t.csv?private_token=secret",
        "https://host/t.csv?api_key=secret",
        "https://host/t.csv?key=AIza_secret-0123456789abcdefghijklmno",
        "https://ghp_secret@host/t.csv",
        "HTTP://secret@host:8080/t.csv",
        "https://:secret@host/t.csv",
    ],
)
def test_what_holds_a_secret_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ValueError, match=r"^Got data=\w+.*://.* with a user, a password or a signature") as caught:
        refuse_secrets({"target": "sick", "data": value})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "https://docs.google.com/spreadsheets/d/1/export?format=csv&gid=0",
        "https://host/t.csv?keyword=a&signed=no",
        "https://host/t.csv?key=plants",
        "https://host/of/me@work/t.csv",
        "s3://me@bucket/t.csv",
        "/home/me@work/a:b@c.csv",
        "/home/me/what?token=1.csv",
        "tcp://host:8786",
        "C:\\tables\\t.csv",
        "what: is it? a key=value, b@c",
    ],
)
def test_what_holds_none_passes(value: str) -> None:
    refuse_secrets({"data": value})


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


@given(
    before=st.text(), after=st.text(), secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12)
)
def test_what_variables_hold_is_left_out_of_texts(before: str, after: str, secret: str) -> None:
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("MLFLOW_TRACKING_PASSWORD", secret)
        assert secret not in without_secrets(f"{before}{secret}{after}")


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
