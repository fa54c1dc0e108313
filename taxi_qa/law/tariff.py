"""The fare a place's tariff allows for each trip: the lowest and the highest, to the fen.

A tariff is data. Every trait the cities show is a parameter under `fare.`, and one engine carries them:

* flag-fall that covers some kilometres, also another one for electric cars or by night;
* a price per kilometre, raised by an empty-return share in steps of distance (`fare.return.share`),
  in some cities only in some hours;
* a night share on the kilometres alone or on the flag-fall too; return and night shares add up or
  multiply (`fare.composition`);
* waiting as money by the minute or hour, or as kilometres added by each span of waiting, dearer at
  peak, never raised by the return share;
* a meter of units that combine distance and time and are charged in advance (`fare.units`);
* flat fares between two areas, a factor out of town, amounts a rate code adds;
* a float that companies may choose (`fare.float`), and surcharges beside the fare.

**Why a band.** A record holds totals: kilometres, boarding, alighting, sometimes waiting. The law
prices each kilometre at the moment it is driven. So `price` answers with the lowest and the highest
fare over everything the record leaves open: how fast the car went when, what time it stood, which car
it was, how exact its clock is. A fare inside the band is lawful as far as anybody can tell.

**What the columns mean.** With `limit = high_fen + step_fen`, a fare is

* *clean* where `fare_fen <= limit`;
* *cannot tell* where `missing` is not empty, or where it is above the limit and `doubt` is not empty
  (its times or kilometres cannot be believed, or its price was agreed);
* *found* else, and only a lead where `unverified`, or where `fare_fen <= trial_high_fen + step_fen`
  (the company may have filed an upward float).

Exactly at the limit is lawful. `step_fen` is one step of the meter (0.1 km of the highest price in
force at the ride's end, or one unit) and the meter's rounding; it is cut so that the limit is exact to
the fen although `high_fen` is itself rounded.

**Unknown is not zero.** A trip before the first day of a tariff, or under a parameter whose value was
never seen, gets `missing` with the name of that law and no amounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.law.metered import Rides, Span, distance_span, flagfall_span, units_span, waiting_span
from taxi_qa.law.parameter import Law
from taxi_qa.law.surcharges import highest_fen
from taxi_qa.law.terms import PARTS, Flat, Terms, era_starts, terms_at
from taxi_qa.values.clock import MS_PER_S
from taxi_qa.values.money import round_half_up

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Rows = Mapping[str, npt.NDArray[Any]]

# Rate codes that change nothing in the price: the meter switches by itself (whether the code was right
# is another rule's question).
ORDINARY_CODES: Final = frozenset({"", "metered", "day", "night", "return"})

NO_KM: Final = "metered_m"
NO_BOARDING: Final = "boarded_ms"
NO_ALIGHTING: Final = "alighted_ms"
ODD_KM: Final = "plausible metered_m"
ODD_ALIGHTING: Final = "plausible alighted_ms"
AGREED: Final = "agreed price"
ODD_CODE: Final = "known rate_code"
NO_FLAT: Final = "law fare.flat"

_TEXTS: Final = ("energy", "rate_code", "boarded_zone", "alighted_zone")
_NUMBERS: Final = ("waiting_s", "time_slack_s")
_ELECTRIC: Final = {"electric": 1, "": -1}


@dataclass(frozen=True)
class Bands:
    """The band of lawful fares of each ride; what the columns mean stands in the module's text.

    Attributes:
        low_fen, high_fen, trial_high_fen, step_fen: int64, 0 where something is missing.
        surcharge_high_fen: NaN where the law is silent.
        missing, doubt, leans_on: "" where there is nothing to say.
        unverified: the fare leans on a number nobody verified.
    """

    low_fen: Int64s
    high_fen: Int64s
    trial_high_fen: Int64s
    step_fen: Int64s
    surcharge_high_fen: Floats
    missing: Texts
    doubt: Texts
    leans_on: Texts
    unverified: Bools


def price(trips: pd.DataFrame, law: Law) -> pd.DataFrame:
    """The band of lawful fares of each trip, from a frame of trips.

    Args:
        trips: `boarded_ms`, `alighted_ms` (UTC), `metered_m`; and where there are such columns:
            `waiting_s` (NaN unknown), `energy` ("combustion", "electric", "" unknown), `rate_code`,
            `time_slack_s` (how inexact both times may be, 60 for stamps by the minute), `boarded_zone`,
            `alighted_zone` ("" unknown).
        law: of the place.

    Returns:
        A frame with the index of `trips` and the columns of `Bands`, `surcharge_high_fen` as Int64 (NA where
        the law is silent).
    """
    found = bands(_filled(trips), law)
    columns: dict[str, object] = {field.name: getattr(found, field.name) for field in fields(found)}
    columns["surcharge_high_fen"] = pd.array(found.surcharge_high_fen, dtype="Float64").astype("Int64")
    return pd.DataFrame(columns, index=trips.index)


def bands(rides: Rows, law: Law) -> Bands:
    """The same from columns.

    Args:
        rides: every column `price` knows: numbers as float64 with NaN for unknown, texts as objects, "" for
            unknown.
        law: of the place.
    """
    missing = _missing_input(rides)
    n = missing.size
    answers = Bands(
        low_fen=np.zeros(n, dtype=np.int64),
        high_fen=np.zeros(n, dtype=np.int64),
        trial_high_fen=np.zeros(n, dtype=np.int64),
        step_fen=np.zeros(n, dtype=np.int64),
        surcharge_high_fen=np.full(n, np.nan),
        missing=missing,
        doubt=np.full(n, "", dtype=object),
        leans_on=np.full(n, "", dtype=object),
        unverified=np.zeros(n, dtype=np.bool_),
    )
    ready = np.flatnonzero(missing == "")
    boarded = rides["boarded_ms"][ready].astype(np.int64)
    eras = np.searchsorted(era_starts(law), boarded, side="right")
    for era in np.unique(eras):
        here = ready[eras == era]
        terms = terms_at(law, int(boarded[eras == era][0]))
        if terms.missing:
            answers.missing[here] = terms.missing
            continue
        _price_era({name: values[here] for name, values in rides.items()}, here, terms, law, answers)
    return answers


def _filled(trips: pd.DataFrame) -> Rows:
    """The columns used, as float64 and plain text."""
    rows: dict[str, npt.NDArray[Any]] = {}
    for name in ("boarded_ms", "alighted_ms", "metered_m"):
        rows[name] = pd.to_numeric(trips[name]).to_numpy(np.float64, na_value=np.nan)
    for name in _NUMBERS:
        given = trips[name] if name in trips else pd.Series(np.nan, index=trips.index)
        rows[name] = pd.to_numeric(given).to_numpy(np.float64, na_value=np.nan)
    for name in _TEXTS:
        texts = trips[name] if name in trips else pd.Series("", index=trips.index)
        rows[name] = texts.astype(object).where(texts.notna(), "").to_numpy(object)
    rows["time_slack_s"] = np.nan_to_num(rows["time_slack_s"])
    return rows


def _missing_input(rows: Rows) -> Texts:
    """The first input that is missing, or whose order in time is impossible; "" where all is there."""
    boarded, alighted, metered = (rows[name] for name in ("boarded_ms", "alighted_ms", "metered_m"))
    late = alighted + rows["time_slack_s"] * MS_PER_S >= boarded
    return np.select(
        [~(metered >= 0), np.isnan(boarded), ~late], [NO_KM, NO_BOARDING, NO_ALIGHTING], default=""
    ).astype(object)


def _price_era(rows: Rows, here: Int64s, terms: Terms, law: Law, answers: Bands) -> None:
    """Fills the answers of the rows of one era."""
    rides, doubt = rides_of(rows, terms)
    metered, trial, step, used = _by_meter(rides, terms, law.timezone)
    code = rows["rate_code"]
    low, high = metered
    factor = np.where(code == "out_of_town", terms.out_of_town, 1.0)
    adds = np.array([float(terms.rate_adds.get(name, 0.0)) for name in code])
    # Twice the meter outside the city: nobody knows how much of the ride was, so from none to all of it.
    high = high + (high - terms.flagfall) * (factor - 1) + adds
    trial = trial + (trial - terms.flagfall) * (factor - 1) + adds
    low = low + adds
    step = step * factor + (0.0 if terms.units else terms.rounding_fen)
    used |= {"out_of_town": factor > 1, "rate": adds > 0}
    flat_low, flat_high, matched = _flat(rows, terms)
    by_flat = (code == "flat") & np.isfinite(flat_high)
    open_pair = (code == "") & np.isfinite(flat_high) & matched
    # Several stops: the flat fare at the first, the meter after it. So only the plain pair is the flat alone.
    alone, beside = by_flat & matched, (by_flat & ~matched) | open_pair
    low = np.where(alone, flat_low, np.where(beside, np.minimum(low, flat_low), low))
    high = np.where(alone, flat_high, np.where(beside, np.maximum(high, flat_high), high))
    trial = np.where(alone, flat_high, np.where(beside, np.maximum(trial, flat_high), trial))
    step = np.where(alone, terms.rounding_fen, step)
    used["flat"] = by_flat | open_pair
    names = ORDINARY_CODES | set(terms.rate_adds) | {"out_of_town", "flat", "negotiated"}
    doubt = np.where([name in names for name in code], doubt, ODD_CODE)
    doubt = np.where((code == "flat") & ~by_flat, NO_FLAT, doubt)
    doubt = np.where(code == "negotiated", AGREED, doubt)
    answers.low_fen[here] = round_half_up(low)
    answers.high_fen[here] = round_half_up(high)
    answers.trial_high_fen[here] = round_half_up(np.maximum(trial, high))
    answers.step_fen[here] = np.floor(high + step + 1e-6).astype(np.int64) - round_half_up(high)
    answers.surcharge_high_fen[here] = np.floor(highest_fen(rows, terms, law) + 0.5)
    answers.doubt[here] = np.where(alone, "", doubt)
    _lean(here, terms, used, answers)


def rides_of(rows: Rows, terms: Terms) -> tuple[Rides, Texts]:
    """Trips as rides, with the input that cannot be believed ("" where all can)."""
    boarded = rows["boarded_ms"].astype(np.int64)
    alighted = np.maximum(rows["alighted_ms"].astype(np.int64), boarded)
    slack_s = rows["time_slack_s"]
    slack_ms = (slack_s * MS_PER_S).astype(np.int64)
    metered = rows["metered_m"]
    lasted_s = (alighted - boarded) / MS_PER_S + slack_s
    too_long = lasted_s - slack_s > terms.longest_s
    too_fast = metered / 1000 * 3600 > terms.fastest_kmh * lasted_s
    ordinary_s = terms.ordinary_stand_s + metered / 1000 / max(terms.ordinary_kmh, 1e-9) * 3600
    waiting = rows["waiting_s"]
    known = ~np.isnan(waiting)
    # Nothing waits longer than the ride lasts; stamps by the minute make the waiting inexact as well.
    room_s = np.where(too_long, np.minimum(lasted_s, ordinary_s), lasted_s)
    high = np.where(known, np.minimum(np.nan_to_num(waiting) + slack_s, lasted_s), room_s)
    low = np.where(known, np.clip(np.nan_to_num(waiting) - slack_s, 0.0, high), 0.0)
    doubt = np.select([metered == 0, too_long | too_fast], [ODD_KM, ODD_ALIGHTING], default="").astype(object)
    rides = Rides(
        early_ms=boarded - slack_ms,
        late_ms=alighted + slack_ms,
        metered_m=metered,
        wait_low_s=low,
        wait_high_s=high,
        board_early_ms=boarded - slack_ms,
        board_late_ms=boarded + slack_ms,
        electric=np.array([_ELECTRIC.get(name, 0) for name in rows["energy"]], dtype=np.int8),
    )
    return rides, doubt


def _by_meter(
    rides: Rides, terms: Terms, zone: str
) -> tuple[tuple[Floats, Floats], Floats, Floats, dict[str, Bools]]:
    """The meter's own band, its highest with the float, its step without rounding, and what it used."""
    flagfall = flagfall_span(rides, terms, zone)
    if terms.units:
        units = units_span(rides, terms)
        band = _sum([flagfall, units])
        return band, band[1], np.full(band[1].shape, terms.units.fen), flagfall.used | units.used
    distance, last = distance_span(rides, terms, zone)
    waiting = waiting_span(rides, terms, zone)
    band = _sum([flagfall, distance, waiting])
    trial = band[1]
    used = distance.used | waiting.used
    used["night"] = used["night"] | flagfall.used.get("night", False)
    used |= {part: rows for part, rows in flagfall.used.items() if part != "night"}
    if terms.float_up:
        raised, _ = distance_span(rides, terms, zone, terms.float_up)
        longer = waiting_span(rides, terms, zone, terms.float_up)
        # The flag-fall floats too; it is raised where any of the ride's highest is.
        touched = (raised.high > distance.high) | (longer.high > waiting.high)
        trial = flagfall.high * np.where(touched, 1 + terms.float_up, 1.0) + raised.high + longer.high
        used["float"] = touched
    return band, trial, last * terms.step_km, used


