"""What the parts of one lawful fare are: flag-fall, kilometres, waiting, each with its lowest and highest."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from taxi_qa.law.metered import distance_span, flagfall_span, waiting_span
from taxi_qa.law.parameter import Law
from taxi_qa.law.tariff import ORDINARY_CODES, rides_of
from taxi_qa.law.terms import terms_at

_WAITING: Final = ("fare.waiting.per_h", "fare.waiting.per_min", "fare.waiting.adds_km")


@dataclass(frozen=True)
class FarePart:
    """One part of a fare.

    Attributes:
        name: which.
        low_fen, high_fen: unrounded.
        quantity: kilometres the flag-fall covers, kilometres beyond it, seconds of waiting at most.
        path: the number of law it is priced by, in the main.
    """

    name: Literal["flagfall", "distance", "waiting"]
    low_fen: float
    high_fen: float
    quantity: float
    path: str


@dataclass(frozen=True)
class Ride:
    """A ride as its record has it; waiting is NaN where it is unknown, energy and rate_code ""."""

    boarded_ms: int
    alighted_ms: int
    metered_m: float
    waiting_s: float
    energy: str
    rate_code: str
    time_slack_s: float


def fare_parts(ride: Ride, law: Law) -> tuple[FarePart, ...]:
    """The parts of a ride's lawful fare by the meter, in the order in which they are added.

    Returns:
        Nothing where the tariff of the day is no such sum: not in force, a meter of units, a flat fare, a
        rate code that adds or multiplies.
    """
    terms = terms_at(law, ride.boarded_ms)
    if terms.missing or terms.units or ride.rate_code not in ORDINARY_CODES:
        return ()
    numbers = ("boarded_ms", "alighted_ms", "metered_m", "waiting_s", "time_slack_s")
    rows = {name: np.array([float(getattr(ride, name))]) for name in numbers}
    rides, _ = rides_of({**rows, "energy": np.array([ride.energy], dtype=object)}, terms)
    zone = law.timezone
    flagfall, waiting = flagfall_span(rides, terms, zone), waiting_span(rides, terms, zone)
    distance, _ = distance_span(rides, terms, zone)
    beyond_km = max(0.0, ride.metered_m / 1000 - terms.flagfall_km)
    priced = "fare.flagfall_electric" if flagfall.used.get("electric") is not None else "fare.flagfall"
    by_time = next((name for name in _WAITING if name in law), "")
    return (
        FarePart("flagfall", float(flagfall.low[0]), float(flagfall.high[0]), terms.flagfall_km, priced),
        FarePart("distance", float(distance.low[0]), float(distance.high[0]), beyond_km, "fare.per_km"),
        FarePart(
            "waiting", float(waiting.low[0]), float(waiting.high[0]), float(rides.wait_high_s[0]), by_time
        ),
    )
