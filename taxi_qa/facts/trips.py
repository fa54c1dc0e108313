"""Metered trips with what the track, the seats, the register and the tariff say of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.clocks import clock_doubt
from taxi_qa.facts.given import (
    Given,
    events_of,
    instants,
    looked_up,
    numbers,
    positions_of,
    sent_on,
    words,
)
from taxi_qa.facts.places import inside_city
from taxi_qa.facts.rates import RATE_COLUMNS, rate_fits
from taxi_qa.facts.seats import SENSOR_DAYS, seat_times
from taxi_qa.facts.spans import along, place_at, standing_s
from taxi_qa.facts.unit import unit_rows
from taxi_qa.facts.who import candidate_at, named, near_handover, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.law.tariff import Bands, bands
from taxi_qa.values.clock import MS_PER_MIN, city_day
from taxi_qa.values.columns import Columns, Values
from taxi_qa.values.place import DATUMS, to_wgs84

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STANDS_BELOW_KMH: Final = 3.0
_FAR_DAY: Final = 1_000_000  # after every day


def metered_trips(given: Given, law: Law) -> Columns:
    """The trips that began in the span, each with everything the trip rules read.

    Returns:
        Unit columns and:
        metered_m, waiting_s, fare_fen, surcharge_fen, tolls_fen, paid_fen, tip_fen (float, NaN unknown);
        payment, rate_code, boarded_zone, alighted_zone (text, "" unknown);
        slack_s: how inexact both times may be (60 where both stand on the minute);
        fixes, longest_gap_s, leaps, chord_low_m, chord_high_m, ride_low_m, ride_high_m: by the track, low
            without and high with the slack;
        due_low_fen, due_high_fen, trial_high_fen, step_fen, surcharge_high_fen, fare_missing, fare_doubt,
            fare_leans_on, fare_unverified: by the tariff (`law.tariff.price`);
        rate_fits, rate_missing, rate_leans_on: by `rates.rate_fits`; meter_clock_doubt: the meter's times
            disagree with the loaded flag's, or the meter reported its clock;
        meter_unverified: "" or the ticket of a meter repair that was not reverified by then;
        boarded_in_city, alighted_in_city (1, 0, NaN unknown), area_leans_on;
        is_identified (the trip names a driver or a shift covers it), at_handover, has_sign_ins (the home
            holds sign-ins within a week), mismatch (a driver_mismatch event within the trip);
        the columns of `seats.seat_times`; early_stand_s, early_move_m, early_gap_s: metered standing and
            moving before the boarding event, and how well it was seen.
    """
    table = given.tables["trips"]
    boarded = instants(table["boarded_ms"], 0)
    rows = np.flatnonzero((boarded >= given.from_ms) & (boarded < given.to_ms))
    names, trip_ids = (words(table[name])[rows].astype(str) for name in ("vehicle_id", "trip_id"))
    table = table.iloc[rows[np.lexsort((trip_ids, boarded[rows], names))]].reset_index(drop=True)
    times = _Times(
        instants(table["boarded_ms"], 0),
        instants(table["alighted_ms"], 0),
        positions_of(given.track.vehicle_ids, table["vehicle_id"]),
    )
    columns: dict[str, npt.NDArray[np.generic]] = {
        "subject": words(table["trip_id"]),
        "trip_id": words(table["trip_id"]),
        "vehicle_id": words(table["vehicle_id"]),
        "start_ms": times.boarded,
        "end_ms": times.alighted,
        "slack_s": times.slack_s,
    }
    for name in ("metered_m", "waiting_s", "fare_fen", "surcharge_fen", "tolls_fen", "paid_fen", "tip_fen"):
        columns[name] = numbers(table[name])
    for name in ("payment", "rate_code", "boarded_zone", "alighted_zone"):
        columns[name] = words(table[name])
    columns |= _seen_by_track(given, times)
    columns |= _places(given, law, table, times)
    columns |= _who(given, law, table, times)
    columns |= _seats(given, words(table["vehicle_id"]), times)
    columns["meter_unverified"] = _meter_unverified(given, words(table["vehicle_id"]), times.boarded)
    columns |= _prices(given, law, columns)
    columns |= rate_fits(Columns(Columns(columns).some(*RATE_COLUMNS)), law)
    columns["meter_clock_doubt"] = clock_doubt(
        given, words(table["vehicle_id"]), times.boarded, times.alighted
    )
    return unit_rows(given, columns)


@dataclass(frozen=True)
class _Times:
    """Both ends of each trip and its car's place in the track."""

    boarded: Int64s
    alighted: Int64s
    vehicle: Int64s

    @property
    def slack_ms(self) -> Int64s:
        """A terminal that sends whole minutes cuts the seconds off both ends."""
        on_the_minute = (self.boarded % MS_PER_MIN == 0) & (self.alighted % MS_PER_MIN == 0)
        return np.where(on_the_minute, MS_PER_MIN, 0).astype(np.int64)

    @property
    def slack_s(self) -> Floats:
        result: Floats = self.slack_ms / 1000.0
        return result


