"""What a run is given: whole cars, in slices no larger than fit."""

import datetime as dt

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from taxi_qa.facts.given import Given
from taxi_qa.runs import gather
from taxi_qa.runs.check import check
from taxi_qa.runs.gather import given_day, law_of
from taxi_qa.runs.jobs import DAY, Order
from taxi_qa.store.home import Home
from taxi_qa.store.presence import last_delivery, position_rows
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import day_of
from tests.runs.conftest import NOW_MS, Judged, NewHome, said


def slices(home: Home, vehicles: tuple[str, ...] = ()) -> list[Given]:
    """All buckets of the day with most positions."""
    rows = position_rows(home, 0, day_of(dt.date(2100, 1, 1)))
    day = max(rows, key=lambda place: rows[place])[0]
    order = Order(
        home=str(home.path), url=home.url, past_day=day + 1,
        jobs=tuple(Job(day, bucket, DAY) for bucket in range(home.buckets)),
        rules=(), leaves=(), looks_back=False, vehicles=vehicles, delivery=last_delivery(home),
    )  # fmt: skip
    return list(given_day(order, law_of(home.city), day))


def test_slices_are_whole_cars_and_all_of_them(new_home: NewHome, monkeypatch: pytest.MonkeyPatch) -> None:
    home = new_home()
    (whole,) = slices(home)
    assert len(whole.fixes.vehicle_ids) == 4
    most = len(whole.fixes) // 2 + 1
    monkeypatch.setattr(gather, "MOST_FIXES", most)
    parts = slices(home)
    assert len(parts) == 2
    assert sum((part.fixes.vehicle_ids for part in parts), ()) == whole.fixes.vehicle_ids
    assert max(len(part.fixes) for part in parts) < 1.3 * most, "of about equal size"
    for name in ("time_ms", "lon_e7", "lat_e7", "speed_ckmh", "flags", "delay_ms"):
        together = np.concatenate([getattr(part.fixes, name) for part in parts])
        np.testing.assert_array_equal(together, getattr(whole.fixes, name))
    for kind in ("trips", "shifts", "vehicles"):
        assert sum(len(part.tables[kind]) for part in parts) == len(whole.tables[kind])
        for part in parts:
            others = set(whole.fixes.vehicle_ids) - set(part.fixes.vehicle_ids)
            assert not others & set(part.tables[kind]["vehicle_id"])


def test_cars_asked_for_are_sliced_among_themselves(
    new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    (whole,) = slices(home)
    asked = tuple(sorted(whole.fixes.vehicle_ids)[1:3])
    (alone,) = slices(home, asked)
    assert sorted(alone.fixes.vehicle_ids) == list(asked)
    monkeypatch.setattr(gather, "MOST_FIXES", len(alone.fixes) // 3)
    assert sorted(part.fixes.vehicle_ids for part in slices(home, asked)) == [(asked[0],), (asked[1],)]
    (nobody,) = slices(home, ("nobody",))
    assert len(nobody.fixes) == 0


@pytest.mark.parametrize("most", [1, 5_000])
def test_slices_say_what_the_whole_says(
    new_home: NewHome, undisturbed: Judged, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    home = new_home()
    monkeypatch.setattr(gather, "MOST_FIXES", most)
    assert check(home, now_ms=NOW_MS) is not None
    assert_frame_equal(said(home), undisturbed.said)
