"""Whether the rate the meter was set to belongs to the hour and the place of each trip."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.law.calendar import overlaps_window
from taxi_qa.law.parameter import Areas, Law
from taxi_qa.law.terms import Flat, Terms, era_starts, terms_at

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

# Codes that ask for nothing: the plain price, the meter's own choice, and an agreed price (which is
# another rule's question).
PLAIN_CODES: Final = ("day", "metered", "negotiated")
SPECIAL_CODES: Final = ("night", "return", "out_of_town", "flat")


def rate_fits(trips: pd.DataFrame, law: Law) -> dict[str, npt.NDArray[np.generic]]:
    """Whether each trip's rate code was lawful at its hour and place.

    Args:
        trips: rate_code, start_ms, end_ms, slack_s, metered_m, boarded_zone, alighted_zone,
            boarded_in_city, alighted_in_city.
        law: of the place.

    Returns:
        rate_fits: 1 lawful, 0 not, NaN nobody can tell; rate_missing: why not; rate_leans_on.
    """
    code = trips["rate_code"].to_numpy(dtype=object)
    start = trips["start_ms"].to_numpy(dtype=np.int64)
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
                answer, why, names = _asked(name, trips.iloc[rows], terms, law)
                fits[rows], missing[rows], leans_on[rows] = answer, why, names
    return {"rate_fits": fits, "rate_missing": missing, "rate_leans_on": leans_on}


def _asked(code: str, trips: pd.DataFrame, terms: Terms, law: Law) -> tuple[Floats, Texts, str]:
    n = len(trips)
    silent = np.full(n, np.nan), np.full(n, f"law fare.{code}", dtype=object), ""
    told = np.full(n, "", dtype=object)
    if code == "night":
        if not terms.night:
            return silent
        slack_ms = (trips["slack_s"].to_numpy(dtype=np.float64) * 1000).astype(np.int64)
        start, end = (trips[name].to_numpy(dtype=np.int64) for name in ("start_ms", "end_ms"))
        touches = overlaps_window(start, end + slack_ms + 1, terms.night, law.timezone, law.calendars)
        return touches.astype(np.float64), told, terms.names.get("night", "")
    if code == "return":
        if terms.return_share is None:
            return silent
        # The first band that costs anything is where the empty return begins.
        begins_km = min(
            (b for b, share in zip(terms.return_share.bounds, terms.return_share.values, strict=True)
             if float(share) > 0),
            default=np.inf,
        )  # fmt: skip
        reached = trips["metered_m"].to_numpy(dtype=np.float64) >= begins_km * 1000
        return reached.astype(np.float64), told, terms.names.get("return", "")
    if code == "flat":
        if not terms.flats:
            return silent
        fits, why = _flat_fits(trips, terms.flats)
        return fits, why, terms.names.get("flat", "")
    begins, ends = (trips[f"{end}_in_city"].to_numpy(dtype=np.float64) for end in ("boarded", "alighted"))
    inside = (begins == 1) & (ends == 1)
    outside = (begins == 0) | (ends == 0)
    answer = np.where(inside, 0.0, np.where(outside, 1.0, np.nan))
    return answer, np.where(np.isnan(answer), "place of both ends", "").astype(object), ""


def _flat_fits(trips: pd.DataFrame, flats: tuple[Flat, ...]) -> tuple[Floats, Texts]:
    """A flat fare belongs to rides between its two areas, either way, the feed's zones telling."""
    begins, ends = (trips[f"{end}_zone"].to_numpy(dtype=object) for end in ("boarded", "alighted"))
    fits = np.zeros(len(trips), dtype=bool)
    for flat in flats:
        for one, other in ((flat.one_end, flat.other_end), (flat.other_end, flat.one_end)):
            fits |= _within(begins, one) & _within(ends, other)
    known = (begins != "") & (ends != "")
    return np.where(known, fits.astype(np.float64), np.nan), np.where(known, "", "zones of both ends").astype(object)


def _within(zone_id: Texts, areas: Areas) -> npt.NDArray[np.bool_]:
    return np.array([name in areas.zones for name in zone_id], dtype=bool)
