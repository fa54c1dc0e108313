"""A dirty car: an inspector saw it, or an upheld complaint."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, counted, is_complaint, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.unclean",
    clause="七.1",
    title_zh="车容车貌不整洁",
    judges="cleanliness",
    sources=("inspection",),
    needs=("inspections", "complaints"),
)
def unclean(cleanliness: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - people decide, no number
    """The car was dirty, by an inspection or an upheld complaint.

    Why it matters: the car is what the passenger sees of the trade first; a clean one is pledged (七.1).
    Evidence: the inspection, or the complaint and the window in which it happened.
    Cannot tell: an inspection that did not look; a complaint the desk has not decided yet.
    Looks like it, but is not: an inspection that found it clean; a complaint that was not upheld; an upheld
        complaint about something else.
    """
    complaint = is_complaint(cleanliness)
    valid, missing = upheld(cleanliness)
    seen = ~complaint & (cleanliness["result"] == "fail")
    unlooked = ~complaint & (cleanliness["result"] == "")
    guilty = valid | seen
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(cleanliness)),
        unit="count",
        cannot_tell=np.where(unlooked, "inspections.items", missing).astype(object),
        sources=np.where(complaint, "complaint", "inspection").astype(object),
        evidence={**complaint_evidence(cleanliness), "inspection_id": cleanliness["inspection_id"]},
    )
