"""Refused a passenger in the street."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, is_complaint, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="service.refusal",
    clause="六.1",
    title_zh="拒载",
    judges="refusals",
    law=("house.service.hail_s", "house.service.hail_least_s", "house.service.hail_left_m",
         "house.service.hail_moved_m", "house.licence.handover_s"),
    sources=("seat", "gnss"),
    needs=("events", "positions", "complaints"),
)  # fmt: skip
def refusal(rows: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A car for hire stopped, somebody got in and out again within a minute, and it left empty.

    Why they got out no machine can say: that is a lead, an upheld complaint is a finding.

    Why it matters: a taxi for hire takes whoever hails it, wherever he wants to go (六.1).
    Evidence: how long somebody was in the car, how far it drove off empty; or the complaint.
    Cannot tell: no seat sensor; no clear track of the stop and after it; a complaint the desk has not
        decided yet.
    Looks like it, but is not: the pause sign; a handover between drivers; a test of the devices; a fault
        with a ticket open; a seat sensor that flickers; somebody who sat a minute or longer; a car that
        stays where it stood; a car out of service; a stop at a hub, which its own rules judge; a complaint
        that was unfounded.
    """
    complaint = is_complaint(rows)
    valid, missing = upheld(rows)
    held = rows["held_s"]
    allowed_s = law["house.service.hail_s"]
    brief = ~complaint & (held < allowed_s) & (held >= law["house.service.hail_least_s"])
    excused = rows["paused"] | rows["at_handover"] | rows["is_tested"] | rows["at_hub"] | ~rows["for_hire"]
    brief &= ~excused & (rows["tickets"] == "")
    left = (rows["moved_m"] <= law["house.service.hail_moved_m"]) & (
        rows["left_m"] > law["house.service.hail_left_m"]
    )
    return Verdict(
        guilty=valid | (brief & left),
        measured=np.where(complaint, valid, held),
        allowed=np.where(complaint, 0.0, allowed_s),
        unit=np.where(complaint, "count", "s").astype(object),
        cannot_tell=np.where(brief & rows["is_blind"], "positions", missing).astype(object),
        trial=~complaint,
        sources=np.where(complaint, "complaint", "seat+gnss").astype(object),
        evidence={**complaint_evidence(rows), "held_s": held, "moved_m": rows["left_m"]},
    )
