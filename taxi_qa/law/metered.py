"""What a ride's kilometres and waiting can have cost, when only their totals are known.

Each kilometre is priced at the moment it is driven, but a record gives only the boarding, the
alighting and the total. So the ride's time is cut where a price changes (night begins, the hours of
the return fee end), its distance where one changes (15 km, 25 km), and every way of spreading the
distance over the time in driving order is allowed, at any speed. The cheapest and the dearest of them
bound what is lawful. Between two cuts the price is the same, so only the cuts need trying: for each
stretch of distance in turn the best total is carried along the stretches of time.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_qa.law.calendar import in_window, local_ms, overlap_ms, overlaps_window
from taxi_qa.law.parameter import Window
from taxi_qa.law.terms import Terms
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_S

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rides:
    """Rides of one era as plain columns, all of the same length.

    Attributes:
        early_ms: first instant the ride can have begun.
        late_ms: last instant it can have ended.
        metered_m: metres on the meter.
        wait_low_s: shortest waiting possible.
        wait_high_s: longest waiting possible.
        board_early_ms: first instant of boarding possible.
        board_late_ms: last instant of boarding possible.
        electric: 1 electric, 0 not, -1 unknown.
    """

    early_ms: Int64s
    late_ms: Int64s
    metered_m: Floats
    wait_low_s: Floats
    wait_high_s: Floats
    board_early_ms: Int64s
    board_late_ms: Int64s
    electric: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Span:
    """The lowest and highest amounts in fen, unrounded, and what they leaned on."""

    low: Floats
    high: Floats
    used: dict[str, Bools]


def flagfall_span(rides: Rides, terms: Terms, zone: str) -> Span:
    """The flag-fall: by the car's energy, and by night where boarding can have been at night."""
    base = np.full(rides.metered_m.shape, terms.flagfall)
    low, high = base.copy(), base.copy()
    used: dict[str, Bools] = {}
    if terms.flagfall_electric is not None:
        low = np.where(rides.electric == 1, terms.flagfall_electric, low)
        high = np.where(rides.electric == 1, terms.flagfall_electric, high)
        low = np.where(rides.electric < 0, np.minimum(low, terms.flagfall_electric), low)
        high = np.where(rides.electric < 0, np.maximum(high, terms.flagfall_electric), high)
        used["electric"] = rides.electric != 0
    if terms.night_flagfall is not None and terms.night:
        ratio = terms.night_flagfall / terms.flagfall
        by_night = overlaps_window(rides.board_early_ms, rides.board_late_ms + 1, terms.night, zone)
        by_day = ~_whole(rides.board_early_ms, rides.board_late_ms + 1, terms.night, zone)
        low = np.where(by_day, low, low * ratio)
        high = np.where(by_night, high * ratio, high)
        used["night"] = by_night
    return Span(low, high, used)


def distance_span(rides: Rides, terms: Terms, zone: str, float_up: float = 0.0) -> tuple[Span, Floats]:
    """The kilometres beyond the flag-fall.

    Args:
        rides: of one era.
        terms: of that era.
        zone: the place's time zone.
        float_up: share by which prices may be raised inside the float's hours (the highest only).

    Returns:
        The span, and the highest price of one more kilometre at the ride's end (fen/km).
    """
    clock = _Clock(terms)
    edges, shares = _stretches(terms)
    km = rides.metered_m / 1000
    lengths = [
        np.clip(km - start, 0.0, end - start) for start, end in zip(edges, [*edges[1:], np.inf], strict=True)
    ]
    prices = np.asarray(
        [[clock.price(terms, share, state, float_up) for state in clock.states] for share in shares]
    )
    first, count = clock.reach(rides.early_ms, rides.late_ms, zone, len(edges))
    low, high = np.zeros(km.shape), np.zeros(km.shape)
    for pieces in np.unique(count):
        rows = np.flatnonzero(count == pieces)
        cut = [length[rows] for length in lengths]
        low[rows] = _best(cut, prices, first[rows], int(pieces), least=True)
        high[rows] = _best(cut, prices, first[rows], int(pieces), least=False)
    place = np.clip(np.searchsorted(np.asarray(edges), km, side="right") - 1, 0, None)
    last = np.zeros(km.shape)
    for step in range(int(count.max(initial=0))):
        here = prices[place, (first + step) % len(clock.states)]
        last = np.where(step < count, np.maximum(last, here), last)
    beyond = km > terms.flagfall_km
    by_night = (
        overlaps_window(rides.early_ms, rides.late_ms, terms.night, zone) if terms.night else ~beyond & False
    )
    share = np.asarray(shares)[place]
    return Span(low, high, {"night": beyond & by_night, "return": beyond & (share > 0)}), last


def waiting_span(rides: Rides, terms: Terms, zone: str, float_up: float = 0.0) -> Span:
    """Waiting: by the second, dearer at peak and by night where the tariff says so.

    The seconds of waiting may lie anywhere in the ride, so the highest fills the dearest hours first
    and the lowest the cheapest.
    """
    waiting = terms.waiting
    span_ms = rides.late_ms - rides.early_ms
    peak_ms = overlap_ms(rides.early_ms, rides.late_ms, waiting.peak, zone)
    night_ms = overlap_ms(rides.early_ms, rides.late_ms, terms.night, zone)
    float_ms = (
        overlap_ms(rides.early_ms, rides.late_ms, terms.float_window, zone) if float_up else 0 * span_ms
    )
    raised = 1 + terms.night_share if waiting.night != "plain" else 1.0
    sure = raised if waiting.night == "raised" else 1.0
    paid_low = np.maximum(rides.wait_low_s - waiting.free_s, 0.0)
    paid_high = np.maximum(rides.wait_high_s - waiting.free_s, 0.0)
    rest_ms = np.maximum(span_ms - peak_ms - night_ms, 0)
    low_classes = [(waiting.per_s, rest_ms), (waiting.per_s * sure, night_ms), (waiting.peak_per_s, peak_ms)]
    high_classes = [
        (waiting.per_s, rest_ms),
        (waiting.per_s * raised, night_ms),
        (waiting.peak_per_s, peak_ms),
        (waiting.per_s * (1 + float_up), float_ms),
    ]
    low = _fill(paid_low, sorted(low_classes, key=lambda one: one[0]))
    high = _fill(paid_high, sorted(high_classes, key=lambda one: -one[0]))
    waited = (paid_high > 0) & (waiting.per_s > 0)
    return Span(low, high, {"waiting": waited, "peak": waited & (peak_ms > 0)})


