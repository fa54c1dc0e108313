"""Would not help to settle a complaint that was then upheld."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import complaint_evidence, counted, upheld
from taxi_qa.values.columns import Columns


@rule(
    name="service.complaint_uncooperative",
    clause="二",
    title_zh="不配合处理投诉",
    judges="complaints",
    sources=("complaint",),
    needs=("complaints",),
)
def complaint_uncooperative(complaints: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the desk decides, no number
    """The driver did not cooperate in settling a complaint that was upheld.

    Why it matters: who made the trouble helps to mend it (二).
    Evidence: the complaint, its category, that the desk noted no cooperation.
    Cannot tell: a complaint the desk has not decided yet; an upheld one that does not say whether
        he cooperated.
    Looks like it, but is not: no cooperation in a complaint that was unfounded; an upheld complaint in
        which he cooperated.
    """
    valid, missing = upheld(complaints)
    unsaid = valid & np.isnan(complaints["cooperated"])
    guilty = valid & (complaints["cooperated"] == 0)
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(complaints)),
        unit="count",
        cannot_tell=np.where(unsaid, "complaints.cooperated", missing).astype(object),
        evidence=complaint_evidence(complaints),
    )
