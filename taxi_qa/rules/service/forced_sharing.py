"""Strangers taken aboard during somebody's trip."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="service.forced_sharing",
    clause="六.3",
    title_zh="途中招揽他人同乘",
    judges="cabins",
    law=(
        "house.service.sharing_counts",
        "house.service.sharing_join_s",
        "house.service.stop_kmh",
        "house.service.overlap_s",
    ),
    sources=("camera", "gnss"),
    needs=("trips", "events", "positions"),
    stage="trial",
)
def forced_sharing(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """More people were aboard after a stop within the trip, or two metered trips ran on one car at once.

    The higher number must be seen again, and the lower one after the party had time to gather. Whether the
    passengers wished it no device knows: every finding is a lead. Of two trips the later one is found.

    Why it matters: taking others aboard without being asked is sharing by force (六.3).
    Evidence: passengers before and after the stop and when, or how long two trips overlap.
    Cannot tell: too few sure counts; no positions between the looks; a meter's clock in doubt; a camera known
        to be down.
    Looks like it, but is not: a party that gathers at the start; a number that rises while the car moves (a
        child wakes up); a higher number in one look; they got out and came back; the same trip told twice;
        trips that overlap by no more than the tolerance.
    """
    rises = trips["rise_to"] > trips["rise_from"]
    stopped = rises & (trips["rise_low_kmh"] < law["house.service.stop_kmh"])
    overlap = (trips["overlap_s"] > law["house.service.overlap_s"]) & ~trips["is_twice"]
    # The unit looked for so many looks on either side, and for them so long after the begin.
    fewest = np.where(law["house.service.sharing_join_s"] >= 0, law["house.service.sharing_counts"], np.nan)
    few = trips["counts"] < fewest
    missing = np.select(
        [
            overlap & trips["meter_clock_doubt"],
            overlap,
            trips["camera_down"],
            few,
            rises & np.isnan(trips["rise_low_kmh"]),
        ],
        ["meter clock", "", "working camera", "events.passenger_count", "positions"],
        "",
    )
    return Verdict(
        guilty=overlap | stopped,
        measured=np.where(overlap, trips["overlap_s"], trips["rise_to"]),
        allowed=np.where(overlap, law["house.service.overlap_s"], trips["rise_from"]),
        unit=np.where(overlap, "s", "count").astype(object),
        cannot_tell=missing.astype(object),
        sources=np.where(overlap, "meter", "camera+gnss").astype(object),
        evidence={
            "kind": np.where(overlap, "two trips at once", "more aboard after a stop"),
            "passengers": np.where(overlap, np.nan, trips["rise_to"]),
            "joined_ms": np.where(overlap, np.nan, trips["rise_ms"]),
            "counts": trips["counts"],
        },
    )
