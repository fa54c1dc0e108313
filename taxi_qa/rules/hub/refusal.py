"""Refusals at hubs: first in the queue, passengers at hand, and away empty."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.refusal",
    clause="四, 六.1",
    title_zh="枢纽站场拒载",
    judges="hub_departures",
    law=(
        "house.hub.head_s",
        "house.hub.next_load_s",
        "house.hub.left_together",
        "house.hub.unseen_s",
    ),
    sources=("gnss", "meter"),
    needs=("positions", "trips", "zones"),
)
def refusal(visits: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A car stood for hire in the bay, left empty, and the next car from behind loaded at once.

    Or somebody got in and out again and there was no trip. Either alone is a lead; with a second source (the
    seats, an upheld complaint) it is a finding.

    Why it matters: whoever stands first takes the next passenger, near or far (四, 六.1).
    Evidence: the standing in the bay, when the next car loaded and which, the position at entry and how it
        changed, cars that left empty with it, the seats, the complaint.
    Cannot tell: no trips sent; a car unseen for minutes, or not seen again; several cars that left together,
        for a reason nobody filed; a shift that ended soon after without a pause sign.
    Looks like it, but is not: an approved police order; a pause sign; a car that set down and drove on; an
        order elsewhere; a road above the hub; a meter started round the corner; no passengers at hand; a
        minute in the bay exactly.
    """
    empty = (visits["ended"] == "empty") & ~visits["is_reserved"] & ~visits["is_paused"]
    stood = np.where(visits["has_bays"], visits["bay_s"], visits["stood_s"])
    at_hand = visits["next_load_s"] < law["house.hub.next_load_s"]
    left_head = empty & visits["is_head"] & (stood > law["house.hub.head_s"]) & at_hand
    tried = ~np.isnan(visits["tried_ms"])
    guilty = left_head | (empty & tried)
    complained = visits["complaint_id"] != ""
    unseen = (visits["gap_s"] > law["house.hub.unseen_s"]) | ~visits["seen_to"]
    seats = np.where(tried, "gnss+meter+seat", "gnss+meter")
    return Verdict(
        guilty=guilty,
        measured=np.where(left_head, stood, np.where(tried, 1.0, 0.0)),
        allowed=np.where(left_head, law["house.hub.head_s"], 0.0),
        unit=np.where(left_head, "s", "count").astype(object),
        cannot_tell=np.select(
            [
                guilty & unseen,
                left_head & (visits["left_with"] >= law["house.hub.left_together"]),
                guilty & visits["goes_off"],
            ],
            ["positions", "reason of leaving", "events.pause_sign_on"],
            "",
        ).astype(object),
        trial=~(left_head & (tried | complained)),
        sources=np.where(complained, seats + "+complaint", seats).astype(object),
        evidence={
            **visits.some("hub", "wait_s", "ahead", "moved_up", "next_load_s", "next_vehicle", "left_with"),
            **visits.some("wait_q25_s", "wait_q50_s", "wait_rank", "complaint_id"),
            "kind": np.where(left_head, "left the head of the queue", "boarded and alighted"),
            "boarded_event_ms": visits["tried_ms"],
        },
    )
