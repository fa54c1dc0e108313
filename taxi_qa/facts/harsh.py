"""Harsh starts, braking and turns: how many on how long a way; folded over a month, driver by driver.

The terminal feels them (an accelerometer); where it never tells of any, speeds a second apart show starts and
braking, slower ones show nothing. Numbers of one terminal say nothing, for one is fitted looser than another:
every driver is held against what others had on as long a way, told the same way, and where others drove the
same car against that car too.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.facts.duty import duties, one_driver, relieved
from taxi_qa.facts.given import Given, events_of, positions_of, sent_on, words
from taxi_qa.facts.hard_speeds import hard_changes
from taxi_qa.facts.near import near_pairs
from taxi_qa.facts.overlaps import car_spans, touched
from taxi_qa.facts.spans import place_at, rows_inside
from taxi_qa.facts.unit import company_of, period_rows
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_MIN, city_day
from taxi_qa.values.columns import Columns, Values
from taxi_qa.values.place import metres_per_degree

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KINDS: Final = ("harsh_acceleration", "harsh_braking", "harsh_turn")
# One act, one row: the same within a minute is one.
MERGE_MS: Final = MS_PER_MIN
# Where others braked on the same day so near by, the road did it: a hole, a sharp bend, a blind junction.
ROAD_M: Final = 30.0
ROAD_CARS: Final = 3
NOT_MEASURED: Final = "events of harsh driving, or positions every second"


def harsh_part(given: Given, law: Law) -> pd.DataFrame:
    """What a day leaves for the month: how far each driver drove each car, and each harsh act.

    Returns:
        vehicle_id, company_id, driver_id ("" nobody), source ("terminal" or "speeds": who measured),
        kind ("" of a way driven), acts (1 or 0), driven_m (metres measured; 0 of an act), lon, lat (of an
        act), day (number of the city day), least_m (metres below which nothing is compared).
    """
    duty = relieved(duties(given))
    begin, finish = np.maximum(duty["start_ms"], given.from_ms), np.minimum(duty["end_ms"], given.to_ms)
    duty = duty.but({"start_ms": begin, "end_ms": finish}).cut(finish > begin)
    track = given.track
    vehicle = positions_of(track.vehicle_ids, duty["vehicle_id"])
    first, past = rows_inside(track, vehicle, duty["start_ms"], duty["end_ms"] - 1)
    told = sent_on(given, "events", city_day(duty["start_ms"], given.zone))
    some = told & (past > first)
    driven_m = np.zeros(len(duty))
    driven_m[some] = track.cum_m[past[some] - 1] - track.cum_m[first[some]]
    measured_m, changes = hard_changes(
        track, first, past,
        *(law.number(f"house.{name}", given.from_ms)
          for name in ("driving.harsh_gain_mps2", "driving.harsh_brake_mps2", "quality.gnss_error_m")),
    )  # fmt: skip
    ways: list[dict[str, Values | str]] = [
        {**duty.some("vehicle_id", "driver_id"), "source": source, "driven_m": metres}
        for source, metres in (("terminal", driven_m), ("speeds", measured_m))
    ]
    by_speed = duty.cut(changes["span"]).some("vehicle_id", "driver_id")
    acts: list[dict[str, Values | str]] = [
        {**_told(given, duty), "source": "terminal"},
        {**by_speed, "source": "speeds", "kind": changes["kind"], "at_ms": changes["time_ms"]},
    ]
    rows = pd.concat([_rows(given, one) for one in (*ways, *acts)], ignore_index=True)
    return rows.assign(
        company_id=company_of(given, words(rows["vehicle_id"])),
        day=int(city_day(np.array([given.from_ms]), given.zone)[0]),
        least_m=law.number("house.driving.harsh_least_m", given.from_ms),
    )


def _rows(given: Given, said: dict[str, Values | str]) -> pd.DataFrame:
    """Ways driven, or acts where there is an `at_ms`, with the same columns."""
    vehicle_id = np.asarray(said["vehicle_id"], dtype=object)
    n = vehicle_id.size
    lon, lat = np.full(n, np.nan), np.full(n, np.nan)
    if "at_ms" in said:
        moments = np.asarray(said["at_ms"], dtype=np.int64)
        lon, lat = place_at(given.track, positions_of(given.track.vehicle_ids, vehicle_id), moments)
    return pd.DataFrame(
        {
            "vehicle_id": vehicle_id,
            "driver_id": said["driver_id"],
            "source": np.full(n, said["source"], dtype=object),
            "kind": said.get("kind", np.full(n, "", dtype=object)),
            "acts": np.full(n, int("at_ms" in said), dtype=np.int64),
            "driven_m": np.asarray(said.get("driven_m", np.zeros(n)), dtype=np.float64),
            "lon": lon,
            "lat": lat,
        }
    )


def _told(given: Given, duty: Columns) -> dict[str, Values | str]:
    """What terminals told of on duty: vehicle_id, driver_id, kind, at_ms; the same within a minute once."""
    every = sorted((kind, car, at) for kind in KINDS for car, at in events_of(given, kind))
    kept: list[tuple[str, str, int]] = []
    before = ("", "", 0)
    for one in every:
        if one[:2] != before[:2] or one[2] - before[2] >= MERGE_MS:
            kept.append(one)
        before = one
    kind, car = (np.array([one[n] for one in kept], dtype=object) for n in (0, 1))
    at = np.array([one[2] for one in kept], dtype=np.int64)
    on = touched(car_spans(duty["vehicle_id"], duty["start_ms"], duty["end_ms"] - 1), car, at, at)
    driver, _, _ = one_driver(duty, car[on], at[on], at[on] + 1) if on.any() else (car[:0], car[:0], at[:0])
    return {"vehicle_id": car[on], "driver_id": driver, "kind": kind[on], "at_ms": at[on]}


def harsh_months(parts: pd.DataFrame, from_ms: int, to_ms: int) -> Columns:
    """Each driver's harsh acts of a month, beside what others had on as long a way.

    Args:
        parts: the month's days' `harsh_part` of the whole city, in any order.
        from_ms, to_ms: the month.

    Returns:
        Unit columns (no car) and: distance_m (driven where it was measured and others drove enough to
        compare), acts (there, without those the road did), expected (as many by others' rate).
    """
    # A terminal that told once is believed all month; its speeds are not counted beside it.
    tells = set(parts.loc[(parts["source"] == "terminal") & (parts["acts"] > 0), "vehicle_id"])
    by_terminal = parts["vehicle_id"].isin(tells)
    counted = parts[((parts["source"] == "terminal") == by_terminal) & ~_by_the_road(parts)]
    least_m = float(parts["least_m"].max()) if len(parts) else 0.0
    sums = counted.groupby(["driver_id", "vehicle_id", "source"], as_index=False)[["acts", "driven_m"]].sum()
    of_fleet = _rate_of_others(sums, ["source"], ["driver_id", "source"], least_m)
    of_car = _rate_of_others(sums, ["vehicle_id"], ["vehicle_id", "driver_id"], least_m)
    compared = sums.assign(expected=np.fmax(of_fleet, of_car) * sums["driven_m"])[~np.isnan(of_fleet)]
    named = parts[parts["driver_id"] != ""].sort_values(["driver_id", "company_id"], kind="stable")
    drivers = named.groupby("driver_id", sort=True)["company_id"].first()
    ways = sums.groupby("driver_id")["driven_m"].sum().reindex(drivers.index).to_numpy(dtype=np.float64)
    folded = compared.groupby("driver_id")[["driven_m", "acts", "expected"]].sum().reindex(drivers.index)
    folded = folded.fillna(0.0)
    names = words(drivers.index.to_series())
    months = period_rows(
        np.array([f"{name}@{from_ms}" for name in names], dtype=object), words(drivers), names, from_ms, to_ms
    )
    nothing, nobody = ~(ways > 0), folded["driven_m"].to_numpy(dtype=np.float64) <= 0
    missing = np.select([nothing, nobody], [NOT_MEASURED, "others to compare with"], "").astype(object)
    return months.but(
        {
            "missing": missing,
            "distance_m": folded["driven_m"].to_numpy(dtype=np.float64),
            "acts": folded["acts"].to_numpy(dtype=np.float64),
            "expected": folded["expected"].to_numpy(dtype=np.float64),
        }
    )


def _rate_of_others(sums: pd.DataFrame, among: list[str], own: list[str], least_m: float) -> Floats:
    """Acts a metre of all others among whom a row lies, NaN where they drove less than enough."""
    words_of = ["acts", "driven_m"]
    others = sums.groupby(among)[words_of].transform("sum") - sums.groupby(own)[words_of].transform("sum")
    acts, driven_m = (others[word].to_numpy(dtype=np.float64) for word in words_of)
    enough = (driven_m >= least_m) & (driven_m > 0)
    return np.where(enough, acts / np.where(enough, driven_m, 1.0), np.nan)


def _by_the_road(parts: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Acts near which other cars had one on the same day."""
    acts = np.flatnonzero((parts["acts"].to_numpy() > 0) & parts["lat"].notna().to_numpy())
    found = np.zeros(len(parts), dtype=bool)
    if not acts.size:
        return found
    lon, lat, day = (parts[name].to_numpy()[acts] for name in ("lon", "lat", "day"))
    per_lon, per_lat = metres_per_degree(float(lat.mean()))
    at = (lon.astype(np.float64) * per_lon, lat.astype(np.float64) * per_lat, day.astype(np.int64))
    one, other = near_pairs(at, at, ROAD_M, (0, 0))
    car = np.unique(parts["vehicle_id"].to_numpy(dtype=object)[acts].astype(str), return_inverse=True)[1]
    pairs = np.unique(np.stack((one, car[other]))[:, car[one] != car[other]], axis=1)
    found[acts] = np.bincount(pairs[0], minlength=acts.size) >= ROAD_CARS
    return found