def _sum(spans: list[Span]) -> tuple[Floats, Floats]:
    low, high = np.zeros(spans[0].low.shape), np.zeros(spans[0].high.shape)
    for span in spans:
        low, high = low + span.low, high + span.high
    return low, high


def _flat(rows: Rows, terms: Terms) -> tuple[Floats, Floats, Bools]:
    """The lowest and highest flat fare that may be meant (NaN: none), and whether the pair fits."""
    fares, n = [flat.fen for flat in terms.flats], len(rows["boarded_zone"])
    low, high = np.full(n, min(fares, default=np.nan)), np.full(n, max(fares, default=np.nan))
    matched = np.zeros(n, dtype=np.bool_)
    for flat in terms.flats:
        fits = _fits(rows, flat)
        low, high, matched = np.where(fits, flat.fen, low), np.where(fits, flat.fen, high), matched | fits
    return low, high, matched


def _fits(rows: Rows, flat: Flat) -> Bools:
    """Whether a trip runs between the two areas of a flat fare, in either direction."""
    begins, ends = rows["boarded_zone"], rows["alighted_zone"]
    fits = [
        (begin in flat.one_end.zones and end in flat.other_end.zones)
        or (begin in flat.other_end.zones and end in flat.one_end.zones)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return np.array(fits, dtype=np.bool_)


def _lean(here: Int64s, terms: Terms, used: dict[str, Bools], answers: Bands) -> None:
    """Writes down the versions each trip leaned on: one text a combination of parts."""
    mark = np.zeros(here.shape, dtype=np.int64)
    for bit, part in enumerate(PARTS):
        mark |= np.where(used.get(part, False), 1 << bit, 0)
    mark |= 1 << PARTS.index("base")
    for combination in np.unique(mark):
        parts = [part for bit, part in enumerate(PARTS) if combination >> bit & 1]
        rows = here[mark == combination]
        names = [terms.names[part] for part in (*parts, "step") if part in terms.names]
        answers.leans_on[rows] = ";".join(names)
        answers.unverified[rows] = bool(terms.unverified & set(parts))
