"""No receipt: an upheld complaint, or an inspector who saw it."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, counted, is_complaint, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="fare.no_receipt",
    clause="六.5",
    title_zh="不按规定出具发票",
    judges="receipts",
    sources=("complaint",),
    needs=("complaints", "inspections"),
)
def no_receipt(receipts: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - people decide, no number
    """No receipt was given, by an upheld complaint or an inspection.

    That a trip printed none proves nothing: not every passenger wants one. That it printed one leaves the
    complaint a lead.

    Why it matters: the receipt shows the fare of the tariff and which car it was (六.5).
    Evidence: the complaint or the inspection, whether the meter printed a receipt for the trip.
    Cannot tell: a complaint the desk has not decided yet; an inspection that did not look.
    Looks like it, but is not: a trip whose meter printed none because nobody asked; a complaint that was
        unfounded; an inspection that saw one given.
    """
    complaint = is_complaint(receipts)
    valid, missing = upheld(receipts)
    seen = ~complaint & (receipts["result"] == "fail")
    unlooked = ~complaint & (receipts["result"] == "")
    guilty = valid | seen
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(receipts)),
        unit="count",
        cannot_tell=np.where(unlooked, "inspections.items", missing).astype(object),
        trial=valid & (receipts["receipt_printed"] == 1),
        sources=np.where(complaint, "complaint", "inspection").astype(object),
        evidence={
            **complaint_evidence(receipts),
            "inspection_id": receipts["inspection_id"],
            "receipt_printed": np.where(
                np.isnan(receipts["receipt_printed"]),
                "",
                np.where(receipts["receipt_printed"] == 1, "yes", "no"),
            ).astype(object),
        },
    )
