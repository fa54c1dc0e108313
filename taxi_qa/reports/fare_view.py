"""What a ride should have cost, step by step, each yuan with the law it is priced by: for people to check.

The same tariff engine that judges answers here; a record leaves open when each kilometre was driven, so a
part, and the whole, may be a span from the lowest to the highest lawful amount.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from taxi_qa.law.fare_parts import Ride, fare_parts
from taxi_qa.law.parameter import Law
from taxi_qa.law.tariff import bands
from taxi_qa.law.terms import Terms, terms_at
from taxi_qa.reports.amounts import Said, both, missing_said
from taxi_qa.reports.summary import Citation, citations
from taxi_qa.reports.sums import Found, Step, fare_step, whole_fen
from taxi_qa.values.clock import MS_PER_MIN, MS_PER_S

_MINUTE_S: Final = MS_PER_MIN / MS_PER_S


@dataclass(frozen=True)
class FareView:
    """A lawful fare as people read it.

    Attributes:
        missing: what would be needed to say anything, None where all is there.
        doubt: why the figures may not be believed, None where nothing speaks against them.
        steps: how it comes about; the last is the most the meter may show.
        low_fen, high_fen: the lawful fare, before the step of the meter.
        most_fen: the most the meter may show, one step and rounding included.
        surcharge_most_fen: the highest lawful surcharges, None where the law is silent.
        citations: the law it leans on.
        unverified: it leans on a number nobody verified.
    """

    missing: Said | None
    doubt: Said | None
    steps: tuple[Step, ...] = ()
    low_fen: int = 0
    high_fen: int = 0
    most_fen: int = 0
    surcharge_most_fen: int | None = None
    citations: tuple[Citation, ...] = ()
    unverified: bool = False


@dataclass(frozen=True)
class Options:
    """What a place's tariff asks of a ride beyond kilometres and time.

    Attributes:
        by_energy: whether it matters what the car runs on.
        rate_codes: codes that add or multiply.
        zones: zone ids that matter for flat fares and surcharges.
    """

    by_energy: bool
    rate_codes: tuple[str, ...]
    zones: tuple[str, ...]


def options_at(law: Law, at_ms: int) -> Options:
    """What the tariff in force at a moment asks of a ride."""
    terms = terms_at(law, at_ms)
    codes = [*terms.rate_adds, *(["out_of_town"] if terms.out_of_town > 1 else [])]
    surcharges = terms.surcharges or ()
    codes += [one.only_for for one in surcharges if one.only_for]
    zones = {zone for flat in terms.flats for end in (flat.one_end, flat.other_end) for zone in end.zones}
    zones |= {zone for one in surcharges if one.areas for zone in one.areas.zones}
    by_energy = terms.flagfall_electric is not None or any(one.by_energy for one in surcharges)
    return Options(by_energy, tuple(sorted(set(codes))), tuple(sorted(zones)))


def usual_end_ms(law: Law, boarded_ms: int, metered_m: float, waiting_s: float) -> int:
    """When a ride would end that is driven as the house's settings take for ordinary."""
    kmh = terms_at(law, boarded_ms).ordinary_kmh or 30.0
    return boarded_ms + round((metered_m / 1000 / kmh * 3600 + waiting_s) * MS_PER_S)


def ride_of(trip: Mapping[str, Any], energy: str) -> tuple[Ride, tuple[str, str]]:
    """A trip's record as the tariff reads it, and its two zones; stamps by the minute are inexact by one."""
    boarded, alighted = int(trip["boarded_ms"]), int(trip["alighted_ms"])
    by_minute = boarded % MS_PER_MIN == 0 and alighted % MS_PER_MIN == 0
    waiting = trip["waiting_s"]
    ride = Ride(
        boarded,
        alighted,
        math.nan if trip["metered_m"] is None else float(trip["metered_m"]),
        math.nan if waiting is None else float(waiting),
        energy,
        str(trip["rate_code"] or ""),
        _MINUTE_S if by_minute else 0.0,
    )
    return ride, (str(trip["boarded_zone"] or ""), str(trip["alighted_zone"] or ""))


def fare_view(ride: Ride, law: Law, zones: tuple[str, str] = ("", "")) -> FareView:
    """What a ride should cost by the tariff of its day.

    Args:
        ride: as its record has it, or as somebody asks.
        law: of the place.
        zones: where it begins and ends, "" where nobody says.
    """
    numbers = ("boarded_ms", "alighted_ms", "metered_m", "waiting_s", "time_slack_s")
    texts = {
        "energy": ride.energy,
        "rate_code": ride.rate_code,
        "boarded_zone": zones[0],
        "alighted_zone": zones[1],
    }
    rows = {name: np.array([float(getattr(ride, name))]) for name in numbers}
    due = bands({**rows, **{name: np.array([text], dtype=object) for name, text in texts.items()}}, law)
    missing, doubt = str(due.missing[0]), str(due.doubt[0])
    if missing:
        return FareView(missing_said(missing, law), None)
    low, high, step = int(due.low_fen[0]), int(due.high_fen[0]), int(due.step_fen[0])
    surcharge = float(due.surcharge_high_fen[0])
    found = Found("", "fen", ride.boarded_ms, ride.alighted_ms, None, None, {}, law)
    steps = _steps(found, ride, terms_at(law, ride.boarded_ms), low, high)
    return FareView(
        missing=None,
        doubt=missing_said(doubt, law) if doubt else None,
        steps=(
            *steps,
            Step("=" if steps else "", both("按当日运价应收", "lawful fare by that day's tariff"),
                 found.range_said(low, high)),
            Step("+", both("计价器一跳及进位", "one meter step and rounding"), found.said(step)),
            Step("=", both("计价器最多可显示", "most the meter may show"), found.said(high + step),
                 is_result=True),
        ),
        low_fen=low,
        high_fen=high,
        most_fen=high + step,
        surcharge_most_fen=None if math.isnan(surcharge) else int(surcharge),
        citations=citations(str(due.leans_on[0]), law),
        unverified=bool(due.unverified[0]),
    )  # fmt: skip


def _steps(found: Found, ride: Ride, terms: Terms, low: int, high: int) -> tuple[Step, ...]:
    """The parts by the meter, where they add up to the whole; a flat fare or a meter of units has none."""
    parts = () if terms.missing else fare_parts(ride, found.law)
    sums = (sum(part.low_fen for part in parts), sum(part.high_fen for part in parts))
    if not parts or any(abs(one - other) > 1 for one, other in zip(sums, (low, high), strict=True)):
        return ()
    lows, highs = whole_fen([p.low_fen for p in parts], low), whole_fen([p.high_fen for p in parts], high)
    return tuple(fare_step(found, *one) for one in zip(parts, lows, highs, strict=True))
