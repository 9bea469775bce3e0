from __future__ import annotations

from pathlib import Path

from steps.lineage.model_files import model_digests


def test_what_mlflow_adds_to_a_model_that_it_fetches_is_not_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    for name in ("MLmodel", "registered_model_meta", "code/registered_model_meta"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    assert list(model_digests(tmp_path)) == ["MLmodel", "code/registered_model_meta"]
