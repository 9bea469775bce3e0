import threading
from pathlib import Path

import pytest

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
