"""The card's own sentences: what a person would say of a version first. The tables have the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.model_card.claims import Facts
from steps.model_card.figures import counted, spoken
from steps.model_card.names import quoted
from steps.model_card.part_facts import slice_called, slice_name
from steps.model_card.speaker import MOST_NAMED, Speaker, joined
from steps.model_card.unsaid_facts import UNSAID

_ROLES = {"numeric": "numeric", "categorical": "categorical", "date": "dates"}
_SINGLE = {"dates": "a date"}
_ANSWERS = {"passed": ("passed", "passed"), "failed": ("failed", "failed"), "": ("was not asked", "were not asked")}


def deterministic(evidence: Mapping[str, Any], facts: Facts) -> dict[str, list[str]]:
    """Return the sentences of each section, by its key; every one of them passes the checker."""
    say = Speaker(evidence, facts)
    return {
        "details": _details(say),
        "use": _use(say),
        "factors": _factors(say),
        "metrics": _metrics(say),
        "evaluation_data": _evaluation_data(say),
        "training_data": [*_rows(say), *_columns(say)],
        "analyses": _analyses(say),
        "caveats": _caveats(say),
    }


def _unsaid(say: Speaker, section: str) -> list[str]:
    return say.those(*(said for said, of in UNSAID.values() if of == section))


def _labels(say: Speaker) -> list[str]:
    return list(dict.fromkeys(label for counts in say.data["classes"].values() for label in counts))


def _details(say: Speaker) -> list[str]:
    winner, target = quoted(say.verdict["winner"]), quoted(say.verdict["target"])
    known, best = say.evidence["provenance"], say.verdict["models"][say.verdict["winner"]]["best"]
    predicts = f"The model predicts {target}"
    return [
        *say.those(f"{winner} is a random forest.", f"{winner} adds cluster features to the forest."),
        *say.whole(f"{predicts}, which has {len(_labels(say)):,} classes.", f"{predicts}."),
        *say.those(
            f"The model is version {say.evidence['version']} of {quoted(say.evidence['name'])}.",
            f"The model was trained on {quoted(known['trained'])}.",
            f"The seed is {known['seed']}.",
        ),
        *say.listed(
            [f"{key}={value}" for key, value in best.items()],
            f"{winner} has the hyperparameter ",
            ".",
            (f"The hyperparameters of {winner} are ", "."),
        ),
    ]


def _use(say: Speaker) -> list[str]:
    columns = [column["name"] for column in say.data["columns"] if column["role"] in _ROLES]
    begin, count = "The model uses the column", f"The model uses {counted(len(columns), 'column')}."
    used = say.listed(columns, f"{begin} ", ".", (f"{begin}s ", "."), count)
    if 0 < len(columns) <= MOST_NAMED:
        predicts = f"The model predicts {quoted(say.verdict['target'])} from {joined(map(quoted, columns))}."
        used = say.whole(predicts, *used)
    return [*used, *_unsaid(say, "use")]


def _factors(say: Speaker) -> list[str]:
    labels, target = _labels(say), quoted(say.verdict["target"])
    slices = [part["column"] for part in say.verdict.get("slices", [])]
    return [
        *say.listed(
            labels,
            "",
            f" is a class of {target}.",
            ("", f" are classes of {target}."),
            f"There are {len(labels):,} classes.",
        ),
        *say.those(
            f"The score of a class is its {quoted('recall')}.",
            *(
                f"Scores are reported for {counted(slices.count(column), 'slice')} of {quoted(column)}."
                for column in dict.fromkeys(slices)
            ),
            "No slices were asked for.",
        ),
        *_unsaid(say, "factors"),
    ]


def _metrics(say: Speaker) -> list[str]:
    folds = len(next(iter(say.verdict["models"].values()))["fold_scores"])
    rope = say.verdict.get("rope")
    found = say.those(
        f"The models were compared by {quoted(say.verdict['scoring'])}.",
        f"Cross-validation has {counted(folds, 'fold')}.",
        "The winner was chosen on cross-validation.",
        *([f"The region of practical equivalence, the rope, is {rope:g}."] if rope is not None else []),
        "The model passed the gate.",
        "The model failed the gate.",
    )
    answers: dict[str, list[str]] = {word: [] for word in _ANSWERS}
    for name, answer in say.evidence["gate"].items():
        word = answer.partition(":")[0]
        answers[word if word in answers else ""].append(name)
    if not answers["passed"] and not answers["failed"]:
        return [*found, *say.those("No gate check was asked.")]
    for word, names in answers.items():
        one, many = _ANSWERS[word]
        found += say.listed(names, "The gate check ", f" {one}.", ("The gate checks ", f" {many}."))
    return found


def _evaluation_data(say: Speaker) -> list[str]:
    return say.those(
        f"The holdout has {counted(say.verdict['rows'].get('test.parquet', 0), 'row')}.",
        "The split goes by the content of the rows and the seed.",
        "The holdout rows were not used for training.",
        "The holdout has no say in the choice.",
    )


def _rows(say: Speaker) -> list[str]:
    reasons, sample = say.data["left_out_rows"], say.verdict.get("sample")
    return say.those(
        f"The table has {counted(say.data['rows'] or 0, 'row')}.",
        f"The training data has {counted(say.verdict['rows'].get('train.parquet', 0), 'row')}.",
        *([f"The training rows are a sample of {counted(sample['rows'], 'row')}."] if sample else []),
        *(f"For the reason {quoted(why)}, {counted(count, 'row', 'was')} left out." for why, count in reasons.items()),
        "No rows were left out.",
    )


def _columns(say: Speaker) -> list[str]:
    found = []
    names = {role: [column["name"] for column in say.data["columns"] if column["role"] == role] for role in _ROLES}
    for role, word in _ROLES.items():
        found += say.listed(
            names[role],
            "The column ",
            f" is {_SINGLE.get(word, word)}.",
            ("The columns ", f" are {word}."),
            f"{counted(len(names[role]), 'column', 'is')} {word}.",
        )
    left_out = say.data["left_out_columns"]
    if len(left_out) > MOST_NAMED:
        found += say.those(f"{counted(len(left_out), 'column', 'is')} left out.")
    else:
        for why in dict.fromkeys(left_out.values()):
            end = f" left out for the reason {quoted(why)}."
            of_reason = [name for name, its in left_out.items() if its == why]
            found += say.listed(of_reason, "The column ", f" is{end}", ("The columns ", f" are{end}"))
    gaps = {column["name"]: column["missing"] for column in say.data["columns"] if column["role"] in _ROLES}
    if gaps and None not in gaps.values():
        name = max(gaps, key=lambda name: gaps[name])
        most = f"{quoted(name)} has the highest share of missing values: {spoken(gaps[name])}."
        found += say.those(f"Of the columns used, {most}")
    return found


def _analyses(say: Speaker) -> list[str]:
    winner = quoted(say.verdict["winner"])
    plain, *others = map(quoted, say.verdict["models"])
    scoring, models = quoted(say.verdict["scoring"]), say.verdict["models"]
    folds = {quoted(name): model["cv_mean"] for name, model in models.items()}
    held_out = {quoted(name): model["holdout"][say.verdict["scoring"]] for name, model in models.items()}
    of = f"cross-validated {scoring}"
    found = [
        *say.those(*(f"{other} adds cluster features to the forest." for other in others if other != winner)),
        *_scores(say, "In cross-validation", folds, scoring),
        *_scores(say, "On the holdout", held_out, scoring),
        *say.those(f"The models are practically equivalent in {of}."),
    ]
    for name, other in zip(list(models)[1:], others, strict=True):
        compared = say.verdict["comparisons"][name]
        found += say.those(
            f"Whether {other} is better than {plain} is not decided.",
            f"{other} is better than {plain} in {of}.",
            f"{plain} is better than {other} in {of}.",
            f"The difference of {other} to {plain} in {of} is {spoken(compared['difference'])}.",
            f"The 95 % interval of the difference of {other} to {plain} in {of} is "
            f"{spoken(compared['low'])} to {spoken(compared['high'])}.",
        )
    return [*found, *say.those(f"{winner} is the winner of the comparison.")]


def _scores(say: Speaker, where: str, scores: Mapping[str, float], scoring: str) -> list[str]:
    """Return the scores of all models in one sentence."""
    known = {name: spoken(value) for name, value in scores.items() if value is not None}
    if not known:
        return []
    article = "an" if scoring.strip("`")[:1] in "aeiou" else "a"
    (name, value), *others = known.items()
    more = "".join(f", and {other} has {score}" for other, score in others)
    singly = (f"{where}, {each} has {article} {scoring} of {score}." for each, score in known.items())
    return say.whole(f"{where}, {name} has {article} {scoring} of {value}{more}.", *singly)


def _caveats(say: Speaker) -> list[str]:
    winner = say.verdict["winner"]
    found = []
    for kind, noun, score in (("classes", "class", "recall"), ("slices", "slice", say.verdict["scoring"])):
        scored = [part for part in say.verdict.get(kind, []) if part["scores"][winner] is not None]
        if not scored:
            continue
        lowest = min(scored, key=lambda part: part["scores"][winner])
        called = quoted(lowest["value"]) if kind == "classes" else slice_called(lowest)
        of = f"{quoted(winner)} has its lowest {quoted(score)} for the {noun} {called}"
        weakest = say.those(f"{of}: {spoken(lowest['scores'][winner])}.")
        found += weakest
        if weakest:
            found += say.those(f"The {noun} {called} has {counted(lowest['rows'], 'row')} of the holdout.")
    small = say.verdict.get("small_slices", [])
    few = list(map(slice_name, small))
    end = " too few rows for a score."
    found += say.listed(few, "The slice ", f" has{end}", ("The slices ", f" have{end}"))
    return [*found, *say.those("The holdout is split from the table."), *_unsaid(say, "caveats")]
