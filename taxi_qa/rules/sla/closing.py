"""Complaints the desk closed too late."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="sla.closing",
    clause="篇4",
    title_zh="投诉办结超期（企业）",
    judges="desk_months",
    law=("house.sla.closing_s",),
    sources=("desk",),
    needs=("complaints",),
)
def closing(months: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the unit counted by it
    """Complaints of a month were closed later than promised, or are open for longer than that.

    The company's, not any driver's.

    Why it matters: a complaint comes to an end within fifteen days (篇4).
    Evidence: how many came in, how many were closed too late, the share in time, the longest, how many stand
        open, how many came up again after closing.
    Cannot tell: complaints of no known company.
    Looks like it, but is not: closed after fifteen days exactly; open, but for fewer days.
    """
    late, total = months["close_late"], months["complaints"]
    return Verdict(
        guilty=late > 0,
        measured=late.astype(np.float64),
        allowed=np.zeros(len(months)),
        unit="count",
        blameless=np.ones(len(months), dtype=bool),
        evidence={
            "complaints": total,
            "in_time_share": 1.0 - late / np.maximum(total, 1),
            "longest_s": months["close_longest_s"],
            **months.some("still_open", "reopened"),
        },
    )
