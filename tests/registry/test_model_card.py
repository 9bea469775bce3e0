"""The card on a version: it stays as long as what it is about, and no longer."""

from __future__ import annotations

from collections.abc import Callable

import mlflow
import pytest

from steps.registry.model_card import has_card, write_card
from tests.registry.chains import run_step, split_of, train, verdict_on, write_verdict

CARD = "# A card"


@pytest.fixture
def register(registry: mlflow.MlflowClient, name: str) -> Callable[..., str]:
    """Register a model with a verdict; give the number of its version."""
    return lambda verdict, **given: run_step("register", verdict=verdict, model_name=name, **given).data.tags[
        "grove.model_version"
    ]


def put_card(registry: mlflow.MlflowClient, name: str, number: str, **tags: str) -> None:
    write_card(registry, registry.get_model_version(name, number), CARD, tags or {"run": "1", "kept": "3 of 4"})


def card_tags(registry: mlflow.MlflowClient, name: str, number: str) -> dict[str, str]:
    tags = registry.get_model_version(name, number).tags
    return {tag.removeprefix("grove.card."): value for tag, value in tags.items() if tag.startswith("grove.card.")}


def test_a_card_and_its_tags_replace_another(registry: mlflow.MlflowClient, name: str, register: Callable) -> None:
    number = register(verdict_on("good"))
    put_card(registry, name, number, run="1", why="nobody answers")
    put_card(registry, name, number, run="2", kept="3 of 4")
    assert card_tags(registry, name, number) == {"run": "2", "kept": "3 of 4"}
    assert registry.get_model_version(name, number).description == CARD


def test_registering_the_same_again_keeps_the_card(
    registry: mlflow.MlflowClient, name: str, register: Callable
) -> None:
    for model in ("good", "poor"):  # champion and challenger
        number = register(verdict_on(model))
        put_card(registry, name, number)
        assert register(verdict_on(model)) == number
        version = registry.get_model_version(name, number)
        assert version.description == CARD
        assert has_card(version)


@pytest.mark.parametrize("given", [{}, {"min_score": "0.1"}], ids=["verdict", "gate"])
def test_a_card_goes_with_what_it_was_about(
    given: dict[str, str], registry: mlflow.MlflowClient, name: str, register: Callable, capsys: pytest.CaptureFixture
) -> None:
    register(verdict_on("good"))
    poor = train(split_of("plain"), n_estimators="1", max_depth="1")
    verdict, other = (write_verdict(split_of("plain"), poor) for _ in range(2))
    number = register(verdict)
    put_card(registry, name, number)
    capsys.readouterr()
    assert register(verdict if given else other, **given) == number
    version = registry.get_model_version(name, number)
    assert version.description != CARD
    assert card_tags(registry, name, number) == {}
    said = f"the card of version {number} spoke of an earlier verdict and is gone: -e describe writes a new one"
    assert said in capsys.readouterr().out


def test_a_version_that_changes_meanwhile_gets_no_card(
    registry: mlflow.MlflowClient, name: str, register: Callable
) -> None:
    number = register(verdict_on("good"))
    before = registry.get_model_version(name, number)
    registry.set_model_version_tag(name, number, "grove.run.register", "another")
    write_card(registry, before, CARD, {"run": "1"})
    registry.set_model_version_tag(name, number, "grove.run.evaluate", "another")
    with pytest.raises(ValueError, match=r"registered with another verdict while its card was written"):
        write_card(registry, before, "# Another card", {"run": "2"})
    assert registry.get_model_version(name, number).description == CARD


@pytest.mark.parametrize("cut_at", range(6))
def test_half_a_card_is_none(
    cut_at: int,
    registry: mlflow.MlflowClient,
    name: str,
    register: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = register(verdict_on("good"))
    put_card(registry, name, number, run="1", kept="1 of 2")
    calls = iter(range(100))

    def interrupted(call: Callable) -> Callable:
        def answer(*given: str) -> object:
            if next(calls) == cut_at:
                raise KeyboardInterrupt
            return call(*given)

        return answer

    for call in ("delete_model_version_tag", "update_model_version", "set_model_version_tag"):
        monkeypatch.setattr(registry, call, interrupted(getattr(registry, call)))
    version = registry.get_model_version(name, number)
    if cut_at < 5:
        with pytest.raises(KeyboardInterrupt):
            write_card(registry, version, "# Another card", {"run": "2", "kept": "3 of 4"})
    else:
        write_card(registry, version, "# Another card", {"run": "2", "kept": "3 of 4"})
    version = registry.get_model_version(name, number)
    assert has_card(version) == (cut_at in (0, 5))
    if has_card(version):
        run, text = ("1", CARD) if cut_at == 0 else ("2", "# Another card")
        assert (version.description, version.tags["grove.card.run"]) == (text, run)


def test_of_two_cards_at_once_one_is_refused(
    registry: mlflow.MlflowClient, name: str, register: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = register(verdict_on("good"))
    version = registry.get_model_version(name, number)
    update = registry.update_model_version

    def overtaken(*given: str) -> None:
        update(*given)
        monkeypatch.undo()
        write_card(registry, version, "# Another card", {"run": "2", "why": "nobody answers"})

    monkeypatch.setattr(registry, "update_model_version", overtaken)
    with pytest.raises(
        ValueError, match=r"^Got another card of version \d+ of .* written at the same moment, by run 1"
    ):
        write_card(registry, version, CARD, {"run": "1", "kept": "3 of 4"})
