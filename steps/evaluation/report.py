"""What the report shows, gathered from the runs that the verdict came from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click
import mlflow
import pandas as pd
import pyarrow.parquet as pq
from matplotlib.figure import Figure
from mlflow.exceptions import MlflowException

from steps.evaluation.contestants import Contestant
from steps.evaluation.costs import cost_sentence
from steps.lineage.artifacts import Artifact, NotFetchedError, download, is_remote
from steps.lineage.credentials import without_credentials
from steps.lineage.pipeline import to_the_minute
from steps.lineage.run_files import pictures
from steps.lineage.tracking import is_server
from steps.report import figures
from steps.report.report import OF_ALL, Data, Provenance, report
from steps.table.manifest import MANIFEST
from steps.table.profile import class_counts, training_classes
from steps.table.schema import Schema

REPORT = "report.html"
_PACKAGES = ("mlflow", "scikit-learn", "numpy", "scipy", "pandas", "pyarrow", "skops")


def log_report(
    verdict: Mapping[str, Any],
    data: Artifact,
    contestants: list[Contestant],
    seconds: Sequence[Mapping[str, float | None]],
    key: str,
) -> None:
    """Log the report as the active run's artifact; the run must have its pictures already.

    Parameters
    ----------
    verdict
        As verdict.json says it.
    data
        The split.
    contestants
        The models.
    seconds
        What each variant of the verdict's ablation takes.
    key
        The digest of the running step's own.
    """
    html = report(
        verdict,
        _pictures(contestants),
        taken={c.name: c.cost for c in contestants},
        cost_sentence=cost_sentence(contestants, verdict["comparisons"]),
        seconds=seconds,
        cluster_shares={c.name: c.cluster_share for c in contestants if c.cluster_share is not None},
        data=_data(data),
        provenance=_provenance(data, contestants, key),
    )
    mlflow.log_text(html, REPORT)


def _pictures(contestants: list[Contestant]) -> dict[tuple[str, str], bytes | Figure]:
    """Return those of the trainers' runs and of this one, which are what was logged, not drawn once more."""
    own = mlflow.active_run().info.run_id
    found: dict[tuple[str, str], bytes | Figure] = {(OF_ALL, name): png for name, png in pictures(own).items()}
    for contestant in contestants:
        trainers = pictures(contestant.search.manifest["run_id"])
        found |= {(contestant.name, name): png for name, png in {**trainers, **pictures(own, contestant.name)}.items()}
    importances = {c.name: importances_of(c.search) for c in contestants}
    found[OF_ALL, "compared_importances"] = figures.compared_importances(importances)
    return found


def importances_of(search: Artifact) -> pd.DataFrame:
    """Return the importance of each column, as the trainer wrote it: `column` (str), `mean`, `std` (float).

    Names stay the texts that they are, also `001`, `1.10` and `NA`, and those with a line break.
    """
    return pd.read_csv(
        search.folder / "permutation_importances.csv",
        dtype={"column": str},
        keep_default_na=False,
        na_values={"mean": [""], "std": [""]},
        lineterminator="\n",
    )


def _data(data: Artifact) -> Data:
    schema = Schema.from_dict(data.manifest["schema"])
    # The files were held against their manifest already.
    holdout = pq.read_table(data.folder / "test.parquet", columns=[schema.target])
    sides = {"training": training_classes(data.folder), "holdout": class_counts(holdout, schema.target)}
    noticed = data.manifest.get("notes", [])  # an old split has none
    loaded = data.chain["load"]
    try:
        table, profile = (_read(f"runs:/{loaded}/{path}") for path in (f"table/{MANIFEST}", "profile.json"))
    except NotFetchedError:
        gone = f"The run of load, {loaded}, is gone, and with it what is known of columns that were left out."
        return Data(f"the run {loaded} of load", schema, {}, sides, data.manifest["left_out"], [gone, *noticed])
    source, schema = table["apart"]["source"], Schema.from_dict(table["schema"])
    return Data(source, schema, profile["missing"], sides, data.manifest["left_out"], [*table["notes"], *noticed])


def _read(uri: str) -> dict[str, Any]:
    return dict(json.loads(download(uri, "table").read_text(encoding="utf-8")))


def _provenance(data: Artifact, contestants: list[Contestant], key: str) -> Provenance:
    recorded = click.get_current_context().obj
    source, environment = recorded["source"], recorded["environment"]
    run = mlflow.active_run()
    main = run.data.tags.get("mlflow.parentRunId")
    runs = {"main": main} if main else {}
    for contestant in contestants:
        runs |= contestant.search.chain
    runs["evaluate"] = run.info.run_id
    packages = environment["packages"]
    facts = {
        "made": to_the_minute(run.info.start_time),
        "commit": _commit(source),
        "repository": source["url"] or "",
        "data fingerprint": data.manifest["data_fingerprint"],
        "seed": str(data.manifest["seed"]),
        "key of evaluate": key,
        "Python": f"{environment['python']}, {environment['platform']}",
        "processor": f"{environment['cpus']} × {environment['cpu']}",
        "packages": ", ".join(f"{name} {packages[name]}" for name in _PACKAGES if name in packages),
    }
    return Provenance(
        {name: value for name, value in facts.items() if value},
        [(step, run_id, _address(run_id)) for step, run_id in runs.items()],
        _commands(source, run.info.run_id),  # main may fail yet, and would be refused
    )


def _commit(source: Mapping[str, Any]) -> str:
    if source["commit"] is None:
        return "none"
    return f"{source['commit']}{', with changes' if source['dirty'] else ''}"


def _address(run_id: str) -> str:
    """Return where the MLflow UI shows the run; nothing without a server, or where the run is gone."""
    tracking = mlflow.get_tracking_uri()
    if not is_server(tracking):
        return ""
    try:
        experiment_id = mlflow.get_run(run_id).info.experiment_id
    except MlflowException:
        return ""
    return f"{without_credentials(tracking).rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def _commands(source: Mapping[str, Any], run_id: str) -> list[str]:
    store = shlex.quote(without_credentials(mlflow.get_tracking_uri()))
    places = ["."]
    url = source["url"] or ""
    if is_remote(url) or ":" in url.partition("/")[0]:  # as in git@host:path
        folder = f"#{source['folder']}" if source["folder"] else ""
        places.append(shlex.quote(url + folder))
    runs = [f"mlflow run {place} -e reproduce --env-manager uv -P run_id={run_id}" for place in places]
    return [f"export MLFLOW_TRACKING_URI={store}", *runs]
