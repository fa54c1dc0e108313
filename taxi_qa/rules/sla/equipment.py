"""A company's devices were available for less of their time on duty than was promised."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="sla.equipment",
    clause="篇2",
    title_zh="设备可用率未达承诺",
    judges="equipment_months",
    law=("house.sla.gnss_availability", "house.sla.camera_availability", "house.sla.meter_availability"),
    sources=("device", "shift"),
    needs=("positions", "shifts"),
)
def equipment(months: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """Over a month a company's positions, cameras or meters were down for longer than the target allows.

    Outages within the tolerance, excused ones, tunnels and parked cars do not count; minutes stand beside per
    cent, since 98 % of 300 hours on duty leave 6 hours. It is the company's: no driver is named.

    Why it matters: the companies promised equipment that works (篇2); single outages show whose it was.
    Evidence: minutes down and minutes allowed, per cent, hours on duty that were judged, what was left out,
        the worst cars.
    Cannot tell: cars of no known company; devices that told nothing for half the time on duty.
    Looks like it, but is not: outages with an approved excuse; exactly the target; outages that are each
        within the tolerance.
    """
    device = months["device"]
    target = np.select(
        [device == "gnss", device == "camera"],
        [law["house.sla.gnss_availability"], law["house.sla.camera_availability"]],
        law["house.sla.meter_availability"],
    )
    judged, dark = months["judged_s"], months["dark_s"]
    # To the millisecond: shares of seconds are no whole numbers.
    allowed = np.round((1.0 - target) * judged, 3)
    percent = 100.0 * (1.0 - dark / np.maximum(judged, 1.0))
    return Verdict(
        guilty=dark > allowed,
        measured=dark,
        allowed=allowed,
        unit="s",
        blameless=np.ones(len(months), dtype=bool),
        evidence={
            **months.some("device", "outage_cars"),
            "dark_min": dark / 60.0,
            "allowed_min": allowed / 60.0,
            "excluded_min": months["excluded_s"] / 60.0,
            "judged_h": judged / 3600.0,
            "available_percent": percent,
            "target_percent": 100.0 * target,
        },
    )
