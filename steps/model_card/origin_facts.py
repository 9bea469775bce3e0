"""What the model is called, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import COUNT, Collection
from steps.model_card.contest import Contest, contest
from steps.model_card.names import quoted

_SHORT = (7, 8, 10, 12)
"""Characters that a commit is known by."""


def collect(found: Collection, evidence: Mapping[str, Any]) -> None:
    """Add names and provenance."""
    who = contest(found, evidence)
    _called(who)
    _provenance(who)


def _called(who: Contest) -> None:
    evidence = who.evidence
    name = who.found.name("registered model", evidence["name"])
    may = [who.winner, "registered"]
    said = f"The model is registered as {quoted(evidence['name'])}."
    who.found.add([name, "registered as"], said, may=may, section="details")
    who.found.add([name, "registered"], f"{quoted(evidence['name'])} is the registered model.", may=may)
    version = int(evidence["version"])
    said = f"The model is version {version} of {quoted(evidence['name'])}."
    who.found.add([name, "version"], said, may=may, value=version, unit=COUNT, section="details")


def _provenance(who: Contest) -> None:
    known = who.evidence["provenance"]
    said = f"The model was trained on {quoted(known['trained'])}."
    if known["trained"]:
        who.found.add([who.found.name("day", known["trained"]), "trained"], said, may=["date"], section="details")
    commit = known["commit"]
    for end in (len(commit), *_SHORT) if commit else ():
        atom = who.found.name("commit", commit[:end])
        said = f"The commit is {quoted(commit[:end])}."
        who.found.add([atom, "commit"], said, may=["trained"])
    for key, word, may in (
        ("repository", "repository", ["trained"]),
        ("data_fingerprint", "fingerprint", ["data", ("part", "training")]),
        ("python", "python", ["version", "trained"]),
    ):
        if known[key]:
            atom = who.found.name(word, known[key])
            said = f"{'' if word == 'python' else 'The '}{word} is {quoted(known[key])}."
            who.found.add([atom, word], said[0].upper() + said[1:], may=[*may, "used"])
    if known["seed"] is not None:
        may = ["trained", "split", "used"]
        said = f"The seed is {known['seed']}."
        who.found.add(["seed"], said, may=may, value=int(known["seed"]), unit=COUNT, section="details")
    for name, version in known["packages"].items():
        atoms = [who.found.name("package", name), who.found.name("package version", version)]
        said = f"The package {quoted(name)} has the version {quoted(version)}."
        who.found.add(atoms, said, may=["package", "version", "used", "trained"])
    for step, run_id in known["runs"].items():
        atoms = [who.models.get(step) or who.found.name("step", step), who.found.name("run", run_id)]
        who.found.add(atoms, f"The run of {quoted(step)} is {quoted(run_id)}.", may=["run"])
