"""Off the meter: passengers were carried with no metered trip."""

import numpy as np
import pandas as pd

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import rule


@rule(
    name="fare.off_meter",
    clause="六.6, 六.2",
    title_zh="不打表载客",
    judges="carriages",
    law=("house.fare.off_meter_m",),
    sources=("seat", "gnss"),
    needs=("positions", "trips", "events"),
)
def off_meter(carriages: pd.DataFrame, law: pd.DataFrame) -> Verdict:
    """The car carried passengers and moved with no metered trip.

    Passengers are shown by seat events (boarded, alighted, counts). The loaded flag of positions is the
    meter's own voice, so what rests on it alone is advisory.

    Why it matters: a ride off the meter is a bargained ride, unseen by tariff and receipt (六.6, 六.2).
    Evidence: how far the car moved outside any metered trip, what showed passengers, open tickets.
    Cannot tell: no trip records that day at all; neither seat events nor loaded flags; no positions.
    Looks like it, but is not: a test of the devices; a handover; moving up in a rank; with an open
        meter or terminal ticket, a loaded flag without passengers.
    """
    by_seat = carriages["moved_seat_m"].to_numpy(dtype=np.float64)
    moved = np.fmax(by_seat, carriages["moved_loaded_m"].to_numpy(dtype=np.float64))
    allowed = law["house.fare.off_meter_m"].to_numpy(dtype=np.float64)
    seated = by_seat > allowed
    has_ticket = (carriages["tickets"] != "").to_numpy(dtype=bool)
    left_alone = carriages["is_tested"].to_numpy(dtype=bool) | carriages["at_handover"].to_numpy(dtype=bool)
    left_alone |= has_ticket & ~seated
    return Verdict(
        guilty=(moved > allowed) & ~left_alone,
        measured=moved,
        allowed=allowed,
        unit="m",
        trial=~seated,
        sources=np.where(seated, "seat+gnss", "meter+gnss").astype(object),
        evidence=pd.DataFrame(
            {
                "moved_m": moved,
                "measured_by": np.where(seated, "seat events", "loaded flag"),
                "ticket_ids": carriages["tickets"],
            }
        ),
    )
