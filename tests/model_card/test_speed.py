from __future__ import annotations

import copy
import time

from steps.model_card.checker import check
from steps.model_card.facts import facts_of
from tests.model_card.shipped import SHIPPED


def test_a_wide_table_of_many_classes_takes_a_sentence_no_longer() -> None:
    evidence = copy.deepcopy(SHIPPED)
    evidence["data"]["columns"] += [
        {"name": f"column {number}", "role": "numeric", "type": "number", "missing": 0.1} for number in range(5000)
    ]
    part = evidence["verdict"]["classes"][0]
    evidence["verdict"]["classes"] += [{**part, "value": f"class {number}"} for number in range(1000)]
    started = time.process_time()
    facts = facts_of(evidence)
    assert time.process_time() - started < 10
    sentences = [fact.said for fact in facts.every if fact.said][::10]
    sentences += [
        ", ".join(["`train_rf` is `PM`"] * 12) + ".",
        "`train_rf` and `accuracy` and holdout and `PM` and `weight` and `plot_type=Control` and `Control` is 0.5.",
        f"The column `column {'9' * 60}` is numeric.",
    ]
    started = time.process_time()
    for sentence in sentences:
        check(sentence, facts)
    assert (time.process_time() - started) / len(sentences) < 0.005
