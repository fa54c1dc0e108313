"""Moments an approved excuse covers, for facts that sum up many; single acts are excused by the rules."""

import numpy as np
import numpy.typing as npt
import shapely

from taxi_qa.facts.given import Given, instants, words
from taxi_qa.facts.unit import company_of
from taxi_qa.values.columns import Texts


def excused(
    given: Given,
    rules: tuple[str, ...],
    vehicle_id: Texts,
    start_ms: npt.NDArray[np.int64],
    place: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> npt.NDArray[np.bool_]:
    """Which acts began while an approved excuse covered their car, company, zone or the city.

    Args:
        given: the records.
        rules: an excuse counts that names one of them or none at all.
        vehicle_id, start_ms: the acts.
        place: longitude and latitude of each, NaN unknown.
    """
    hit = np.zeros(vehicle_id.size, dtype=bool)
    table = given.tables["excuses"]
    company = company_of(given, vehicle_id)
    names = ("scope", "scope_id", "rules", "approved_by")
    spans = (instants(table[name], 0) for name in ("from_ms", "to_ms"))
    for scope, scope_id, listed, approved, from_ms, to_ms in zip(
        *(words(table[name]) for name in names), *spans, strict=True
    ):
        if not approved or (listed and not set(rules) & set(listed.split(";"))):
            continue
        then = (from_ms <= start_ms) & (start_ms <= to_ms)
        if scope in ("vehicle", "company"):
            then &= (vehicle_id if scope == "vehicle" else company) == scope_id
        elif scope == "zone" and scope_id in given.areas:
            then &= shapely.contains_xy(given.areas[scope_id], *place)
        elif scope != "city":
            continue
        hit |= then
    return hit
