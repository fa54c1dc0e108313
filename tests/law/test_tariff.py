"""Fares computed by hand: the sum stands beside each expected number in `tariff_cases`."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from taxi_qa.law.read import places, read_law
from taxi_qa.law.tariff import price
from taxi_qa.values.money import yuan_text

FOLDER = Path(__file__).parent / "tariff_cases"
EXPECTED = {"low", "high", "limit", "trial", "surcharge", "missing", "doubt", "unverified", "leans_on"}


read = lru_cache(read_law)


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in content["cases"]:
            yield pytest.param(content["place"], case, id=f"{path.stem}: {case['name']}")


def trip_of(given: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """A trip as `price` takes it: instants in UTC, metres, what is not given left unknown."""
    trip = dict(given)
    made: dict[str, Any] = {
        f"{end}_ms": round(pd.Timestamp(trip.pop(end), tz=zone).timestamp() * 1000)
        for end in ("boarded", "alighted")
    }
    kilometres = trip.pop("km")
    made["metered_m"] = np.nan if kilometres is None else kilometres * 1000
    return {**made, "waiting_s": np.nan, "time_slack_s": 0.0, "energy": "", "rate_code": "", **trip}


@pytest.mark.parametrize(("place", "case"), list(cases()))
def test_the_fare_comes_out_to_the_fen(place: str, case: Mapping[str, Any]) -> None:
    law = read(place)
    assert set(case) <= EXPECTED | {"name", "trip"}
    answer = price(pd.DataFrame([trip_of(case["trip"], law.timezone)]), law).iloc[0]
    surcharge = answer["surcharge_high_fen"]
    said = {
        "low": yuan_text(answer["low_fen"]),
        "high": yuan_text(answer["high_fen"]),
        "limit": yuan_text(answer["high_fen"] + answer["step_fen"]),
        "trial": yuan_text(answer["trial_high_fen"]),
        "surcharge": None if pd.isna(surcharge) else yuan_text(surcharge),
        "missing": answer["missing"],
        "doubt": answer["doubt"],
        "unverified": answer["unverified"],
    }
    expected = {"missing": "", "doubt": ""} | {
        key: case[key] for key in EXPECTED - {"leans_on"} if key in case
    }
    assert {key: said[key] for key in expected} == expected
    for version in case.get("leans_on", []):
        assert version in answer["leans_on"].split(";")


def test_every_place_has_cases() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(places())


def test_every_change_of_a_fare_has_a_case_on_its_first_day_and_on_the_day_before() -> None:
    """A look-up that starts a law a day late survives every other test."""
    for path in FOLDER.glob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        days = {str(case["trip"]["boarded"])[:10] for case in content["cases"]}
        law = read_law(content["place"])
        starts = {version.start_ms for version in law["fare.flagfall"].versions}
        for start in starts:
            first = pd.Timestamp(start, unit="ms", tz="UTC").tz_convert(law.timezone)
            if first.year < 2013:  # the oldest tariffs begin on a day nobody saw
                continue
            before = first - pd.Timedelta(days=1)
            assert {str(first.date()), str(before.date())} <= days | {"2014-12-31", "2015-01-01"}, (
                path.stem,
                first,
            )


@pytest.mark.parametrize("place", places())
def test_trips_on_both_sides_of_every_change_are_priced_alone_as_together(place: str) -> None:
    """A thousandth of a second before a version begins, the one before it still binds."""
    law = read(place)
    starts = sorted(
        {start.start_ms for path in law.paths() if path.startswith("fare.") for start in law[path].versions}
    )
    rows = [
        {
            "boarded_ms": start + shift,
            "alighted_ms": start + shift + 1_800_000,
            "metered_m": 30_000.0,
            "waiting_s": 60.0,
        }
        for start in starts
        for shift in (-1, 0)
    ]
    together = price(pd.DataFrame(rows), law)
    for at, row in enumerate(rows):
        pd.testing.assert_series_equal(
            price(pd.DataFrame([row]), law).iloc[0], together.iloc[at], check_names=False
        )
        for version in together["leans_on"].iloc[at].split(";"):
            path, _, _ = version.partition("@")
            assert not version or law[path].names_at(np.asarray([row["boarded_ms"]])) == [version]


def test_the_answer_keeps_index_and_types_and_leaves_the_trips_alone() -> None:
    law = read_law("shenzhen")
    given = trip_of({"boarded": "2024-10-08 12:00", "alighted": "2024-10-08 12:50", "km": 40}, law.timezone)
    trips = pd.DataFrame([given, given, given], index=[7, 3, 5])
    before = trips.copy(deep=True)
    answer = price(trips, law)
    pd.testing.assert_frame_equal(trips, before)
    assert list(answer.index) == [7, 3, 5]
    for name in ("low_fen", "high_fen", "trial_high_fen", "step_fen"):
        assert answer[name].dtype == np.int64
    assert answer["surcharge_high_fen"].dtype == "Int64"
    assert answer["unverified"].dtype == np.bool_


def test_no_trips_give_no_answers() -> None:
    law = read_law("shenzhen")
    columns = ["boarded_ms", "alighted_ms", "metered_m"]
    answer = price(pd.DataFrame({name: pd.Series(dtype="float64") for name in columns}), law)
    assert len(answer) == 0
    assert "missing" in answer.columns


def test_columns_of_the_store_are_taken_as_they_come() -> None:
    """Nullable integers and strings with missing values, as the library hands them over."""
    law = read_law("shenzhen")
    start = round(pd.Timestamp("2024-10-08 12:00", tz=law.timezone).timestamp() * 1000)
    trips = pd.DataFrame(
        {
            "boarded_ms": pd.array([start, start], dtype="Int64"),
            "alighted_ms": pd.array([start + 3_000_000, None], dtype="Int64"),
            "metered_m": pd.array([40_000, 40_000], dtype="Int64"),
            "waiting_s": pd.array([0, None], dtype="Float64"),
            "rate_code": pd.array([None, "day"], dtype="string"),
        }
    )
    answer = price(trips, law)
    assert list(answer["missing"]) == ["", "alighted_ms"]
    assert list(answer["high_fen"]) == [13_285, 0]
