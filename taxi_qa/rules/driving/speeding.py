"""Speeding: above the limit of every road the car may have been on, for long enough to be sure."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="driving.speeding",
    clause="五.5",
    title_zh="超速行驶",
    judges="speed_stretches",
    law=(
        "house.driving.speeding_ratio",
        "house.driving.speeding_kmh",
        "house.driving.speeding_s",
        "house.driving.speeding_fixes",
        "house.driving.speeding_judged_ratio",
    ),
    sources=("gnss", "map"),
    needs=("positions", "roads"),
)
def speeding(stretches: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """The car drove faster than the limit, above both margins, for 15 s and three positions in a row.

    Judged against the highest limit of any road near enough that runs the same way, so that nobody is
    accused for the street under the expressway he drove on; and once more within an error of the receiver
    that lasts: what of a stretch may have been driven on a faster road is cut off its ends. The device's
    speed and the speed from point to point have to agree. One finding a stretch; a car's day without one
    is one row.

    Why it matters: speed kills, and the driver pledged not to speed (五.5).
    Evidence: mean and top speed, the limit, where it is from and what it or its zone is called, the road,
        how long and how far, the band of excess.
    Cannot tell: no road network; no moving position; limits known on less than half of the day's driving;
        a faster road beside the whole stretch, as near as an error of the receiver that lasts reaches.
        A limit that is only a default of the road's class makes a lead, never more.
    Looks like it, but is not: a parallel road with another limit; a poor receiver beside an expressway; an
        error of the receiver that lasts; an unknown limit beside a known one; a burst of a few seconds;
        exactly ten per cent above; a jump of the position; a device that exaggerates; a limit that holds at
        other hours; a street beside a zone, or where it leaves one; a bridge over a zone; an approved excuse.
    """
    is_stretch = stretches["kind"] == "stretch"
    limit, mean = stretches["limit_kmh"], stretches["mean_kmh"]
    allowed = np.maximum(
        limit * (1 + law["house.driving.speeding_ratio"]), limit + law["house.driving.speeding_kmh"]
    )
    guilty = is_stretch & (mean > allowed)
    guilty &= stretches["held_s"] >= law["house.driving.speeding_s"]
    guilty &= stretches["fixes"] >= law["house.driving.speeding_fixes"]
    in_doubt = guilty & (stretches["in_doubt"] > 0)
    blind = ~is_stretch & (stretches["judged_ratio"] < law["house.driving.speeding_judged_ratio"])
    with np.errstate(divide="ignore", invalid="ignore"):
        # A limit of 0 is a limit: what is above it is infinitely above.
        excess = np.where(limit > 0, mean / limit - 1, np.inf)
    return Verdict(
        guilty=guilty,
        measured=mean,
        allowed=limit,
        unit="km/h",
        cannot_tell=np.select([blind, in_doubt], ["speed limits", "one road alone"], "").astype(object),
        trial=stretches["limit_source"] == "class default",
        leans_on=stretches["limit_leans_on"],
        evidence={
            **stretches.some("mean_kmh", "top_kmh", "held_s", "distance_m", "fixes"),
            **stretches.some("limit_source", "limit_name", "road", "way_ids"),
            "mean_excess": np.where(np.isfinite(excess), excess, np.nan),
            # Where the law of the place knows no bands there are none.
            "band": np.select(
                [
                    np.isnan(stretches["notable_ratio"]),
                    excess >= stretches["grave_ratio"],
                    excess >= stretches["notable_ratio"],
                ],
                ["", "half and more", "a fifth to a half"],
                "below a fifth",
            ),
        },
    )
