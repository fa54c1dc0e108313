"""A repair that was not honest: the part, the price, or a meter nobody proved again."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="vehicle.dishonest_repair",
    clause="篇6",
    title_zh="维修不诚信",
    judges="repair_jobs",
    law=(
        "house.vehicle.reverify_days", "house.vehicle.part_price_meter_fen",
        "house.vehicle.part_price_camera_fen", "house.vehicle.part_price_terminal_fen",
    ),
    sources=("repairs",),
    needs=("repairs",),
)  # fmt: skip
def dishonest_repair(jobs: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """One part in two cars, a used part called original, a meter not verified again, a strange price.

    An unknown grade and a price above the house's ceiling are leads. Until it is verified again, every rule
    that leans on the repaired meter cannot tell.

    Why it matters: no false or second-hand parts sold as new, fair prices, and a meter passengers can trust
        are what the suppliers pledged (篇6).
    Evidence: the ticket, the part, its grade and price, the other ticket, days without verification.
    Cannot tell: a meter repaired so lately that its days are not over; a ticket that names no part, no
        grade and no price.
    Looks like it, but is not: a refurbished part that is called one; the same part put back into the
        same car; the same number from another maker; a meter verified on the third day; a price of exactly
        the ceiling.
    """
    device = jobs["device"]
    is_meter = device == "meter"
    ceiling = np.select(
        [is_meter, device == "camera", np.isin(device.astype(str), ("gnss", "terminal", "recorder"))],
        [
            law["house.vehicle.part_price_meter_fen"],
            law["house.vehicle.part_price_camera_fen"],
            law["house.vehicle.part_price_terminal_fen"],
        ],
        np.nan,
    )
    days = law["house.vehicle.reverify_days"]
    twice = jobs["other_ticket_id"] != ""
    relabelled = jobs["used_ticket_id"] != ""
    late = is_meter & (jobs["unproven_days"] > days)
    dear = jobs["price_fen"] > ceiling
    unknown = jobs["part_grade"] == "unknown"
    waits = is_meter & ~jobs["is_proven"] & ~late
    says_nothing = (
        ~is_meter & (jobs["part_serial"] == "") & (jobs["part_grade"] == "") & np.isnan(jobs["price_fen"])
    )
    sure = (twice & jobs["same_maker"]) | relabelled | late
    guilty = twice | relabelled | late | dear | unknown
    which = [twice, relabelled, late, dear, unknown]
    return Verdict(
        guilty=guilty,
        measured=np.select(which, [2.0, 1.0, jobs["unproven_days"], jobs["price_fen"], 1.0], 0.0),
        allowed=np.select(which, [1.0, 0.0, days, ceiling, 0.0], 0.0),
        unit=np.select(which, ["count", "count", "days", "fen", "count"], "count").astype(object),
        cannot_tell=np.select(
            [waits & ~guilty, says_nothing & ~guilty], ["repairs.reverified_on", "repairs.part_serial"], ""
        ).astype(object),
        trial=~sure,
        blameless=np.ones(len(jobs), dtype=bool),
        evidence={
            **jobs.some("ticket_ids", "device", "part_serial", "part_grade", "price_fen", "unproven_days"),
            "other_ticket_id": np.where(twice, jobs["other_ticket_id"], jobs["used_ticket_id"]).astype(
                object
            ),
            "kind": np.select(
                which, ["part in two cars", "used part", "not verified", "price", "unknown grade"], ""
            ),
        },
    )
