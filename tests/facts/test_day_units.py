"""What holds of every unit of a day: each act is judged once wherever a day is cut, whatever others do.

The days are those of the golden cases. They begin and end where an act begins: what belongs to a span is met
exactly at its edge.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from taxi_qa.facts.given import Given
from taxi_qa.facts.track import lay
from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, DayUnits
from taxi_qa.law.parameter import Law
from taxi_qa.records.fixes import Fixes
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.columns import Columns
from tests.test_cases import Case, cases, city_of

# Of each unit so many cases, from all over its files.
_CASES: Final = 2
_CUTS: Final = 2
# A row of this one is all that a driver did in the span.
_OF_SPANS: Final = ("faulty_drives",)
# In these another car is part of the act.
_TOGETHER: Final = ("hub_pickups", "hub_watches", "plates")
# Names of records that another fleet shares; every other name is its own.
_SHARED: Final = ("company_id", "zone_id")
_OTHER: Final = "z"


@cache
def _cases_of(unit: str) -> tuple[Case, ...]:
    rules = catalogue()
    found = [
        case
        for name, case in cases()
        if rules[name].judges == unit and case.get("scope", "day") in ("day", "city")
    ]
    return tuple(found[:: max(1, len(found) // _CASES)][:_CASES])


def _days(unit: str) -> Iterator[tuple[Given, Law, Columns]]:
    """The days of a unit's cases with its rows."""
    for case in _cases_of(unit):
        city = city_of(case)
        law = city.law()
        yield city.given(), law, DayUnits(city.given(), law).rows(unit)


UNITS: Final = [name for name in DAY_UNITS if _cases_of(name)]


@pytest.mark.parametrize("unit", [name for name in UNITS if name not in _OF_SPANS])
def test_an_act_is_judged_once_wherever_the_day_is_cut(unit: str) -> None:
    for day, law, rows in _days(unit):
        begins = rows["start_ms"]
        # A row that begins with the span tells of the span: it is there before the cut and after it.
        acts = set(rows["subject"][begins > day.from_ms].tolist())
        assert (begins < day.to_ms).all()
        for cut in sorted(set(begins[begins > day.from_ms].tolist()))[:_CUTS]:
            early, late = replace(day, to_ms=cut), replace(day, from_ms=cut)
            found = [
                subject
                for part in (early, late)
                for subject, begin in _acts(DayUnits(part, law).rows(unit))
                if subject in acts or begin > part.from_ms
            ]
            assert sorted(found) == sorted(acts), (unit, cut)


CITY: Final = [name for name, unit in CITY_UNITS.items() if unit.period is None and _cases_of(name)]


@pytest.mark.parametrize("unit", CITY)
def test_so_is_an_act_of_the_whole_city(unit: str) -> None:
    make = CITY_UNITS[unit].make
    for case in _cases_of(unit):
        city = city_of(case)
        law, day = city.law(), city.given()
        told = _acts(make(day, law))
        acts = {subject for subject, begin in told if begin > day.from_ms}
        for cut in sorted({begin for _, begin in told if begin > day.from_ms})[:_CUTS]:
            parts = (replace(day, to_ms=cut), replace(day, from_ms=cut))
            rows = [(one, part.from_ms) for part in parts for one in _acts(make(part, law))]
            found = [subject for (subject, begin), from_ms in rows if subject in acts or begin > from_ms]
            assert sorted(found) == sorted(acts), (unit, cut)


def _acts(rows: Columns) -> list[tuple[str, int]]:
    return list(zip(rows["subject"].tolist(), rows["start_ms"].tolist(), strict=True))


@pytest.mark.parametrize("unit", [name for name in UNITS if name not in _TOGETHER])
def test_another_fleet_beside_it_changes_nothing(unit: str) -> None:
    for day, law, alone in _days(unit):
        both = DayUnits(_with_another(day, law), law).rows(unit)
        is_other = np.array([name.startswith(_OTHER) for name in both["vehicle_id"].tolist()], dtype=bool)
        for part in (both.cut(~is_other), both.cut(is_other)):
            assert len(part) == len(alone)
            for name in alone:
                assert [_own(one) for one in part[name].tolist()] == [
                    _own(one) for one in alone[name].tolist()
                ], name


def _own(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    """A value as the first fleet has it; nothing is the same as nothing."""
    if isinstance(value, str):
        return value.replace(_OTHER, "")
    return None if isinstance(value, float) and np.isnan(value) else value


def _with_another(day: Given, law: Law) -> Given:
    """The same day with a second fleet that does the very same at the same time."""
    tables = {
        kind: pd.concat([table, _renamed(table)], ignore_index=True)
        if kind != "zones" and len(table)
        else table
        for kind, table in day.tables.items()
    }
    old = {one.name: getattr(day.fixes, one.name) for one in fields(Fixes)}
    new = {
        name: np.concatenate((column, column))
        for name, column in old.items()
        if name not in ("vehicle_ids", "starts")
    }
    names, starts = old["vehicle_ids"], old["starts"]
    fixes = Fixes(
        vehicle_ids=names + tuple(_OTHER + name for name in names),
        starts=np.concatenate((starts, starts[1:] + starts[-1])),
        **new,
    )
    jump_kmh = law.number("house.quality.jump_kmh", day.from_ms)
    seen = day.seen | {_OTHER + name: days for name, days in day.seen.items()}
    return replace(day, tables=tables, fixes=fixes, track=lay(fixes, jump_kmh), seen=seen)


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    for name in table.columns:
        if name.endswith("_id") and name not in _SHARED:
            told = table[name].notna() & (table[name] != "")
            table.loc[told, name] = _OTHER + table.loc[told, name]
    return table
