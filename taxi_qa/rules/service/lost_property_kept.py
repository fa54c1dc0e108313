"""Kept what a passenger left in the car: an upheld complaint."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.upheld import said_by_the_desk
from taxi_qa.values.columns import Columns


@rule(
    name="service.lost_property_kept",
    clause="二",
    title_zh="拾得乘客财物不还",
    judges="lost_properties",
    sources=("complaint",),
    needs=("complaints",),
)
def lost_property_kept(complaints: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the desk decides, no number
    """Property a passenger left in the car was kept, and the desk upheld the complaint.

    Why it matters: what is found in the car is given back (二).
    Evidence: the complaint, its trip where one can be told, the window in which it happened.
    Cannot tell: a complaint the desk has not decided yet.
    Looks like it, but is not: property nobody ever found, a complaint that was not upheld; an unfounded one.
    """
    return said_by_the_desk(complaints)
