"""The meter counted more kilometres than the car drove."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.rules.odometer import agrees
from taxi_qa.values.columns import Columns


@rule(
    name="fare.metered_distance",
    clause="六.5, 七",
    title_zh="计价里程虚高",
    judges="meter_checks",
    reads=("metered_m", "gnss_m"),
    law=(
        "house.fare.burst_ratio", "house.fare.burst_m", "house.fare.steady_ratio", "house.fare.steady_trips",
        "house.fare.burst_trips", "house.fare.witness_ratio", "house.fare.scatter_ratio",
        "meter.distance_error_high",
    ),
    sources=("meter", "gnss"),
    needs=("trips", "positions"),
)  # fmt: skip
def metered_distance(checks: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The meter counted more kilometres than the car drove.

    A trip far above its track is a burst (a pulse box leads there). A car whose trips of a week all lie
    above by the same share has an altered or worn constant. The first is a lead to fraud, the second
    first of all a ticket for the meter's verification. What follows depends on what four weeks show (steady,
    drift, one step, a step across a repair) and on the odometer: if that is high, it is pulses or tyres.

    Why it matters: an altered meter cheats every passenger; a worn one must be verified (六.5, 七).
    Driven is the longest lawful reading: chords, the device's speed, with roads the way by road, and where
    nothing was measured, in a tunnel say, what the limit allows in that time.

    Evidence: metered and driven distance, the ratio, how many trips, the longest gap in the track, how much
        of it fits the roads, metres in tunnels without positions; the odometer, and how the ratio moved.
    Cannot tell: gaps or jumps in the track that no tunnel on the map explains; a tunnel, or positions
        without speed, between which the missing metres may have been driven; a track that fits no roads, or
        that the odometer contradicts; no positions; a clock of the meter in doubt; too few clear trips in the
        week; a meter repaired and not yet verified again.
    Looks like it, but is not: the lawful error up to 1 % and the wear of tyres up to 2 %; chords that cut
        corners; trips of minute stamps; a drive through a tunnel.
    """
    weekly = checks["kind"] == "week"
    metered = checks["metered_m"]
    driven = checks["gnss_m"]
    most, most_at_least = (
        np.maximum(way * law["house.fare.burst_ratio"], way + law["house.fare.burst_m"])
        for way in (driven, checks["gnss_least_m"])
    )
    burst = ~weekly & (metered > most)
    # Between what was measured and the longest lawful way, through a tunnel say, nobody knows.
    hidden = ~weekly & ~burst & (metered > most_at_least)
    # The house's ratio leaves room for wear and for the track; it can never undercut the lawful error.
    lawful = 1 + law["meter.distance_error_high"]
    steady_ratio = np.maximum(law["house.fare.steady_ratio"], lawful)
    few = weekly & (checks["trips"] < law["house.fare.steady_trips"])
    steady = weekly & (checks["ratio_low"] > steady_ratio)
    often = weekly & ~steady & (checks["bursts"] > law["house.fare.burst_trips"])
    by_meter, by_track = agrees(checks, law["house.fare.witness_ratio"])
    # The odometer drove as far as the meter says: it is the track that lost metres.
    lost = burst & by_meter & ~by_track
    lost |= steady & by_meter & ~by_track & (checks["scatter"] > law["house.fare.scatter_ratio"])
    untrusted = checks["meter_unverified"] != ""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of a car that stood there is no ratio: its metres are told instead.
        stood = ~weekly & (driven <= 0)
        ratio = np.where(weekly, checks["ratio"], np.where(stood, metered, metered / driven))
        allowed = np.where(weekly, steady_ratio, np.where(stood, most, most / driven))
    course = checks["course"]
    return Verdict(
        guilty=burst | steady | often,
        measured=np.where(often, checks["bursts"], ratio),
        allowed=np.where(often, law["house.fare.burst_trips"], allowed),
        unit=np.select([often, stood], ["count", "m"], "ratio").astype(object),
        cannot_tell=np.select(
            [untrusted, few & ~often, hidden | lost, burst & checks["clock_doubt"]],
            ["meter verified after repair", "enough clear trips", "clear track", "meter clock"],
            "",
        ).astype(object),
        # One burst may still be a wrong track: it stays a lead until more of them, or people, agree.
        trial=burst | often,
        blameless=weekly,
        evidence={
            "kind": np.select([steady, burst | often], [course, "burst"], ""),
            "lead": np.select(
                [
                    burst | often,
                    steady & by_meter & ~by_track,
                    steady & (course == "step") & checks["after_repair"],
                    steady & (course == "step"),
                    steady & (course == "steady") & by_track,
                    steady,
                ],
                [
                    "look for a pulse box", "verify pulse source and tyres", "look at the repair",
                    "look for tampering", "look for an altered constant", "verify the meter",
                ],
                "",
            ),
            "metered_m": metered,
            "gnss_m": driven,
            "trips": checks["trips"],
            **checks.some("longest_gap_s", "matched_ratio", "tunnel_gap_m", "odometer_m", "moved_ratio"),
            **checks.some("odometer_ratio", "meter_odometer_ratio"),
        },
    )  # fmt: skip
