"""Who was compared with whom, and the words that a clause about a model may have beside its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steps.model_card.claims import Atom, Collection

_CLUSTERS = "n_clusters"


@dataclass(frozen=True)
class Contest:
    """The models of a verdict.

    Attributes
    ----------
    models
        The atom of each, the plain one first.
    winner, target, scoring
        The atoms of the chosen model, of the column to predict, and of the score that the models were chosen by.
    """

    found: Collection
    evidence: Mapping[str, Any]
    models: Mapping[str, Atom]
    winner: Atom
    target: Atom
    scoring: Atom

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The content of verdict.json."""
        return self.evidence["verdict"]

    @property
    def plain(self) -> Atom:
        """The model that the others are compared with."""
        return next(iter(self.models.values()))

    @property
    def challengers(self) -> dict[str, Atom]:
        """The others."""
        return {name: atom for name, atom in self.models.items() if atom != self.plain}

    def has_clusters(self, name: str) -> bool:
        """Return whether k-means is part of the model."""
        return _CLUSTERS in self.verdict["models"][name]["best"]

    def beside(self, name: str) -> set[Atom | str]:
        """Return what may be said of a model in passing."""
        atom = self.models[name]
        said: set[Atom | str] = {"forest"}
        if atom == self.plain:
            said.add("plain")
        if self.has_clusters(name):
            said |= {"kmeans", "add"}
        if atom == self.winner:
            said |= {"winner", "registered", "chosen"}
        return said


def contest(found: Collection, evidence: Mapping[str, Any]) -> Contest:
    """Return the contest of a verdict, its names among those found."""
    verdict = evidence["verdict"]
    return Contest(
        found,
        evidence,
        {name: found.name("model", name) for name in verdict["models"]},
        found.name("model", verdict["winner"]),
        found.name("target", verdict["target"]),
        metric(found, verdict["scoring"]),
    )


_CALLED = {
    "f1_macro": ("macro f1", "macro averaged f1"),
    "roc_auc_ovr": ("one vs rest roc auc", "area under the roc curve"),
    "matthews_corrcoef": ("matthews correlation coefficient", "matthews correlation", "mcc"),
    "log_loss": ("logarithmic loss",),
    "neg_log_loss": ("negative log loss",),
    "expected_calibration_error": ("calibration error", "ece"),
}


def metric(found: Collection, name: str) -> Atom:
    """Return the atom of a metric, which may be named, and called, from now on."""
    atom = found.name("metric", name)
    for called in (name, name.replace("_", " "), *_CALLED.get(name, ())):
        found.phrases.setdefault(tuple(called.split()), atom)
    return atom


def is_share(name: str) -> bool:
    """Return whether a metric may be said in percent."""
    return name.removeprefix("balanced_").split("_")[0] in ("accuracy", "f1", "jaccard", "precision", "recall")
