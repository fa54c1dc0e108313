"""The vector engine against plain loops, and against rides that are driven kilometre by kilometre.

The first half is a second tariff, written as plain loops over one trip with Decimal: the oracle. It
shares no code with `taxi_qa.law.tariff`, only the numbers come from the same files, and it tries every
way of spreading the stretches of distance over the stretches of time in driving order.
"""

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import combinations_with_replacement, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.law.parameter import Bands, Law, Window
from taxi_qa.law.read import read_law
from taxi_qa.law.tariff import price


@dataclass(frozen=True)
class Plain:
    """The numbers of a tariff at one moment."""

    zone: ZoneInfo
    value: Mapping[str, Any]

    def number(self, path: str, otherwise: str = "0") -> Decimal:
        found = self.value.get(path)
        return Decimal(otherwise) if found is None else Decimal(str(found))


def plain_terms(law: Law, instant_ms: int) -> Plain:
    """Everything in force at one moment, found by walking through the versions."""
    value = {}
    for path, parameter in law.parameters.items():
        for version in parameter.versions:
            if version.start_ms <= instant_ms:
                value[path] = version.value
    return Plain(ZoneInfo(law.timezone), {path: found for path, found in value.items() if found is not None})


def in_windows(plain: Plain, path: str, moment_s: Decimal) -> bool:
    """Whether the clock of the place lies in one of the windows of a parameter."""
    moment = dt.datetime.fromtimestamp(int(moment_s.to_integral_value(ROUND_FLOOR)), tz=plain.zone)
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    for window in plain.value.get(path, ()):
        assert isinstance(window, Window)
        start, end = window.from_ms // 1000, window.until_ms // 1000
        if (start <= second < end) if start < end else (second >= start or second < end):
            return True
    return False


def share_at(plain: Plain, km: Decimal) -> Decimal:
    """The return share of a kilometre that begins at `km`."""
    bands = plain.value.get("fare.return.share")
    found = Decimal(0)
    if isinstance(bands, Bands):
        for bound, share in zip(bands.bounds, bands.values, strict=True):
            if km >= Decimal(str(bound)):
                found = Decimal(str(share))
    return found


def night_share(plain: Plain) -> Decimal:
    if "fare.night.per_km_adds" in plain.value:
        return plain.number("fare.night.per_km_adds") / plain.number("fare.per_km")
    return plain.number("fare.night.share")


def km_price(plain: Plain, km: Decimal, moment_s: Decimal) -> Decimal:
    """Fen of a kilometre that begins at `km` and is driven at a moment."""
    share = share_at(plain, km)
    if "fare.return.hours" in plain.value and not in_windows(plain, "fare.return.hours", moment_s):
        share = Decimal(0)
    night = night_share(plain) if in_windows(plain, "fare.night.window", moment_s) else Decimal(0)
    per_km = plain.number("fare.per_km")
    if plain.value.get("fare.composition") == "multiplicative":
        return per_km * (1 + share) * (1 + night)
    return per_km * (1 + share + night)


def flagfall(plain: Plain, moment_s: Decimal, energy: str) -> Decimal:
    """The flag-fall for a boarding at a moment."""
    found = plain.number("fare.flagfall")
    ratio = Decimal(1)
    if in_windows(plain, "fare.night.window", moment_s):
        if "fare.night.flagfall" in plain.value:
            ratio = plain.number("fare.night.flagfall") / found
        elif plain.value.get("fare.night.applies_to") == "flagfall_and_per_km":
            ratio = 1 + night_share(plain)
    if energy == "electric" and "fare.flagfall_electric" in plain.value:
        found = plain.number("fare.flagfall_electric")
    return found * ratio


def waiting_price(plain: Plain, moment_s: Decimal, *, raised: bool) -> Decimal:
    """Fen of a second of waiting at a moment; `raised` takes an unstated night surcharge as given."""
    per_s = plain.number("fare.waiting.per_min") / 60 + plain.number("fare.waiting.per_h") / 3600
    if "fare.waiting.each_s" in plain.value:
        adds = plain.number("fare.waiting.adds_km")
        if "fare.waiting.peak" in plain.value and in_windows(plain, "fare.waiting.peak", moment_s):
            adds = plain.number("fare.waiting.peak_adds_km")
        per_s += adds * plain.number("fare.per_km") / plain.number("fare.waiting.each_s")
    if raised and in_windows(plain, "fare.night.window", moment_s):
        per_s *= 1 + night_share(plain)
    return per_s


