"""Power or antenna cut again and again, and driven unseen."""

from collections.abc import Mapping

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.tampering",
    clause="七.3",
    title_zh="人为断电、拔线",
    judges="cut_weeks",
    law=("house.vehicle.offline_move_m", "house.vehicle.cuts"),
    sources=("terminal", "gnss"),
    needs=("events", "positions"),
    stage="trial",
)
def tampering(weeks: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """Within a week the terminal lost power or antenna on duty several times, and the car went on unseen.

    A loose plug does the same, so it is a lead: a person looks at the wiring before anybody is asked.

    Why it matters: a car that cuts its own witness off can hide anything; the system is to be kept working
        (七.3).
    Evidence: how many such cuts, from the first to the last, how far the car was when it was seen again.
    Cannot tell: nobody sends events of terminals.
    Looks like it, but is not: a repair ticket for the terminal; a car that stood where it was cut; a single
        cut; seen again exactly two kilometres on; an approved excuse; a cut off duty.
    """
    return Verdict(
        guilty=weeks["cuts"] > law["house.vehicle.cuts"],
        measured=weeks["cuts"].astype(float),
        allowed=law["house.vehicle.cuts"],
        unit="count",
        evidence=weeks.some("moved_m"),
    )
