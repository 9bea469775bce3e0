"""What Grove's default run costs without MLflow: the same split, candidates and folds in one plain script.

Reads the shipped table, and the defaults from MLproject.
Prints for each model its cross-validated score and the holdout's, as `mlflow run . -e main` does. It is started from
the project's folder with `python -m benchmarks.one_file`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from steps.forest.encoder import encoder
from steps.forest.grid import GRIDS
from steps.forest.pipelines import forest_pipeline, kmeans_pipeline, settings
from steps.forest.plan import candidates
from steps.table.clean import clean
from steps.table.columns import column_list
from steps.table.read import read_table
from steps.table.schema import Schema, infer_schema
from steps.table.split import holdout_mask, row_hashes

PROJECT = Path(__file__).parents[1]
TRAINERS = {"train_rf": forest_pipeline, "train_rf_kmeans": kmeans_pipeline}


def main() -> None:
    """Split the table, search both grids, and print the scores."""
    entries = yaml.safe_load((PROJECT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
    defaults = {name: about["default"] for name, about in entries["main"]["parameters"].items()}
    table, schema = load(defaults)
    rows = table.select([*schema.features, schema.target])
    hashes = row_hashes(table, [*schema.features, schema.target], as_read=True)
    in_test = holdout_mask(hashes, seed=defaults["seed"], test_size=defaults["test_size"])
    train, test = rows.filter(pa.array(~in_test)).to_pandas(), rows.filter(pa.array(in_test)).to_pandas()
    encode = encoder(schema.numeric, schema.dates, schema.categorical, defaults["max_categories"])
    for name, build in TRAINERS.items():
        names = [grid for grid in GRIDS if grid in entries[name]["parameters"]]
        grids = {grid: GRIDS[grid].convert(defaults[grid], None, None) for grid in names}
        search = GridSearchCV(
            build(encode, defaults["seed"]),
            [{key: [value] for key, value in settings(candidate).items()} for candidate in candidates(grids)],
            scoring=defaults["scoring"],
            cv=StratifiedKFold(defaults["cv"], shuffle=True, random_state=defaults["seed"]),
            n_jobs=-1,
        )
        search.fit(train[schema.features], train[schema.target])
        mean, std = (search.cv_results_[f"{kind}_test_score"][search.best_index_] for kind in ("mean", "std"))
        holdout = get_scorer(defaults["scoring"])(search.best_estimator_, test[schema.features], test[schema.target])
        print(f"{name}  {mean:.4f} ± {std:.4f}  {holdout:.4f}")


def load(defaults: dict[str, Any]) -> tuple[pa.Table, Schema]:
    """Read the shipped table as Grove does, so that both fit on the same rows."""
    raw = read_table(PROJECT / defaults["data"].removeprefix("project:"))
    table, _ = clean(raw, keep=defaults["target"])
    columns = {role: column_list(defaults[role], table.column_names) for role in ("drop", "categorical", "numeric")}
    schema, _ = infer_schema(table, target=defaults["target"], max_categories=defaults["max_categories"], **columns)
    return table, schema


if __name__ == "__main__":
    main()