def plain_band(law: Law, trip: Mapping[str, Any]) -> tuple[int, int]:
    """The lowest and highest lawful fare (fen) of one trip whose waiting and energy are known.

    `boarded_ms` and `alighted_ms` are exact here, to the second.
    """
    plain = plain_terms(law, trip["boarded_ms"])
    start, end = Decimal(trip["boarded_ms"]) / 1000, Decimal(trip["alighted_ms"]) / 1000
    begin = flagfall(plain, start, trip["energy"])
    moments = _moments(plain, start, end)
    stretches = _stretches(plain, Decimal(str(trip["metered_m"])) / 1000)
    costs = [
        sum(
            (
                length * km_price(plain, km, moments[at])
                for (km, length), at in zip(stretches, ways, strict=True)
            ),
            Decimal(0),
        )
        for ways in combinations_with_replacement(range(len(moments)), len(stretches))
    ]
    waits = _waiting_band(plain, start, end, Decimal(str(trip["waiting_s"])))
    low, high = begin + min(costs) + waits[0], begin + max(costs) + waits[1]
    return tuple(int(fen.to_integral_value(ROUND_HALF_UP)) for fen in (low, high))  # type: ignore[return-value]


def _moments(plain: Plain, start: Decimal, end: Decimal) -> list[Decimal]:
    """One moment of each stretch of time between changes of a price, in order."""
    found = [start]
    second = start.to_integral_value(ROUND_FLOOR) // 60 * 60 + 60
    while second < end:
        state = [in_windows(plain, path, second) for path in ("fare.night.window", "fare.return.hours")]
        last = [in_windows(plain, path, found[-1]) for path in ("fare.night.window", "fare.return.hours")]
        if state != last:
            found.append(second)
        second += 60
    return found


def _stretches(plain: Plain, km: Decimal) -> list[tuple[Decimal, Decimal]]:
    """Begin and length of each stretch of distance beyond the flag-fall (km)."""
    edge = plain.number("fare.flagfall_km")
    bands = plain.value.get("fare.return.share")
    bounds = [Decimal(str(bound)) for bound in bands.bounds] if isinstance(bands, Bands) else []
    edges = [edge, *[bound for bound in bounds if bound > edge], Decimal(10**6)]
    return [(a, min(km, b) - a) for a, b in pairwise(edges) if km > a]


def _waiting_band(plain: Plain, start: Decimal, end: Decimal, waiting_s: Decimal) -> tuple[Decimal, Decimal]:
    """Cheapest and dearest choice of the ride's seconds to have waited in."""
    waiting_s = min(waiting_s, end - start)
    word = plain.value.get("fare.waiting.night", "plain")
    bounds = []
    for raised, dearest in ((word == "raised", False), (word != "plain", True)):
        prices = sorted(
            (waiting_price(plain, start + second, raised=raised) for second in range(int(end - start))),
            reverse=dearest,
        )
        whole = int(waiting_s)
        bounds.append(sum(prices[:whole], Decimal(0)))
    return bounds[0], bounds[1]


read = lru_cache(read_law)
KM_PLACES = ["beijing", "example-additive", "guangzhou", "hangzhou", "shanghai", "shenzhen", "zhongshan"]
FIRST = {"guangzhou": 2020, "hangzhou": 2020}