def units_span(rides: Rides, terms: Terms) -> Span:
    """A meter of units: distance and time accrue into one unit, and the begun unit is charged.

    With the first unit inside the flag-fall, `floor(units)` further ones have been charged. At least the
    distance accrues; at most all of the distance fast, and the waiting besides.
    """
    units = terms.units
    if units is None:
        raise ValueError("the tariff counts no units")
    by_distance = rides.metered_m / units.distance_m
    low = np.floor(np.maximum(by_distance, rides.wait_low_s / units.seconds) + 1e-9)
    high = np.floor(by_distance + rides.wait_high_s / units.seconds + 1e-9)
    return Span(low * units.fen, high * units.fen, {"waiting": rides.wait_high_s > 0})


class _Clock:
    """The times of day at which a kilometre's price changes, and the states between them."""

    def __init__(self, terms: Terms) -> None:
        self.windows: list[tuple[Window, ...]] = [terms.night, terms.return_hours, terms.float_window]
        ends = {
            end for windows in self.windows for window in windows for end in (window.from_ms, window.until_ms)
        }
        self.cuts = np.asarray(sorted(end % MS_PER_DAY for end in ends) or [0], dtype=np.int64)
        self.states = [
            tuple(bool(in_window(np.asarray([cut]), windows, "UTC")[0]) for windows in self.windows)
            for cut in self.cuts
        ]

    def reach(self, start_ms: Int64s, end_ms: Int64s, zone: str, stretches: int) -> tuple[Int64s, Int64s]:
        """The index of each ride's first state, and through how many states in turn it can have gone."""
        first = self._number(local_ms(start_ms, zone))
        last = self._number(local_ms(np.maximum(end_ms - 1, start_ms), zone))
        # Each stretch of distance can at most wait for the next day: more turns change nothing.
        enough = (stretches + 1) * len(self.states) + 1
        count = np.clip(last - first + 1, 1, enough)
        return first % len(self.states), count.astype(np.int64)

    def _number(self, local: Int64s) -> Int64s:
        place = np.searchsorted(self.cuts, local % MS_PER_DAY, side="right") - 1
        return (local // MS_PER_DAY) * self.cuts.size + place

    def price(self, terms: Terms, share: float, state: tuple[bool, ...], float_up: float) -> float:
        """Fen of a kilometre with a return share, in a state of the clock."""
        night, return_hours, floats = state
        share = share if return_hours or not terms.return_hours else 0.0
        night_share = terms.night_share if night else 0.0
        raised = float_up if floats else 0.0
        if terms.multiplicative:
            return terms.per_km * (1 + raised) * (1 + share) * (1 + night_share)
        return terms.per_km * (1 + raised + share + night_share)


def _stretches(terms: Terms) -> tuple[list[float], list[float]]:
    """Lower ends of the stretches of distance beyond the flag-fall (km), and their return shares."""
    bands = terms.return_share
    bounds = [bound for bound in bands.bounds if bound > terms.flagfall_km] if bands else []
    edges = [terms.flagfall_km, *bounds]
    shares = bands.at(np.asarray(edges)) if bands else np.zeros(len(edges))
    return edges, [float(share) for share in np.nan_to_num(shares)]


def _best(lengths: list[Floats], prices: Floats, first: Int64s, pieces: int, *, least: bool) -> Floats:
    """The least or greatest cost over all ways of driving the stretches in order through the states.

    Args:
        lengths: km in each stretch, float64[n] each.
        prices: fen/km by stretch and state.
        first: index of each ride's first state.
        pieces: through how many states the rides go.
        least: the cheapest way instead of the dearest.
    """
    better = np.minimum if least else np.maximum
    states = prices.shape[1]
    best = [np.zeros(first.shape) for _ in range(pieces)]
    for length, price in zip(lengths, prices, strict=True):
        reached = best[0]
        for piece in range(pieces):
            reached = better(reached, best[piece])
            best[piece] = reached + length * price[(first + piece) % states]
    return best[0] if pieces == 1 else (np.min(best, axis=0) if least else np.max(best, axis=0))


def _fill(seconds: Floats, classes: list[tuple[float, Int64s]]) -> Floats:
    """The cost of so many seconds, taken from the classes in their order as far as each reaches.

    Args:
        seconds: to be paid, float64[n].
        classes: price (fen/s) with the milliseconds there are of it; what is left over costs the last price.
    """
    left, cost = seconds.copy(), np.zeros(seconds.shape)
    for price, room_ms in classes[:-1]:
        part = np.minimum(left, room_ms / MS_PER_S)
        cost += part * price
        left = left - part
    return cost + left * classes[-1][0]


def _whole(start_ms: Int64s, end_ms: Int64s, windows: tuple[Window, ...], zone: str) -> Bools:
    """Which spans lie in the windows from end to end."""
    return overlap_ms(start_ms, end_ms, windows, zone) >= end_ms - start_ms
