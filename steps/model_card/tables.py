"""What every card shows as tables, whoever wrote its sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steps.report.card import verdict_parts
from steps.report.data_card import class_table, column_table, left_out_table, noticed
from steps.report.evidence import classes, slices
from steps.report.page import Part, Table
from steps.table.schema import Column, Schema


def tables_of(evidence: Mapping[str, Any]) -> dict[str, list[Part]]:
    """Return the tables, and what it takes to read them, by the key of the section that they belong to.

    A verdict of an older Grove has no classes, no slices, or no rope.
    """
    verdict = evidence["verdict"]
    by_class, by_slice = verdict.get("classes", []), verdict.get("slices", [])
    return {
        "details": [_provenance(evidence["provenance"])],
        "metrics": [_gate(evidence["gate"])],
        "analyses": [
            *(verdict_parts(verdict) if "rope" in verdict else []),
            *(classes(by_class) if by_class else []),
            *slices(by_slice, verdict.get("small_slices", []), verdict["scoring"]),
        ],
        "training_data": _data(evidence["data"]),
    }


def _provenance(known: Mapping[str, Any]) -> Table:
    facts = {
        "trained": known["trained"],
        "repository": known["repository"],
        "commit": known["commit"],
        "data fingerprint": known["data_fingerprint"],
        "Python": known["python"],
        **known["packages"],
        **{f"run of {step}": run_id for step, run_id in known["runs"].items()},
    }
    return Table(["what", "is"], [[name, str(value)] for name, value in facts.items() if value])


def _gate(checks: Mapping[str, str]) -> Table:
    said = [[name, *(part.strip() for part in found.partition(":")[::2])] for name, found in checks.items()]
    return Table(["gate", "", "found"], said)


def _data(data: Mapping[str, Any]) -> list[Part]:
    why = data["left_out_columns"]
    schema = Schema(
        tuple(
            Column(column["name"], column["type"], column["role"], why.get(column["name"], ""))
            for column in data["columns"]
        )
    )
    missing = {column["name"]: column["missing"] for column in data["columns"] if column["missing"] is not None}
    kept = sum(sum(counts.values()) for counts in data["classes"].values())
    return [
        column_table(schema, missing),
        *([class_table(data["classes"])] if kept else []),
        *left_out_table(data["left_out_rows"], kept),
        *noticed(data["notes"]),
    ]
