"""The sign on the roof or the list of prices is missing."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import counted
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.marks_missing",
    clause="七.1",
    title_zh="顶灯、价签等标志缺失",
    judges="marks",
    sources=("inspection",),
    needs=("inspections",),
)
def marks_missing(marks: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - people decide, no number
    """An inspector found the roof light or the price label missing or out of order.

    Why it matters: without its marks nobody knows a lawful taxi, nor what the ride may cost (七.1).
    Evidence: the inspection and the mark.
    Cannot tell: an inspection that did not look at the mark.
    Looks like it, but is not: an inspection that found all marks in place; a car that fails in something
        else.
    """
    guilty = np.asarray(marks["result"] == "fail", dtype=bool)
    return Verdict(
        guilty=guilty,
        measured=counted(guilty),
        allowed=np.zeros(len(marks)),
        unit="count",
        cannot_tell=np.where(marks["result"] == "", "inspections.items", "").astype(object),
        evidence=marks.some("inspection_id", "item"),
    )
