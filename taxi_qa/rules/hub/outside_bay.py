"""Loading at a hub, but not in its bays."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.outside_bay",
    clause="四.2",
    title_zh="枢纽站场上客区外载客",
    judges="hub_pickups",
    law=("house.hub.bay_margin_m", "house.hub.set_down_s"),
    sources=("gnss", "meter"),
    needs=("trips", "positions", "zones"),
)
def outside_bay(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A trip began inside a hub but outside its bays, or in a zone where nobody may load.

    Of all places from half a minute before the meter started the one nearest to a bay (or to the zone's
    border) counts.

    Why it matters: loading beside the queue breaks its order and blocks the way (四.2).
    Evidence: the hub, the distance to the nearest bay, or how deep inside the zone; the time since the
        set-down before.
    Cannot tell: no place is known; no bay is on record for that hour.
    Looks like it, but is not: a new passenger right after a set-down, where the lane allows it; a reserved
        order, met outside the rank; a car that pulled out of the bay; thirty metres exactly.
    """
    margin = law["house.hub.bay_margin_m"]
    barred = trips["no_pickup_m"] > margin
    in_lane = trips["in_loading_lane"] & (trips["since_set_down_s"] <= law["house.hub.set_down_s"])
    beside = trips["is_at_hub"] & (trips["off_bay_m"] > margin) & ~trips["is_reserved"]
    no_bays = trips["is_at_hub"] & ~trips["has_bays"] & ~barred
    return Verdict(
        guilty=(barred | beside) & ~in_lane,
        measured=np.where(barred, trips["no_pickup_m"], np.nan_to_num(trips["off_bay_m"])),
        allowed=margin,
        unit="m",
        cannot_tell=np.where(no_bays, "zones.bay", "").astype(object),
        evidence={
            **trips.some("hub", "since_set_down_s"),
            "kind": np.where(barred, "in a zone without pick-up", "outside the bays"),
        },
    )
