"""Off the meter: passengers were carried with no metered trip."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="fare.off_meter",
    clause="六.6, 六.2",
    title_zh="不打表载客",
    judges="carriages",
    law=("house.fare.off_meter_m",),
    sources=("seat", "gnss"),
    needs=("positions", "trips", "events"),
)
def off_meter(carriages: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car carried passengers and moved with no metered trip.

    Passengers are shown by seat events (boarded, alighted, counts), or by a camera from one look to the
    next. The loaded flag of positions is the meter's own voice, and a recogniser errs: what rests on either
    alone is advisory, and firm where both agree.

    Why it matters: a ride off the meter is a bargained ride, unseen by tariff and receipt (六.6, 六.2).
    Evidence: how far the car moved outside any metered trip, what showed passengers, open tickets.
    Cannot tell: no trip records that day at all; neither seat events nor loaded flags; no positions.
    Looks like it, but is not: a test of the devices; a handover; moving up in a rank; with an open
        meter or terminal ticket, a loaded flag without passengers.
    """
    by_seat = carriages["moved_seat_m"]
    by_camera, by_flag = carriages["moved_camera_m"], carriages["moved_loaded_m"]
    moved = np.fmax(np.fmax(by_seat, by_flag), by_camera)
    allowed = law["house.fare.off_meter_m"]
    seated, seen = by_seat > allowed, by_camera > allowed
    both = seen & (by_flag > allowed)
    has_ticket = carriages["tickets"] != ""
    left_alone = carriages["is_tested"] | carriages["at_handover"]
    left_alone |= has_ticket & ~seated & ~seen
    return Verdict(
        guilty=(moved > allowed) & ~left_alone,
        measured=moved,
        allowed=allowed,
        unit="m",
        trial=~seated & ~both,
        sources=np.select(
            [seated, both, seen], ["seat+gnss", "camera+meter+gnss", "camera+gnss"], "meter+gnss"
        ).astype(object),
        evidence={
            "moved_m": moved,
            "measured_by": np.select([seated, seen], ["seat events", "camera counts"], "loaded flag"),
            "ticket_ids": carriages["tickets"],
        },
    )
