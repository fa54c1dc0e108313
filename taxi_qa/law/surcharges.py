"""The highest lawful surcharge of a ride, where the place's law says that its list is whole."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from taxi_qa.law.calendar import Calendars, overlaps_window
from taxi_qa.law.parameter import Law
from taxi_qa.law.terms import Surcharge, Terms
from taxi_qa.values.clock import city_day

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = Mapping[str, npt.NDArray[Any]]


def highest_fen(trips: Rows, terms: Terms, law: Law) -> Floats:
    """The highest lawful surcharge of each trip of one era (fen), NaN where the law is silent.

    Args:
        trips: boarded_ms, time_slack_s, energy, rate_code, boarded_zone, alighted_zone, all filled.
        terms: the era's tariff.
        law: for its time zone and calendars.
    """
    if terms.surcharges is None:
        return np.full(len(trips["boarded_ms"]), np.nan)
    total = np.zeros(len(trips["boarded_ms"]))
    for surcharge in terms.surcharges:
        total += np.where(_applies(trips, surcharge, law), _amount(trips, surcharge), 0.0)
    return total


def _applies(trips: Rows, surcharge: Surcharge, law: Law) -> Bools:
    """Which trips the surcharge may be added to; a zone that is not named may be anywhere."""
    boarded = trips["boarded_ms"].astype(np.int64)
    slack = (trips["time_slack_s"] * 1000).astype(np.int64)
    applies = np.ones(len(trips["boarded_ms"]), dtype=np.bool_)
    calendars: Calendars = law.calendars
    if surcharge.window:
        applies &= overlaps_window(
            boarded - slack, boarded + slack + 1, surcharge.window, law.timezone, calendars
        )
    if surcharge.calendar:
        days = np.asarray(sorted(calendars[surcharge.calendar]), dtype=np.int64)
        either = [city_day(boarded - slack, law.timezone), city_day(boarded + slack, law.timezone)]
        applies &= np.isin(either[0], days) | np.isin(either[1], days)
    if surcharge.areas is not None and surcharge.areas.zones:
        near = np.zeros(len(trips["boarded_ms"]), dtype=np.bool_)
        for end in ("boarded_zone", "alighted_zone"):
            near |= np.array(
                [name == "" or name in surcharge.areas.zones for name in trips[end]], dtype=np.bool_
            )
        applies &= near
    code = trips["rate_code"]
    if surcharge.only_for:
        applies &= code == surcharge.only_for
    if surcharge.not_for:
        applies &= code != surcharge.not_for
    return applies


def _amount(trips: Rows, surcharge: Surcharge) -> Floats:
    if not surcharge.by_energy:
        return np.full(len(trips["boarded_ms"]), surcharge.fen)
    return np.array([float(surcharge.by_energy.get(name, surcharge.fen)) for name in trips["energy"]])
