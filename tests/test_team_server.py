"""A team on the server of docs/server.md: PostgreSQL, S3, a name and a password for everyone."""

from __future__ import annotations

import importlib.metadata
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest
from mlflow.server import get_app_client

from tests.conftest import TRIVIAL
from tests.leaks import places, table_behind
from tests.team import BUCKET, PAGE, Commands, Person, Said, Team, storage_client, team_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SMALL = {"data": "table.csv", "target": "sick", **TRIVIAL}
BETTER = {**SMALL, "n_estimators": "5,20", "n_clusters": "2,3"}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with team_server(tmp_path_factory.mktemp("team") / "a server's folder") as running:
        yield running


@pytest.fixture(scope="module")
def people(team: Team, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    """All users; the page does not make carol."""
    homes = tmp_path_factory.mktemp("homes")
    return {user: Person(homes / user, team.login(user)) for user in ("admin", "ann", "bob", "eve", "carol")}


@pytest.fixture(scope="module")
def anns_main(people: dict[str, Person]) -> Said:
    done = people["ann"].types("main", **SMALL)
    assert done.code == 0, done.out
    return done


@pytest.fixture
def client(team: Team, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    """What the administrator sees."""
    for name, value in team.login("admin").items():
        monkeypatch.setenv(name, value)
    return mlflow.MlflowClient(team.uri)


def newest(client: mlflow.MlflowClient, step: str) -> str:
    """Return the ID of the last finished run of a step."""
    asked = f"tags.mlflow.project.entryPoint = '{step}' and attributes.status = 'FINISHED'"
    return str(client.search_runs(["1"], asked, order_by=["start_time DESC"], max_results=1)[0].info.run_id)


def test_the_page_names_what_is_locked() -> None:
    (words,) = re.findall(r"^pip install (.*)$", Commands({}).block("pip install"), re.MULTILINE)
    assert f'"mlflow[auth]=={importlib.metadata.version("mlflow")}"' in words


def test_a_team_works_together(
    people: dict[str, Person], anns_main: Said, client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    ann, bob = people["ann"], people["bob"]
    main = newest(client, "main")
    again = bob.types("main", **SMALL)
    assert again.out.count(": cached, from main of ") == 6, again.out

    (ann.home / "table.csv").rename(tmp_path / "away.csv")  # the recorded table is what bob starts from
    assert "that is another repository" in bob.types("reproduce", run_id=main).error
    repeated = bob.types("reproduce", run_id=main, trust="true")
    (tmp_path / "away.csv").rename(ann.home / "table.csv")
    assert "identical: all 4 steps after load" in repeated.out, repeated.out
    assert client.get_run(main).data.tags["grove.reproduction"] == "identical"

    grown = bob.types("main", **BETTER, min_score="0.5")
    assert grown.code == 0, grown.out
    assert "train_rf: 1 of 2 candidates taken over from earlier searches" in grown.out, grown.out
    versions = client.search_model_versions("name = 'grove'")
    assert len(versions) == 2, grown.out

    asked = "tags.mlflow.project.entryPoint = 'evaluate'"
    evaluated = client.search_runs(["1"], asked, order_by=["start_time ASC"])  # ann's, that repeated, bob's
    verdicts = [f"runs:/{run.info.run_id}/verdict" for run in (evaluated[0], evaluated[-1])]
    with ThreadPoolExecutor() as pool:
        at_once = [
            pool.submit(person.types, "register", verdict=verdict, model_name="race")
            for person, verdict in zip((ann, bob), verdicts, strict=True)
        ]
        ended = [each.result() for each in at_once]
    assert [done.code for done in ended] == [0, 0], "\n".join(done.out for done in ended)
    assert client.get_registered_model("race").aliases["champion"] in ("1", "2")

    data = {"data": "table.csv", "model": "models:/grove@champion"}
    scored = ann.types("score", **data, output="scored.csv")
    assert scored.code == 0, scored.out
    assert (ann.home / "scored.csv").read_text(encoding="utf-8").count("\n") == 301
    # Who may only read has an experiment of her own for her runs.
    eves = people["eve"].types("score", {"MLFLOW_EXPERIMENT_NAME": "eve"}, **data, output="scored.csv")
    assert eves.code == 0, eves.out

    champion = client.get_registered_model("grove").aliases["champion"]
    other = next(str(version.version) for version in versions if str(version.version) != champion)
    back = ann.types("rollback", to=other, why="to see it")
    assert back.code == 0, back.out
    assert str(client.get_registered_model("grove").aliases["champion"]) == other
    told = bob.types("history")
    assert told.code == 0, told.out
    assert "to see it" in told.out
    assert "of which none is missing or changed" in told.out
    assert "of which none is missing or changed" in ann.types("history", model_name="race").out


def test_who_may_change_a_version_writes_its_card(
    people: dict[str, Person], anns_main: Said, client: mlflow.MlflowClient
) -> None:
    own = {"MLFLOW_EXPERIMENT_NAME": "eve"}
    said = people["eve"].types("describe", own)
    assert "user eve may not read or register versions of this model, or it does not exist. Ask who runs" in said.error
    assert not client.get_model_version_by_alias("grove", "champion").description.startswith("## ")
    assert people["bob"].types("describe").code == 0
    version = client.get_model_version_by_alias("grove", "champion")
    assert version.tags["grove.card.run"] == newest(client, "describe")
    for person, variables in ((people["ann"], {}), (people["eve"], own)):
        said = person.types("describe", variables, endpoint="chat")
        assert "describe: Got a refusal (403) of the gateway http://127.0.0.1:" in said.out, "after the prompt was read"
    assert client.get_model_version_by_alias("grove", "champion").tags["grove.card.why"] in said.out
    assert client.get_prompt_version("grove-model-card", 1) is not None


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi")
def test_who_may_not_is_told_so(people: dict[str, Person], anns_main: Said, client: mlflow.MlflowClient) -> None:
    users = get_app_client("basic-auth", client.tracking_uri)
    users.create_user("carol", people["carol"].login["MLFLOW_TRACKING_PASSWORD"])
    users.grant_user_permission("carol", "experiment", "1", "EDIT")
    verdict = f"runs:/{newest(client, 'evaluate')}/verdict"

    # MLflow makes the run before Grove can say a word; its last line is what the page explains.
    for user, variables, words in (
        ("eve", {}, "/runs/create failed with error code 403"),
        ("eve", {"MLFLOW_TRACKING_PASSWORD": "wrong"}, "failed with error code 401"),
        ("eve", {"MLFLOW_TRACKING_USERNAME": "", "MLFLOW_TRACKING_PASSWORD": ""}, "failed with error code 401"),
    ):
        said = people[user].types("load", variables, **{"data": "table.csv", "target": "sick"})
        assert said.code == 1
        assert words in said.out.splitlines()[-1], said.out
        assert words in PAGE.read_text(encoding="utf-8")

    client.create_registered_model("theirs")
    said = people["carol"].types("register", verdict=verdict, model_name="theirs")
    assert "user carol may not read or register versions of this model, or it does not exist" in said.error
    assert "Ask who runs the server for MANAGE on the registered model" in said.error
    said = people["carol"].types("score", data="table.csv", model="models:/nope@champion", output="s.csv")
    assert "user carol may not read or move this alias, or it does not exist" in said.error
    said = people["carol"].types("reproduce", run_id="0" * 32)
    assert "user carol may not read" in said.error
    assert client.search_model_versions("name = 'theirs'") == []


def test_without_a_server_between(people: dict[str, Person], team: Team, client: mlflow.MlflowClient) -> None:
    keys = {
        name: team.variables[name] for name in ("MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    client.create_experiment("direct", artifact_location=f"s3://{BUCKET}/direct")
    # Artifacts without the server, with the storage's own key.
    admin, direct = people["admin"], {"MLFLOW_EXPERIMENT_NAME": "direct", **keys}
    keyless = {**direct, "AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true"}
    said = admin.types("load", keyless, data="table.csv", target="sick")
    assert "Unable to locate credentials" in said.error
    loaded = admin.types("load", direct, **{"data": "table.csv", "target": "sick"})
    assert loaded.code == 0, loaded.out
    # Runs without it too.
    database = {**direct, "MLFLOW_TRACKING_URI": team.database_uri}
    main = people["ann"].types("main", database, **SMALL, model_name="direct")
    assert main.code == 0, main.out
    assert main.out.count(": cached, from ") == 1, main.out
    assert client.get_registered_model("direct").aliases["champion"] == "1"
    found = storage_client(team.variables).list_objects_v2(Bucket=BUCKET, Prefix="direct/")["Contents"]
    assert any(each["Key"].endswith("/verdict/verdict.json") for each in found)


def test_secrets_are_nowhere(people: dict[str, Person], anns_main: Said, team: Team) -> None:
    ann, password, held, typed = people["ann"], *(secrets.token_hex(8) for _ in range(3))
    variables = {"AWS_SECRET_ACCESS_KEY": held, "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    address = team.uri.replace("//", f"//ann:{ann.login['MLFLOW_TRACKING_PASSWORD']}@")
    netrc = ann.home / ".netrc"
    with table_behind(password) as behind:
        netrc.write_text(f"machine localhost login me password {password}\n", encoding="utf-8")
        netrc.chmod(0o600)
        assert ann.types("load", variables, data=f"http://{behind}/t.csv", target="sick").code == 0
        assert "target=nope" in ann.types("load", variables, data=f"http://{behind}/t.csv", target="nope").error
        said = ann.types("load", {**variables, "MLFLOW_TRACKING_URI": address}, data="table.csv", target="sick")
        assert "expected them apart, in MLFLOW_TRACKING_USERNAME" in said.error
        netrc.unlink()
        assert places([*team.secrets, held, password], people, team) == []

        # What `mlflow run` logs before Grove begins: the parameter, and its own line about the command.
        for data in (f"http://me:{typed}@{behind}/t.csv", f"http://{behind}/t.csv?X-Amz-Signature={typed}"):
            said = ann.types("load", variables, data=data, target="sick")
            assert "with a user, a password or a signature in it, which MLflow recorded" in said.error
            ann.heard[-1] = "\n".join(line for line in said.out.splitlines() if "=== Running command" not in line)
        assert places([typed], people, team) == ["table params", "table params"]
