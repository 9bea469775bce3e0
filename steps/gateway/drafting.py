"""A card in which a model had a hand: its draft, and where sentences were cut, a second one that is told why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow.entities.model_registry import PromptVersion

from steps.gateway.client import Answer, Gateway, NoAnswerError
from steps.gateway.model_card_prompt import correction, values_of
from steps.gateway.prompts import messages_of, spoken
from steps.gateway.traces import Traced, ask_traced
from steps.model_card.card import Card, assemble
from steps.model_card.draft import OUTSIDE, read_draft
from steps.model_card.facts import Facts
from steps.model_card.sections import SECTIONS
from steps.table.visible import visible

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Drafted:
    """A card that a model had a hand in.

    Attributes
    ----------
    endpoint, prompt
        Who was asked what; the prompt with its version.
    calls
        One or two.
    problem
        Why a second draft was wanted and is not there.
    """

    card: Card
    endpoint: str
    prompt: str
    calls: tuple[Traced, ...]
    problem: str | None = None

    @property
    def answers(self) -> list[Answer]:
        """The drafts as they came."""
        return [call.answer for call in self.calls]

    @property
    def model(self) -> str:
        """The model, as `model_of` has it."""
        return model_of(self.answers[-1], self.endpoint)

    @property
    def tokens(self) -> int | None:
        """How many were read and written; None where that is not known of each call."""
        found = 0
        for answer in self.answers:
            if answer.input_tokens is None or answer.output_tokens is None:
                return None
            found += answer.input_tokens + answer.output_tokens
        return found

    @property
    def seconds(self) -> float:
        """How long the model took."""
        return sum(answer.seconds for answer in self.answers)

    @property
    def share_kept(self) -> float:
        """The share of the model's sentences that stand; 0 of none."""
        return self.card.kept / max(self.card.written, 1)

    @property
    def tags(self) -> dict[str, str]:
        """What a version is tagged with, each below `grove.card`."""
        tags = {
            "endpoint": self.endpoint,
            "model": self.model,
            "prompt": self.prompt,
            "kept": f"{self.card.kept} of {self.card.written}",
            "share_kept": f"{self.share_kept:.2f}",
            "seconds": f"{self.seconds:.1f}",
        }
        return tags if self.tokens is None else {**tags, "tokens": str(self.tokens)}

    @property
    def metrics(self) -> dict[str, float]:
        """The same figures for the run."""
        found = {"sentences": self.card.written, "sentences_kept": self.card.kept, "share_kept": self.share_kept}
        found["model_seconds"] = self.seconds
        return found if self.tokens is None else {**found, "tokens": self.tokens}

    @property
    def notes(self) -> list[str]:
        """What a reader of the terminal should know beside."""
        cut_off = [answer for answer in self.answers if answer.finish_reason == "length"]
        found = [f"{self.model} was cut off, as it wrote as much as it may"] if cut_off else []
        return [*found, *([f"There is no second draft. {self.problem}"] if self.problem else [])]

    @property
    def sentence(self) -> str:
        """Whose sentences the card has, for its readers."""
        kept, written = self.card.kept, self.card.written
        return (
            f"{kept} of {written} sentences are {self.model}'s by endpoint {self.endpoint}, {written - kept} were cut"
        )


def model_of(answer: Answer, endpoint: str) -> str:
    """Return what the endpoint says that its model is, in a line that is not long; its own name if it says nothing."""
    return visible(" ".join(answer.model.split()))[:_LONGEST_NAME] or endpoint


def draft(gateway: Gateway, endpoint: str, prompt: PromptVersion, evidence: Mapping[str, Any], facts: Facts) -> Drafted:
    """Let the endpoint's model write the card, and once more the sections in which sentences were cut.

    Raises
    ------
    NoAnswerError
        When there is not even a first draft.
    """
    every = [section.key for section in SECTIONS]
    messages = messages_of(prompt, values_of(evidence, facts))
    calls = [ask_traced(gateway, endpoint, messages, name="draft", prompt=prompt, sections=every)]
    drafts = [read_draft(calls[0].answer.text)]
    author = f"{model_of(calls[0].answer, endpoint)} (endpoint {endpoint})"
    card = assemble(facts, evidence, drafts, author=author)
    cut = {key: findings for key, findings in card.cut.items() if key != OUTSIDE}
    problem = None
    if cut or not card.kept:
        messages += [
            {"role": "assistant", "content": calls[0].answer.text},
            {"role": "user", "content": correction(cut)},
        ]
        try:
            again = list(cut) or every
            calls.append(ask_traced(gateway, endpoint, messages, name="second draft", prompt=prompt, sections=again))
            drafts.append(read_draft(calls[1].answer.text))
        except NoAnswerError as error:
            problem = str(error)
        card = assemble(facts, evidence, drafts, author=author, note=problem or "")
    return Drafted(card, endpoint, spoken(prompt), tuple(calls), problem)
