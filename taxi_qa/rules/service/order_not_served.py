"""An accepted order the driver did not serve."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="service.order_not_served",
    clause="六.1",
    title_zh="接单后不履约",
    judges="orders",
    law=(
        "house.service.order_late_s", "house.service.pickup_m", "house.service.elsewhere_m",
        "house.track.clear_gap_s", "house.quality.jump_kmh",
    ),
    sources=("dispatch",),
    needs=("orders", "positions"),
)  # fmt: skip
def order_not_served(orders: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The driver cancelled an order he had accepted, or drove elsewhere while the passenger waited.

    That he was never there is told by one source alone, so it is a lead.

    Why it matters: a booked passenger counts on the car; a broken promise is a refusal (六.1).
    Evidence: the order, what became of it, how near the car came to the pick-up from ten minutes before to
        ten minutes after it was due, how far it drove meanwhile.
    Cannot tell: nobody came and the order has no place; a gap in the track around the time it was due, long
        enough that a car could have gone to the pick-up and back.
    Looks like it, but is not: the passenger cancelled; a passenger who was not there while the car stood at
        the pick-up; a breakdown with a ticket open; a road that was blocked, with an approved excuse; a car
        that waits in the next street.
    """
    outcome = orders["outcome"]
    cancelled = outcome == "driver_cancelled"
    not_there = outcome == "no_show"
    # The dispatcher's word that it was served stands unless the track says otherwise.
    asked = not_there | ((outcome == "served") & ~orders["has_trip"])
    away = asked & (orders["nearest_m"] > law["house.service.pickup_m"])
    away &= orders["moved_m"] > law["house.service.elsewhere_m"]
    clear = orders["longest_gap_s"] <= law["house.track.clear_gap_s"]
    # A minute in a tunnel kilometres away took nobody to the pick-up.
    clear |= orders["reach_m"] > law["house.service.pickup_m"]
    nearest = np.fmin(orders["nearest_m"], orders["reach_m"])
    beside = orders["nearest_m"] <= law["house.service.pickup_m"]
    unknown = np.select(
        [not_there & ~orders["has_place"], not_there & ~beside & ~clear],
        ["orders.pickup_lon", "positions"],
        "",
    )
    return Verdict(
        guilty=(cancelled & (orders["tickets"] == "")) | (away & clear),
        measured=np.where(cancelled, 1.0, nearest),
        allowed=np.where(cancelled, 0.0, law["house.service.pickup_m"]),
        unit=np.where(cancelled, "count", "m").astype(object),
        cannot_tell=unknown.astype(object),
        trial=~cancelled,
        sources=np.where(cancelled, "dispatch", "dispatch+gnss").astype(object),
        evidence={
            "order_id": orders["order_id"],
            "kind": outcome,
            "cancel_reason": orders["cancel_reason"],
            "nearest_m": nearest,
            "moved_m": orders["moved_m"],
        },
    )