def _seen_by_track(given: Given, times: _Times) -> dict[str, npt.NDArray[np.generic]]:
    """Low: the shortest the times allow (boarded a minute later); high: the longest (alighted one later)."""
    low = along(given.track, times.vehicle, times.boarded + times.slack_ms, times.alighted)
    high = low
    if times.slack_ms.any():
        high = along(given.track, times.vehicle, times.boarded, times.alighted + times.slack_ms)
    # A trip within one minute has no sure part at all: its low end is nothing.
    nothing = times.boarded + times.slack_ms > times.alighted
    return {
        "fixes": high.fixes,
        "longest_gap_s": high.longest_gap_s,
        "leaps": high.leaps,
        "chord_low_m": np.where(nothing, 0.0, low.chord_m),
        "chord_high_m": high.chord_m,
        "ride_low_m": np.where(nothing, 0.0, low.ride_m),
        "ride_high_m": high.ride_m,
    }


def _places(given: Given, law: Law, table: pd.DataFrame, times: _Times) -> dict[str, npt.NDArray[np.generic]]:
    """Where both ends lie: by the record's own places, else by the track, else by its zones."""
    columns: dict[str, npt.NDArray[np.generic]] = {}
    datum = words(table["datum"])
    leans_on = np.full(len(table), "", dtype=object)
    for end, moments in (("boarded", times.boarded), ("alighted", times.alighted)):
        lon, lat = numbers(table[f"{end}_lon"]), numbers(table[f"{end}_lat"])
        for name in DATUMS[1:]:
            rows = datum == name
            if rows.any():
                # Not in place: what comes out of a frame may not be written to.
                true_lon, true_lat = to_wgs84(lon, lat, name)
                lon, lat = np.where(rows, true_lon, lon), np.where(rows, true_lat, lat)
        own = ~np.isnan(lon) & ~np.isnan(lat) & ((np.abs(lon) > 0.0001) | (np.abs(lat) > 0.0001))  # noqa: PLR2004 - 0,0
        track_lon, track_lat = place_at(given.track, times.vehicle, moments)
        lon, lat = np.where(own, lon, track_lon), np.where(own, lat, track_lat)
        inside, by = inside_city(given, law, lon, lat, words(table[f"{end}_zone"]), moments)
        columns[f"{end}_in_city"] = inside
        leans_on = np.where(leans_on == "", by, leans_on)
        if end == "boarded":
            columns["lon"], columns["lat"] = lon, lat
    columns["area_leans_on"] = leans_on
    return columns


def _who(given: Given, law: Law, table: pd.DataFrame, times: _Times) -> dict[str, npt.NDArray[np.generic]]:
    own = words(table["driver_id"])
    known = given.once("sign_ins", signed_in)
    which, covered = candidate_at(known, words(table["vehicle_id"]), times.boarded)
    handover_ms = int(law.number("house.licence.handover_s", given.from_ms) * 1000)
    of_shifts = positions_of(known.vehicle_ids, table["vehicle_id"])
    days = city_day(times.boarded, given.zone)
    return {
        "driver_id": np.where(own != "", own, named(known, which)).astype(object),
        "is_identified": (own != "") | covered,
        # A meter of whole minutes may have started up to a minute later, nearer the next sign-in.
        "at_handover": np.logical_or.reduce(
            [
                near_handover(known.starts, known.start_ms, known.end_ms, of_shifts, begun, handover_ms)
                for begun in (times.boarded, times.boarded + times.slack_ms)
            ]
        ),
        "has_sign_ins": sent_on(given, "shifts", days, SENSOR_DAYS),
        "mismatch": _mismatch(given, words(table["vehicle_id"]), times),
    }


