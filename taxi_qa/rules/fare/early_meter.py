"""The meter started before the passengers were aboard."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="fare.early_meter",
    clause="六.6",
    title_zh="提前打表：乘客上车前已开始计费",
    judges="trips",
    law=("house.fare.early_stand_s", "house.fare.early_move_m"),
    sources=("meter", "seat", "gnss"),
    needs=("trips", "events", "positions"),
)
def early_meter(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The meter ran before the passengers were aboard.

    Why it matters: the meter goes on after the passenger is aboard and the car moves off (六.6).
    Evidence: when the seat was taken, the metered standing and moving before it.
    Cannot tell: no seat sensor; a sensor that reported no boarding for this trip; no clear track before it.
    Looks like it, but is not: passengers who boarded first and asked to wait; who left and came back;
        two minutes of luggage; a sensor that reads late within 300 m.
    """
    stood = trips["early_stand_s"]
    moved = trips["early_move_m"]
    allowed_s = law["house.fare.early_stand_s"]
    by_stand = stood > allowed_s
    by_move = moved > law["house.fare.early_move_m"]
    before = trips["aboard_before"]
    has_event = ~np.isnan(trips["boarded_event_ms"])
    late_enough = has_event & (
        (trips["boarded_event_ms"] - trips["start_ms"]) / 1000.0 - trips["slack_s"] > 0
    )
    cannot_tell = np.select(
        [
            ~trips["seat_sensor"],
            ~before & ~has_event,
            ~before & late_enough & np.isnan(stood),
        ],
        ["vehicles.has_seat_sensor", "events.passenger_boarded", "positions"],
        "",
    )
    return Verdict(
        guilty=(by_stand | by_move) & ~before & ~trips["back_aboard"],
        measured=np.where(by_stand | ~by_move, stood, moved),
        allowed=np.where(by_stand | ~by_move, allowed_s, law["house.fare.early_move_m"]),
        unit=np.where(by_stand | ~by_move, "s", "m").astype(object),
        cannot_tell=cannot_tell.astype(object),
        evidence={"boarded_event_ms": trips["boarded_event_ms"], "held_s": stood, "moved_m": moved},
    )
