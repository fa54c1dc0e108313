"""What a worker would do first, done once for all of them: the server they are forked from imports this.

Importing the program, finding the rules and loading what is compiled takes longer than judging a small
day. The server does it before any worker is born, on a car of a few minutes that never was.
"""

import datetime as dt
import gc
from typing import Final

import numpy as np
import pandas as pd

from taxi_qa.facts.given import Given, empty_table
from taxi_qa.facts.track import lay
from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, FOLDS, LEFT, DayUnits, left_of
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import LOADED, LOADED_SENT, Fixes
from taxi_qa.records.kinds import KINDS
from taxi_qa.rules.excuses import no_excuses
from taxi_qa.rules.kit import catalogue, judge
from taxi_qa.runs import work
from taxi_qa.runs.memory import keep_memory
from taxi_qa.values.clock import MS_PER_DAY, day_of, day_start_ms

__all__ = ["warm", "work"]

_PLACE: Final = "zhongshan"
_DAY: Final = dt.date(2026, 10, 20)
_STEP_MS: Final = 20_000
_FIXES: Final = 60


def warm() -> None:
    """Every unit made and every rule asked once."""
    law = read_law(_PLACE)
    from_ms = day_start_ms(day_of(_DAY), law.timezone)
    given = _given(law.timezone, from_ms)
    day, nothing = DayUnits(given, law), no_excuses()
    left = {name: leaves.part(day) for name, leaves in LEFT.items()}
    folded = {
        unit: fold.fold(left[left_of(unit)], from_ms, from_ms + 7 * MS_PER_DAY)
        for unit, fold in FOLDS.items()
    }
    for rule in catalogue().values():
        if rule.judges in DAY_UNITS:
            judge(rule, day.rows(rule.judges), law, nothing)
        if rule.judges in CITY_UNITS:
            judge(rule, CITY_UNITS[rule.judges].make(given, law), law, nothing)
        if rule.judges in FOLDS:
            judge(rule, folded[rule.judges], law, nothing)


def _given(zone: str, from_ms: int) -> Given:
    time_ms = from_ms + _STEP_MS * np.arange(1, _FIXES + 1, dtype=np.int64)
    loaded = np.where(np.arange(_FIXES) % 20 < 10, LOADED, 0)  # noqa: PLR2004 - on and off in turns
    fixes = Fixes(
        vehicle_ids=("A",),
        starts=np.array([0, _FIXES], dtype=np.int64),
        time_ms=time_ms,
        lon_e7=(1_133_800_000 + 900 * np.arange(_FIXES)).astype(np.int32),
        lat_e7=np.full(_FIXES, 225_200_000, dtype=np.int32),
        speed_ckmh=np.full(_FIXES, 2_000, dtype=np.int32),
        heading_ddeg=np.zeros(_FIXES, dtype=np.int16),
        flags=(LOADED_SENT | loaded).astype(np.int16),
        odometer_m=np.zeros(_FIXES, dtype=np.int32),
        delay_ms=np.full(_FIXES, 1_000, dtype=np.int32),
    )
    moments = [int(moment) for moment in time_ms[::5]]
    tables = {kind: empty_table(kind) for kind in KINDS if kind != "positions"}
    tables["trips"] = _table(
        "trips",
        [
            {"trip_id": str(start), "vehicle_id": "A", "boarded_ms": start, "alighted_ms": end}
            | {"metered_m": 100, "waiting_s": 0.0, "fare_fen": 1_000, "paid_fen": 1_000, "rate_code": "day"}
            for start, end in zip(moments[::2], moments[1::2], strict=True)
        ],
    )
    tables["shifts"] = _table(
        "shifts", [{"vehicle_id": "A", "driver_id": "D", "start_ms": from_ms, "end_ms": int(time_ms[-1])}]
    )
    tables["events"] = _table(
        "events",
        [
            {"event_id": str(at), "vehicle_id": "A", "time_ms": moment, "kind": f"passenger_{kind}"}
            for at, (moment, kind) in enumerate(zip(moments, ["boarded", "alighted"] * 6, strict=True))
        ],
    )
    tables["vehicles"] = _table("vehicles", [{"vehicle_id": "A", "company_id": "C", "has_seat_sensor": True}])
    days = frozenset({day_of(_DAY)})
    return Given(
        zone=zone,
        from_ms=from_ms,
        to_ms=from_ms + MS_PER_DAY,
        heard_to_ms=from_ms + MS_PER_DAY,
        fixes=fixes,
        track=lay(fixes, 200.0),
        tables=tables,
        feeds=dict.fromkeys(KINDS, days),
        seen={"A": (day_of(_DAY), day_of(_DAY))},
        areas={},
    )


def _table(kind: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    columns = KINDS[kind].columns
    told = {c.inside: [row.get(c.inside) for row in rows] for c in columns}
    return pd.DataFrame({c.inside: pd.Series(told[c.inside], dtype=c.dtype) for c in columns})


keep_memory()
warm()
# What is here by now lasts: a worker that looked through it for garbage would copy every page of it.
gc.collect()
gc.freeze()
