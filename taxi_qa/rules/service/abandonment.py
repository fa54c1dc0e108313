"""Left passengers on the way."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, is_complaint, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="service.abandonment",
    clause="六.4",
    title_zh="中途甩客",
    judges="abandonments",
    law=("house.service.called_s", "house.service.called_m", "house.service.usual_drop_m",
         "house.service.usual_drops", "house.service.drops_least"),
    sources=("meter", "dispatch"),
    needs=("trips", "orders", "complaints"),
)  # fmt: skip
def abandonment(rows: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A trip ended where hardly anybody gets out, and soon another taxi was called to that very place.

    A lead, nothing more; an upheld complaint is a finding.

    Why it matters: a trip begun is driven to its end (六.4).
    Evidence: the order that called the other taxi, how soon after, how many trips else begin or end near.
    Cannot tell: no place of the end; nobody sends orders; too few trips to know where people get out; a
        complaint the desk has not decided yet.
    Looks like it, but is not: a breakdown with a ticket; a taxi the passengers had called before they got
        out; a place where people often get in and out; a call more than a quarter of an hour later; a
        complaint that was unfounded.
    """
    complaint = is_complaint(rows)
    valid, missing = upheld(rows)
    called = (rows["called"] != "") & (rows["called_after_s"] <= law["house.service.called_s"])
    called &= ~rows["broke_down"]
    lonely = called & (rows["drops_near"] <= law["house.service.usual_drops"])
    too_few = lonely & (rows["drops"] < law["house.service.drops_least"])
    return Verdict(
        guilty=valid | lonely,
        measured=np.where(complaint, valid, rows["called_after_s"]),
        allowed=np.where(complaint, 0.0, law["house.service.called_s"]),
        unit=np.where(complaint, "count", "s").astype(object),
        cannot_tell=np.where(too_few, "trips", missing).astype(object),
        trial=~complaint,
        sources=np.where(complaint, "complaint", "meter+dispatch").astype(object),
        evidence={
            **complaint_evidence(rows),
            "order_id": rows["called"],
            "called_after_s": rows["called_after_s"],
            "drops_near": rows["drops_near"],
        },
    )