def _mismatch(given: Given, vehicle_id: npt.NDArray[np.object_], times: _Times) -> npt.NDArray[np.bool_]:
    """Whether a camera or card reader reported another driver within the trip."""
    hit = np.zeros(vehicle_id.size, dtype=bool)
    for name, moment in events_of(given, "driver_mismatch"):
        hit |= (vehicle_id == name) & (times.boarded <= moment) & (moment <= times.alighted)
    return hit


def _seats(
    given: Given, vehicle_id: npt.NDArray[np.object_], times: _Times
) -> dict[str, npt.NDArray[np.generic]]:
    seats = seat_times(given, vehicle_id, times.boarded, times.alighted)
    # The metered time before the passengers sat down, at its shortest: the meter may have started up to
    # the slack after its stamp.
    started = times.boarded + times.slack_ms
    seated = np.where(np.isnan(seats["boarded_event_ms"]), 0, seats["boarded_event_ms"]).astype(np.int64)
    before = (seated > started) & ~np.isnan(seats["boarded_event_ms"])
    until = np.where(before, seated, started)
    moved = along(given.track, times.vehicle, started, until)
    stood = standing_s(given.track, times.vehicle, started, until, _STANDS_BELOW_KMH)
    return {
        **seats,
        "early_stand_s": np.where(before, stood, 0.0),
        "early_move_m": np.where(before, moved.chord_m, 0.0),
        "early_gap_s": np.where(before, moved.longest_gap_s, 0.0),
    }


def _meter_unverified(
    given: Given, vehicle_id: npt.NDArray[np.object_], boarded_ms: Int64s
) -> npt.NDArray[np.object_]:
    """The ticket of a repair after which the meter was not yet proven again at boarding, "" if none."""
    repairs = given.tables["repairs"]
    repairs = repairs[words(repairs["device"]) == "meter"]
    since = instants(repairs["repaired_ms"].fillna(repairs["reported_ms"]), 0)
    proven_day = instants(repairs["reverified_on_day"], _FAR_DAY)
    days = city_day(boarded_ms, given.zone)
    ticket = np.full(vehicle_id.size, "", dtype=object)
    of_repairs = zip(
        words(repairs["vehicle_id"]), words(repairs["ticket_id"]), since, proven_day, strict=True
    )
    for name, ticket_id, from_ms, until_day in of_repairs:
        ticket[(vehicle_id == name) & (boarded_ms >= from_ms) & (days < until_day)] = ticket_id
    return ticket


def fare_bands(given: Given, law: Law, columns: Mapping[str, Values] | Columns) -> Bands:
    """The lawful fares of trips.

    Args:
        given: for the register.
        law: of the place.
        columns: vehicle_id, start_ms, end_ms, slack_s, metered_m, waiting_s, rate_code and both zones.
    """
    register = given.tables["vehicles"]
    energy = dict(zip(words(register["vehicle_id"]), words(register["energy"]), strict=True))
    return bands(
        {
            "boarded_ms": columns["start_ms"],
            "alighted_ms": columns["end_ms"],
            "metered_m": columns["metered_m"],
            "waiting_s": columns["waiting_s"],
            "energy": looked_up(columns["vehicle_id"], lambda name: energy.get(name, ""), object),
            "rate_code": columns["rate_code"],
            "time_slack_s": columns["slack_s"],
            "boarded_zone": columns["boarded_zone"],
            "alighted_zone": columns["alighted_zone"],
        },
        law,
    )


def _prices(given: Given, law: Law, columns: Mapping[str, Values]) -> dict[str, Values]:
    due = fare_bands(given, law, columns)
    return {
        "due_low_fen": due.low_fen.astype(np.float64),
        "due_high_fen": due.high_fen.astype(np.float64),
        "step_fen": due.step_fen.astype(np.float64),
        "surcharge_high_fen": due.surcharge_high_fen,
        "trial_high_fen": due.trial_high_fen.astype(np.float64),
        "fare_missing": due.missing,
        "fare_doubt": due.doubt,
        "fare_leans_on": due.leans_on,
        "fare_unverified": due.unverified,
    }
