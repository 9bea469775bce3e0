import io
import sys

import pytest

from steps.forest.fits import FoldScore
from steps.training.progress import Progress
from tests.forest.journal import Told

CANDIDATES = [{"max_depth": None, "n_estimators": 5}, {"max_depth": 2, "n_estimators": 5}]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def search(told: Told, n_rows: int | None = None) -> None:
    with Progress("train_rf", 2, told) as progress:
        for number, known in enumerate(progress.open(CANDIDATES, n_rows)):
            for fold in sorted({0, 1} - known.keys()):
                progress.start(number)
                progress.score(number, fold, FoldScore(0.5 + 0.25 * fold, 1.0, 1.0))


def test_elsewhere_there_is_a_line_for_each_candidate(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(n_folds=2)
    search(told)
    assert capsys.readouterr().out.splitlines() == [
        "train_rf: 1 of 2 candidates: max_depth=none, n_estimators=5: 0.6250 ± 0.1250",
        "train_rf: 2 of 2 candidates: max_depth=2, n_estimators=5: 0.6250 ± 0.1250",
    ]
    assert told.opened == [(CANDIDATES, None)]
    assert told.scores == {(0, 0): 0.5, (0, 1): 0.75, (1, 0): 0.5, (1, 1): 0.75}


def test_what_is_known_is_said_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    search(Told(n_folds=2, known={0: {0: 0.5, 1: 0.5}, 1: {1: 0.25}}), n_rows=1000)
    assert capsys.readouterr().out.splitlines() == [
        "train_rf: 1 of 2 candidates taken over from earlier searches",
        "train_rf: 2 candidates on 1,000 rows",
        "train_rf: 2 of 2 candidates: max_depth=2, n_estimators=5: 0.3750 ± 0.1250",
    ]


def test_on_a_terminal_there_is_a_bar_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    search(Told(n_folds=2, known={0: {0: 0.5}}))
    last = terminal.getvalue().split("\r")[-1].strip()
    assert last.startswith("train_rf: 100%|")
    assert "| 4/4 [" in last
    assert "<00:00, " in last
    assert capsys.readouterr().out == ""
