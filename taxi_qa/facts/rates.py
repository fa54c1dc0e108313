"""Whether the rate the meter was set to belongs to the hour and the place of each trip."""

from typing import Final

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.places import law_of_border
from taxi_qa.law.calendar import overlaps_window
from taxi_qa.law.parameter import Areas, Law
from taxi_qa.law.terms import Flat, Terms, era_starts, terms_at
from taxi_qa.records.kinds import RATE_CODES
from taxi_qa.values.columns import Columns

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

# Codes that ask for nothing: the plain price, the meter's own choice, and an agreed price (which is
# another rule's question).
PLAIN_CODES: Final = ("day", "metered", "negotiated")
SPECIAL_CODES: Final = tuple(code for code in RATE_CODES if code not in PLAIN_CODES)
# The columns of trips that `rate_fits` reads.
RATE_COLUMNS: Final = (
    "rate_code", "start_ms", "end_ms", "slack_s", "metered_m", "boarded_zone", "alighted_zone",
    "boarded_in_city", "alighted_in_city", "area_leans_on",
)  # fmt: skip


def rate_fits(trips: Columns, law: Law) -> dict[str, npt.NDArray[np.generic]]:
    """Whether each trip's rate code was lawful at its hour and place.

    Args:
        trips: rate_code, start_ms, end_ms, slack_s, metered_m, boarded_zone, alighted_zone,
            boarded_in_city, alighted_in_city, area_leans_on.
        law: of the place.

    Returns:
        rate_fits: 1 lawful, 0 not, NaN nobody can tell; rate_missing: why not; rate_leans_on.
    """
    code = trips["rate_code"]
    start = trips["start_ms"]
    fits = np.where(np.isin(code.astype(str), PLAIN_CODES), 1.0, np.nan)
    missing = np.select([code == "", np.isnan(fits)], ["rate_code", "known rate_code"], "").astype(object)
    leans_on = np.full(len(trips), "", dtype=object)
    special = np.flatnonzero(np.isin(code.astype(str), SPECIAL_CODES))
    eras = np.searchsorted(era_starts(law), start[special], side="right")
    for era in np.unique(eras):
        of_era = special[eras == era]
        terms = terms_at(law, int(start[of_era[0]]))
        for name in SPECIAL_CODES:
            rows = of_era[code[of_era] == name]
            if rows.size:
                answer, why, names = _asked(name, trips.cut(rows), terms, law)
                fits[rows], missing[rows], leans_on[rows] = answer, why, names
    return {"rate_fits": fits, "rate_missing": missing, "rate_leans_on": leans_on}


# Whether the rate fits, what is missing, and the law leaned on: of all rows, or of each.
Answer = tuple[Floats, Texts, str | Texts]


def _asked(code: str, trips: Columns, terms: Terms, law: Law) -> Answer:
    ask = {"night": _night, "return": _return, "flat": _flat, "out_of_town": _out_of_town}[code]
    answer = ask(trips, terms, law)
    if answer is not None:
        return answer
    n = len(trips)
    return np.full(n, np.nan), np.full(n, f"law fare.{code}", dtype=object), ""


def _told(fits: npt.NDArray[np.bool_], names: str) -> Answer:
    return fits.astype(np.float64), np.full(fits.size, "", dtype=object), names


def _night(trips: Columns, terms: Terms, law: Law) -> Answer | None:
    """The night rate belongs to rides that touch the night, as far as their times are exact."""
    if not terms.night:
        return None
    slack_ms = (trips["slack_s"] * 1000).astype(np.int64)
    start, end = (trips[name] for name in ("start_ms", "end_ms"))
    touches = overlaps_window(start, end + slack_ms + 1, terms.night, law.timezone, law.calendars)
    return _told(touches, terms.names.get("night", ""))


def _return(trips: Columns, terms: Terms, law: Law) -> Answer | None:  # noqa: ARG001 - asked alike
    """The return rate belongs to rides that reach the first band which costs anything."""
    if terms.return_share is None:
        return None
    bands = zip(terms.return_share.bounds, terms.return_share.values, strict=True)
    begins_km = min((bound for bound, share in bands if float(share) > 0), default=np.inf)
    reached = trips["metered_m"] >= begins_km * 1000
    return _told(reached, terms.names.get("return", ""))


def _flat(trips: Columns, terms: Terms, law: Law) -> Answer | None:  # noqa: ARG001 - asked alike
    if not terms.flats:
        return None
    fits, why = _flat_fits(trips, terms.flats)
    return fits, why, terms.names.get("flat", "")


def _out_of_town(trips: Columns, terms: Terms, law: Law) -> Answer:  # noqa: ARG001 - asked alike
    """The out-of-town rate belongs to rides with an end outside the licensed area."""
    begins, ends = (trips[f"{end}_in_city"] for end in ("boarded", "alighted"))
    inside = (begins == 1) & (ends == 1)
    outside = (begins == 0) | (ends == 0)
    fits = np.where(inside, 0.0, np.where(outside, 1.0, np.nan))
    missing = np.where(np.isnan(fits), "place of both ends", "").astype(object)
    return fits, missing, law_of_border(trips["area_leans_on"])


def _flat_fits(trips: Columns, flats: tuple[Flat, ...]) -> tuple[Floats, Texts]:
    """A flat fare belongs to rides between its two areas, either way, the feed's zones telling."""
    begins, ends = (trips[f"{end}_zone"] for end in ("boarded", "alighted"))
    fits = np.zeros(len(trips), dtype=bool)
    for flat in flats:
        for one, other in ((flat.one_end, flat.other_end), (flat.other_end, flat.one_end)):
            fits |= _within(begins, one) & _within(ends, other)
    known = (begins != "") & (ends != "")
    return np.where(known, fits.astype(np.float64), np.nan), np.where(known, "", "zones of both ends").astype(
        object
    )


def _within(zone_id: Texts, areas: Areas) -> npt.NDArray[np.bool_]:
    return np.array([name in areas.zones for name in zone_id], dtype=bool)
