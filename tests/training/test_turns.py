import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from steps.main import TRAINERS, train
from steps.training.turns import TURN_VARIABLE, own_turn


def test_trainers_of_one_main_compute_one_after_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(TURN_VARIABLE, str(tmp_path / "turn"))
    computes = threading.Event()

    def other() -> None:
        with own_turn():
            computes.set()

    with own_turn():
        waiting = threading.Thread(target=other)
        waiting.start()
        assert not computes.wait(0.5)
    assert computes.wait(10)
    waiting.join()


def test_a_trainer_by_itself_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TURN_VARIABLE, raising=False)
    with own_turn(), own_turn():
        pass


def test_main_gives_its_trainers_turns_or_starts_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TURN_VARIABLE, "")
    started: list[list[str]] = []

    class Pipeline:
        def run(self, trainer: str, *_: object, **__: object) -> None:
            started.append([trainer])

        def run_together(self, trainers: dict[str, object]) -> dict[str, object]:
            assert Path(os.environ[TURN_VARIABLE]).is_file()
            started.append(list(trainers))
            return trainers

    split = SimpleNamespace(fingerprint="", output="")
    train(Pipeline(), split, "-1")
    train(Pipeline(), split, "2")
    assert started == [list(TRAINERS), *([trainer] for trainer in TRAINERS)]
