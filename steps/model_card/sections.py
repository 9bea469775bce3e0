"""The sections of a card.

They are those of Mitchell et al. (2019), Model Cards for Model Reporting, FAT* '19, 220-229; their ninth, ethical
considerations, is part of the caveats: no table of data tells them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section: its key, its title, and what belongs there."""

    key: str
    title: str
    belongs: str


SECTIONS = (
    Section("details", "Model details", "what the model is, its version, who won, the chosen hyperparameters"),
    Section("use", "Intended use", "what it predicts, from which columns, and that its use is not recorded"),
    Section("factors", "Factors", "the classes and the slices that scores are reported for"),
    Section("metrics", "Metrics", "the score that the models were chosen by, the gate before the champion"),
    Section("evaluation_data", "Evaluation data", "the holdout: its rows, its classes, what it is for"),
    Section("training_data", "Training data", "the training rows, the columns and what is left out"),
    Section("analyses", "Quantitative analyses", "scores with their intervals, the outcome of the comparison"),
    Section("caveats", "Caveats and recommendations", "the weakest classes and slices, what is not known"),
)
