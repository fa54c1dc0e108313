"""Cases as the desk keeps them, written as a person writes them."""

import json
from typing import Any, Final

import pandas as pd

from taxi_qa.findings.case import Case
from taxi_qa.reports.case_file import CaseStory
from taxi_qa.store.said import FINDING_COLUMNS
from tests.small_city import moment_ms

DAY: Final = "2025-10-13"


def found(rule: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    """A finding's row; `start` and `end` are times of the day, evidence a mapping."""
    start, end = more.pop("start", "13:50:25"), more.pop("end", "14:00:07")
    row: dict[str, Any] = {
        "finding_id": f"of {rule}", "rule": rule, "rule_version": 1, "clause": "六.5", "stage": "stable",
        "status": "detected", "vehicle_id": "粤AD0010", "driver_id": "D1", "company_id": "C1",
        "trip_id": "R1", "start_ms": moment_ms(start, DAY), "end_ms": moment_ms(end, DAY), "lon": None,
        "lat": None, "measured": None, "allowed": None, "unit": "", "sources": "meter", "leans_on": "",
        "digest": 0,
    }  # fmt: skip
    return {**row, "evidence": json.dumps(more.pop("evidence", {})), **more}


def story(*rows: dict[str, Any], **more: Any) -> CaseStory:  # noqa: ANN401 - any field of the case
    """A case of these findings; fields of the case, state, events and answers by name."""
    state, events, answers = more.pop("state", "queued"), more.pop("events", []), more.pop("answers", [])
    first = rows[0]
    fields: dict[str, Any] = {
        "case_id": "0a861141bf91f335a89e", "rule": first["rule"], "rules": (first["rule"],),
        "finding_ids": tuple(row["finding_id"] for row in rows), "stage": "stable",
        **{name: first[name] for name in ("vehicle_id", "driver_id", "company_id", "trip_id")},
        "start_ms": first["start_ms"], "end_ms": first["end_ms"], "sources": ("meter",),
        "missing": ("camera", "complaint"), "sufficiency": "weak",
    }  # fmt: skip
    frame = pd.DataFrame(list(rows), columns=list(FINDING_COLUMNS))
    return CaseStory(Case(**{**fields, **more}), state, frame, events, answers)
