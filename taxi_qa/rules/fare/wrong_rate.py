"""A rate of the meter used at the wrong hour or place."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="fare.wrong_rate",
    clause="六.5",
    title_zh="错用计价档：时段或地点不符",
    judges="trips",
    sources=("meter", "gnss"),
    needs=("trips",),
)
def wrong_rate(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - the hours and areas stand in the trips
    """The night, return, out-of-town or flat rate was used at an hour or place it does not belong to.

    Why it matters: each rate has its hours, its distance or its area; a dearer one elsewhere is an
        overcharge in disguise (六.5).
    Evidence: the rate, the trip's times and distance, both ends.
    Cannot tell: no rate code or an unknown one; a law that knows no such rate; ends not known; a meter
        clock that disagrees with the satellites' time (that is a ticket for the meter, not an offence).
    Looks like it, but is not: a ride that touches the night by a minute; a fare paid into or out of town;
        the cheaper day rate by night.
    """
    fits = trips["rate_fits"]
    wrong = fits == 0
    clock = trips["meter_clock_doubt"] & wrong & (trips["rate_code"] == "night")
    cannot_tell = np.select([clock, np.isnan(fits)], ["meter clock", trips["rate_missing"]], "")
    return Verdict(
        guilty=wrong,
        measured=wrong.astype(np.float64),
        allowed=np.zeros(len(trips)),
        unit="count",
        cannot_tell=cannot_tell.astype(object),
        leans_on=trips["rate_leans_on"],
        sources=np.where(trips["fixes"] > 0, "meter+gnss", "meter").astype(object),
        evidence=trips.some("rate_code", "metered_m", "boarded_zone", "alighted_zone", "fare_fen"),
    )
