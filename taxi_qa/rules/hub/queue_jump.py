"""Queue jumping: later in, earlier out, and hardly a wait."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="hub.queue_jump",
    clause="四, 一.3",
    title_zh="枢纽站场插队载客",
    judges="hub_visits",
    law=("house.hub.jump_cars", "house.hub.jump_wait_ratio", "house.hub.jump_others"),
    sources=("gnss", "meter", "other taxis"),
    needs=("positions", "trips", "zones"),
    # A dispatcher's wave (a wheelchair, a party of six) leaves no record: people look first.
    stage="trial",
)
def queue_jump(visits: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A car came after others that waited, loaded before them, and waited far less than the hour's others.

    Cars count as passed that stood in the queue two minutes or more before it came and loaded a minute or
    more after it. Waits are compared with the lower quartile of all who loaded there within half an hour.

    Why it matters: drivers pledged to queue in turn and to compete fairly (四, 一.3).
    Evidence: the cars passed, the position at entry, the wait, and the quartile and median of the others'.
    Cannot tell: no trips sent; two cars under one plate; too few other rides in the hour; a car first seen
        inside the hub, or not seen for two minutes before; a meter of whole minutes in a car that did not
        stand there: it may have loaded round the corner.
    Looks like it, but is not: a reserved order; a short-trip return ticket; a set-down lane where loading is
        allowed; one car passed; half of the quartile exactly; a short queue, in which everybody's wait is
        short.
    """
    quartile = visits["wait_q25_s"] * law["house.hub.jump_wait_ratio"]
    # A meter of whole minutes may have started up to a minute later.
    wait = visits["wait_s"] + visits["load_slack_ms"] / 1000.0
    in_lane = visits["in_loading_lane"] & visits["after_set_down"]
    entitled = visits["is_reserved"] | ~np.isnan(visits["short_m"]) | in_lane
    passed = (visits["overtook"] > law["house.hub.jump_cars"]) & ~entitled
    few = visits["others"] < law["house.hub.jump_others"]
    passing = passed & (visits["load_slack_ms"] > 0) & (visits["stood_s"] <= 0)
    return Verdict(
        guilty=passed & (wait < quartile),
        measured=wait,
        allowed=quartile,
        unit="s",
        cannot_tell=np.select(
            [passed & few, passed & ~visits["seen_from"], passing],
            ["waits of other taxis", "positions", "trips.boarded_at"],
            "",
        ).astype(object),
        evidence={
            **visits.some("hub", "overtook", "ahead", "moved_up", "wait_q25_s", "wait_q50_s", "wait_rank"),
            "similar_n": visits["others"],
        },
    )
