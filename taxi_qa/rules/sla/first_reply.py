"""Complaints the desk answered too late."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="sla.first_reply",
    clause="篇4",
    title_zh="投诉首次回复超时（企业）",
    judges="desk_months",
    law=("house.sla.first_reply_s",),
    sources=("desk",),
    needs=("complaints",),
)
def first_reply(months: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the unit counted by it
    """Complaints of a month were first answered later than promised.

    The company's, not any driver's.

    Why it matters: a passenger hears within two hours that somebody listens (篇4).
    Evidence: how many came in, how many were answered too late, the share in time, the longest wait.
    Cannot tell: complaints of no known company; replies nobody wrote down.
    Looks like it, but is not: an answer after two hours exactly; a complaint of the last two hours; one that
        was closed within them.
    """
    late, total = months["reply_late"], months["complaints"]
    return Verdict(
        guilty=late > 0,
        measured=late.astype(np.float64),
        allowed=np.zeros(len(months)),
        unit="count",
        cannot_tell=np.where(
            (late == 0) & (months["reply_unsaid"] > 0), "complaints.first_reply_at", ""
        ).astype(object),
        blameless=np.ones(len(months), dtype=bool),
        evidence={
            "complaints": total,
            "in_time_share": 1.0 - late / np.maximum(total, 1),
            "longest_s": months["reply_longest_s"],
        },
    )