@st.composite
def trips(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A place and a trip of whole seconds, often over a change of price."""
    place = draw(st.sampled_from(KM_PLACES))
    year = draw(st.integers(FIRST.get(place, 2019), 2026))
    day = dt.date(year, 1, 1) + dt.timedelta(days=draw(st.integers(0, 364)))
    minute = draw(
        st.one_of(st.integers(0, 24 * 60 - 1), st.integers(22 * 60, 23 * 60 + 30), st.integers(240, 400))
    )
    boarded = pd.Timestamp(day, tz=read(place).timezone) + pd.Timedelta(minutes=minute)
    lasted_s = draw(st.integers(60, 2 * 3600))
    start = round(boarded.timestamp() * 1000)
    trip = {
        "boarded_ms": start,
        "alighted_ms": start + lasted_s * 1000,
        "metered_m": draw(st.integers(1, 800)) * 100,
        "waiting_s": draw(st.integers(0, lasted_s)),
        "energy": draw(st.sampled_from(["electric", "combustion"])),
    }
    return place, trip


def band(place: str, trip: dict[str, Any], **changes: Any) -> pd.Series:  # noqa: ANN401 - columns of any type
    return price(pd.DataFrame([trip | changes]), read(place)).iloc[0]


@settings(max_examples=40, deadline=None)
@given(trips())
def test_the_vector_agrees_with_the_plain_loop(given_trip: tuple[str, dict[str, Any]]) -> None:
    place, trip = given_trip
    answer = band(place, trip)
    assert answer["missing"] == ""
    low, high = plain_band(read(place), trip)
    # Decimal and float may fall on different sides of half a fen.
    assert abs(int(answer["low_fen"]) - low) <= 1
    assert abs(int(answer["high_fen"]) - high) <= 1


@settings(max_examples=40, deadline=None)
@given(trips(), st.integers(1, 200))
def test_more_kilometres_are_never_cheaper(given_trip: tuple[str, dict[str, Any]], more: int) -> None:
    place, trip = given_trip
    less, longer = band(place, trip), band(place, trip, metered_m=trip["metered_m"] + 100 * more)
    assert longer["low_fen"] >= less["low_fen"]
    assert longer["high_fen"] >= less["high_fen"]


@settings(max_examples=40, deadline=None)
@given(trips())
def test_knowing_less_never_narrows_the_band(given_trip: tuple[str, dict[str, Any]]) -> None:
    place, trip = given_trip
    known = band(place, trip)
    for unknown in ({"waiting_s": np.nan}, {"energy": ""}, {"time_slack_s": 60.0}):
        wider = band(place, trip, **unknown)
        assert wider["low_fen"] <= known["low_fen"]
        assert wider["high_fen"] >= known["high_fen"]


@settings(max_examples=40, deadline=None)
@given(trips(), st.integers(0, 2**32), st.booleans(), st.booleans())
def test_the_band_holds_every_ride_that_may_have_been_driven(
    given_trip: tuple[str, dict[str, Any]], seed: int, by_minute: bool, waiting_known: bool
) -> None:
    """Kilometres at random moments, waiting at random seconds; stamps cut to the minute or exact."""
    place, trip = given_trip
    law, chance = read(place), random.Random(seed)  # noqa: S311 - no secret
    plain = plain_terms(law, trip["boarded_ms"])
    start, end = trip["boarded_ms"] // 1000, trip["alighted_ms"] // 1000
    pieces = chance.randint(1, 12)
    moments = sorted(Decimal(chance.randint(start, end - 1)) for _ in range(pieces))
    edges = sorted(
        {0, trip["metered_m"], *(chance.randint(0, trip["metered_m"] // 10) * 10 for _ in range(pieces - 1))}
    )
    total = flagfall(plain, Decimal(start), trip["energy"])
    covered = plain.number("fare.flagfall_km")
    for place_m, next_m, moment in zip(edges, edges[1:], moments, strict=False):
        at = Decimal(place_m) / 1000
        while at < Decimal(next_m) / 1000:  # walk 10 m at a time, so that no band is stepped over
            step = min(Decimal("0.01"), Decimal(next_m) / 1000 - at)
            total += km_price(plain, at, moment) * step if at >= covered else 0
            at += step
    waited = chance.sample(range(start, end), trip["waiting_s"])
    raised = plain.value.get("fare.waiting.night", "plain") != "plain" and chance.random() < 0.5
    total += sum((waiting_price(plain, Decimal(second), raised=raised) for second in waited), Decimal(0))
    fare = int(total.to_integral_value(ROUND_HALF_UP))
    shown = dict(trip)
    if by_minute:
        shown |= {end: trip[end] // 60_000 * 60_000 for end in ("boarded_ms", "alighted_ms")}
        shown["time_slack_s"] = 60.0
        shown["waiting_s"] = trip["waiting_s"] // 60 * 60
    if not waiting_known:
        shown["waiting_s"] = np.nan
    answer = band(place, shown)
    assert answer["low_fen"] - 1 <= fare <= answer["high_fen"] + 1


@settings(max_examples=40, deadline=None)
@given(st.lists(trips(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    rows: list[tuple[str, dict[str, Any]]], chance: random.Random
) -> None:
    frame = pd.DataFrame([trip for _, trip in rows])
    law = read("shenzhen")
    together = price(frame, law)
    order = list(frame.index)
    chance.shuffle(order)
    pd.testing.assert_frame_equal(price(frame.loc[order], law).loc[frame.index], together)
    alone = pd.concat([price(frame.loc[[row]], law) for row in frame.index])
    pd.testing.assert_frame_equal(alone, together)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0, 40),
    st.integers(0, 5400),
    st.one_of(st.none(), st.integers(0, 5400)),
    st.sampled_from([2018, 2024]),
)
def test_units_of_distance_and_time_combine(
    miles: float, lasted_s: int, waiting_s: int | None, year: int
) -> None:
    """New York: the begun unit is charged; a ride driven minute by minute stays in the band."""
    start = round(pd.Timestamp(f"{year}-05-02 12:00", tz="America/New_York").timestamp() * 1000)
    trip = {
        "boarded_ms": start,
        "alighted_ms": start + lasted_s * 1000,
        "metered_m": miles * 1609.344,
        "waiting_s": np.nan if waiting_s is None else waiting_s,
        "rate_code": "metered",
    }
    answer = band("nyc", trip)
    first, unit = (250, 50) if year < 2023 else (300, 70)
    slow_s = lasted_s if waiting_s is None else min(waiting_s, lasted_s)
    assert answer["high_fen"] == first + unit * int(miles * 5 + slow_s / 60 + 1e-9)
    assert answer["low_fen"] <= answer["high_fen"]
    assert answer["low_fen"] >= first + unit * int(miles * 5 - 1e-6)


@pytest.mark.parametrize("place", KM_PLACES)
def test_days_of_nonsense_are_answered_in_bounded_time(place: str) -> None:
    """A ride of ten years is no ride, but it must not cost ten years of stretches."""
    start = round(pd.Timestamp("2020-05-01", tz="UTC").timestamp() * 1000)
    frame = pd.DataFrame(
        {"boarded_ms": [start], "alighted_ms": [start + 10 * 365 * 86_400_000], "metered_m": [50_000.0]}
    )
    assert price(frame, read(place))["doubt"].iloc[0] == "plausible alighted_ms"
