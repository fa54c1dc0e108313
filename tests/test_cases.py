"""Golden cases: every rule on records a person typed, from the records to the finding."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest
import yaml

from taxi_qa.facts.units import CITY_UNITS, DAY_UNITS, FOLDS, LEFT, DayUnits, left_of
from taxi_qa.findings.finding import Finding, Outcome
from taxi_qa.rules.excuses import Excuses
from taxi_qa.rules.kit import Rule, catalogue, judge
from taxi_qa.runs.jobs import period_of
from taxi_qa.values.clock import day_of, day_start_ms
from taxi_qa.values.columns import Columns
from tests.small_city import City

FOLDER: Final = Path(__file__).parent / "cases"
Case = Mapping[str, Any]

# The compiled one takes a sixth of the time.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What a finding's number may differ by: positions are kept to about a centimetre each.
_CLOSE: Final = {"m": 2.0, "ratio": 0.003}
# Smaller numbers of evidence are shares, speeds or counts.
_SHARES: Final = 150


@cache
def cases() -> tuple[tuple[str, Case], ...]:
    """Every case with its rule's name; what a file's `shared` says holds in each of its cases."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, Case]]:
    for path in sorted(FOLDER.rglob("*.yaml")):
        text = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - one of the safe ones
        for case in text["cases"]:
            yield text["rule"], {**text.get("shared", {}), **case, "defaults": text.get("defaults", {})}


def city_of(case: Case) -> City:
    """The city a case describes."""
    defaults = case["defaults"]
    records = {
        kind: [record for one in rows for record in repeated({**defaults.get(kind, {}), **one})]
        for kind, rows in case.get("records", {}).items()
    }
    said: dict[str, Any] = {name: str(case[name]) for name in ("day", "place", "heard_to") if name in case}
    said |= {
        name: case[name]
        for name in ("tracks", "feeds", "seen", "streets", "limits", "before", "jams")
        if name in case
    }
    return City(records=records, **said)


def repeated(record: dict[str, Any]) -> list[dict[str, Any]]:
    """A record, or `repeat: {times, every_s, id}` of it, each so much later and with its number in its id."""
    repeat = record.pop("repeat", None)
    if repeat is None:
        return [record]
    return [
        {
            name: later(value, number * repeat["every_s"])
            if str(name).endswith("_at") or name == "time"
            else value
            for name, value in record.items()
        }
        | {repeat["id"]: f"{record[repeat['id']]}-{number}"}
        for number in range(repeat["times"])
    ]


def later(clock: str, seconds: int) -> str:
    """A time of day so many seconds later on the same day."""
    return (dt.datetime.strptime(clock, "%H:%M:%S") + dt.timedelta(seconds=seconds)).strftime("%H:%M:%S")  # noqa: DTZ007


def outcome_of(one: Rule, case: Case) -> Outcome:
    """What the rule says of the case: of its day, or of its day's week or month."""
    city = city_of(case)
    law, given = city.law(), city.given()
    excuses = Excuses(given.tables["excuses"], given.areas)
    scope = case.get("scope", "day")
    if scope == "day" and one.judges in DAY_UNITS:
        rows = DayUnits(given, law).rows(one.judges)
    elif one.judges in CITY_UNITS and scope in ("day", "city", CITY_UNITS[one.judges].period):
        rows = city_rows(one.judges, city, case)
    else:
        fold = FOLDS[one.judges]
        first, past = period_of(city.number(), fold.period)
        days = [day_of(day) for day in case["days"]] if "days" in case else [city.number()]
        parts = [LEFT[left_of(one.judges)].part(DayUnits(city.given(day), law)) for day in days]
        rows = fold.fold(
            pd.concat(parts, ignore_index=True),
            day_start_ms(first, law.timezone),
            day_start_ms(past, law.timezone),
        )
    return judge(one, rows, law, excuses)


def city_rows(name: str, city: City, case: Case) -> Columns:
    """The rows of a unit of the whole city, of the case's day or the period it lies in."""
    unit, given = CITY_UNITS[name], city.given()
    law = city.law()
    if unit.period is not None:
        first, past = (day_start_ms(day, law.timezone) for day in period_of(city.number(), unit.period))
        heard = given.heard_to_ms if "heard_to" in case else past
        given = replace(given, from_ms=first, to_ms=past, heard_to_ms=heard)
    # It says which columns it reads, and gets no others.
    narrow = {kind: given.tables[kind][list(columns)] for kind, columns in unit.reads.items()}
    return unit.make(replace(given, tables={**given.tables, **narrow}), law)


@pytest.mark.parametrize(("name", "case"), [pytest.param(n, c, id=f"{n}: {c['name']}") for n, c in cases()])
def test_case(name: str, case: Case) -> None:
    outcome = outcome_of(catalogue()[name], case)
    missing = sorted(outcome.cannot_tell["missing"])
    expected = case.get("found", [])
    found = sorted(outcome.found, key=lambda one: (one.start_ms, one.finding_id))
    said = (len(found), outcome.clean, missing)
    assert said == (len(expected), case.get("clean", 0), sorted(case.get("cannot_tell", []))), said
    for finding, wanted in zip(found, expected, strict=True):
        for field, value in wanted.items():
            _same(finding, field, value)


def _same(finding: Finding, field: str, value: Any) -> None:  # noqa: ANN401 - as typed
    if field == "evidence":
        for word, typed in value.items():
            assert word in finding.evidence or typed is None, f"no {word} in {finding.evidence}"
            got = finding.evidence.get(word)
            close = (
                pytest.approx(typed, abs=2.0 if abs(typed) > _SHARES else 0.02)
                if isinstance(typed, float)
                else typed
            )
            assert got == close, (word, got)
        return
    if field == "leans_on_has":
        assert value in finding.leans_on.split(";"), finding.leans_on
        return
    got = getattr(finding, field)
    if field in ("measured", "allowed") and value is not None:
        value = pytest.approx(value, abs=_CLOSE.get(finding.unit, 1e-6))
    elif isinstance(value, dt.date):
        value = str(value)
    assert got == value, f"{field}: {got!r}, expected {value!r}; {finding}"
