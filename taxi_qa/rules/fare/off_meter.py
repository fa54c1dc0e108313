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

    Passengers are shown by seat events (boarded, alighted, counts). The loaded flag of positions is the
    meter's own voice, so what rests on it alone is advisory.

    Why it matters: a ride off the meter is a bargained ride, unseen by tariff and receipt (六.6, 六.2).
    Evidence: how far the car moved outside any metered trip, what showed passengers, open tickets.
    Cannot tell: no trip records that day at all; neither seat events nor loaded flags; no positions.
    Looks like it, but is not: a test of the devices; a handover; moving up in a rank; with an open
        meter or terminal ticket, a loaded flag without passengers.
    """
    by_seat = carriages["moved_seat_m"]
    moved = np.fmax(by_seat, carriages["moved_loaded_m"])
    allowed = law["house.fare.off_meter_m"]
    seated = by_seat > allowed
    has_ticket = carriages["tickets"] != ""
    left_alone = carriages["is_tested"] | carriages["at_handover"]
    left_alone |= has_ticket & ~seated
    return Verdict(
        guilty=(moved > allowed) & ~left_alone,
        measured=moved,
        allowed=allowed,
        unit="m",
        trial=~seated,
        sources=np.where(seated, "seat+gnss", "meter+gnss").astype(object),
        evidence={
            "moved_m": moved,
            "measured_by": np.where(seated, "seat events", "loaded flag"),
            "ticket_ids": carriages["tickets"],
        },
    )
