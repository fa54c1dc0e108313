"""Away from the car in the queue, or soliciting."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.unattended",
    clause="四.2",
    title_zh="枢纽站场离车揽客",
    judges="hub_watches",
    law=("house.hub.absent_s", "house.hub.absent_confidence"),
    sources=("camera", "gnss"),
    needs=("events", "inspections", "positions", "zones"),
)
def unattended(watches: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver was away from the car while it stood in a queue, or an inspector saw soliciting.

    One report of the camera is a lead; two of the same absence, or an inspector's word, are a finding.

    Why it matters: a queue of empty cars does not move, and drivers who walk about solicit (四.2).
    Evidence: the absence, how many reports and how sure they are; the inspection and what failed in it.
    Cannot tell: no camera; a report without a duration; a report that is not sure; an inspection that did
        not look.
    Looks like it, but is not: luggage just before passengers get in; an absence outside any queue; two
        minutes exactly.
    """
    by_inspector = watches["kind"] == "inspection"
    away = watches["absent_s"] > law["house.hub.absent_s"]
    failed = watches["items"] != ""
    sure = watches["confidence"]
    no_length = (watches["reports"] > 0) & (watches["absent_s"] == 0)
    unsure = away & (sure < law["house.hub.absent_confidence"])
    return Verdict(
        guilty=np.where(by_inspector, failed, away),
        measured=np.where(by_inspector, failed.astype(np.float64), watches["absent_s"]),
        allowed=np.where(by_inspector, 0.0, law["house.hub.absent_s"]),
        unit=np.where(by_inspector, "count", "s").astype(object),
        cannot_tell=np.select([no_length, unsure], ["events.duration_s", "events.confidence"], "").astype(
            object
        ),
        trial=~by_inspector & ((watches["reports"] <= 1) | np.isnan(sure)),
        sources=np.where(by_inspector, "inspection", "camera+gnss").astype(object),
        evidence=watches.some("hub", "reports", "confidence", "items", "inspection_id"),
    )
