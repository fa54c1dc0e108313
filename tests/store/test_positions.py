"""Positions of several buckets and days read as one, against each partition read by itself."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from taxi_qa.records.fixes import NO_ODOMETER, NO_SPEED, Fixes
from taxi_qa.store import library, positions, segments
from taxi_qa.store.home import Home
from taxi_qa.store.positions import Stretch, about_rows, cars_of, fixes_of
from taxi_qa.store.tracks import MEASURED
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_H, day_from_text, day_start_ms
from taxi_qa.values.place import DATUMS
from tests.store.making import rows
from tests.store.test_delivery_of_positions import take

DAY = day_from_text("2026-10-20")
BUCKETS = (0, 1, 2, 3)
Row = tuple[object, ...]


def around(home: Home, before_h: int = 6, after_h: int = 18) -> Stretch:
    """The day and so many hours of the days beside it."""
    start_ms = day_start_ms(DAY, home.timezone)
    return Stretch(
        (DAY - 1, DAY, DAY + 1),
        BUCKETS,
        start_ms - before_h * MS_PER_H,
        start_ms + MS_PER_DAY + after_h * MS_PER_H,
    )


def driven(home: Home, seed: int, n: int = 1_500) -> pd.DataFrame:
    """Three days of twelve cars; the same car, second and place more than once, in all datums."""
    rng = np.random.default_rng(seed)
    start_ms = day_start_ms(DAY, home.timezone)
    second = rng.integers(-86_400, 2 * 86_400, n) // 1_800 * 1_800
    records = rows(
        "positions",
        *(
            {"vehicle_id": f"V{car}", "time_ms": start_ms + int(s) * 1_000,
             "lon": 113.0 + int(place) / 1_000, "lat": 22.5, "speed_kmh": float(speed),
             "odometer_m": int(s) + 90_000}
            for car, s, place, speed in zip(
                rng.integers(0, 12, n), second, rng.integers(0, 3, n), rng.integers(0, 90, n), strict=True
            )
        ),
    )  # fmt: skip
    return records.assign(datum=pd.array(np.array(DATUMS)[rng.integers(0, len(DATUMS), n)], dtype="str"))


def listed(fixes: Fixes) -> list[Row]:
    """Row by row: the vehicle and every column."""
    names = [fixes.vehicle_ids[at] for at in fixes.vehicle_of_row()]
    columns = [getattr(fixes, field.name).tolist() for field in fields(fixes)[2:]]
    return list(zip(names, *columns, strict=True))


def plainly(home: Home, stretch: Stretch, cars: frozenset[str] | None = None) -> list[Row]:
    """Each partition read by itself, laid together and put in order row by row."""
    found: list[Row] = []
    for bucket in stretch.buckets:
        of_days = [row for day in stretch.days for row in listed(library.fixes(home, day, bucket))]
        inside = [row for row in of_days if stretch.from_ms <= int(str(row[1])) < stretch.to_ms]
        # Python's sort is stable: within a car the days stay in their order.
        found += sorted(
            (row for row in inside if cars is None or row[0] in cars), key=lambda row: str(row[0])
        )
    return found


@pytest.mark.parametrize("deliveries", [1, 3])
@pytest.mark.parametrize("hours", [(6, 18), (24, 24), (0, 0), (-5, -7)])
def test_days_and_buckets_together_are_each_by_itself(
    home: Home, deliveries: int, hours: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROW_GROUP", 40)  # cars and days lie across row groups
    for seed in range(deliveries):
        take(home, driven(home, seed), f"sha {seed}")
    stretch = around(home, *hours)
    wanted = plainly(home, stretch)
    assert len(wanted) > 100
    found = fixes_of(home, stretch, MEASURED)
    assert listed(found) == wanted
    assert (np.diff(found.starts) > 0).all()
    some = frozenset(("V1", "V7", "V10", "nobody"))
    assert listed(fixes_of(home, stretch, MEASURED, some)) == plainly(home, stretch, some)
    for bucket in BUCKETS:
        alone = replace(stretch, buckets=(bucket,))
        assert listed(fixes_of(home, alone, MEASURED)) == plainly(home, alone)


def test_how_many_there_are_is_known_before_they_are_read(home: Home) -> None:
    take(home, driven(home, 1), "sha")
    whole = around(home, 24, 24)
    found = fixes_of(home, whole, MEASURED)
    assert about_rows(home, whole) == len(found)
    assert cars_of(home, whole) == dict(zip(found.vehicle_ids, np.diff(found.starts).tolist(), strict=True))
    # Four of six half days are asked for; the cars drive evenly.
    assert about_rows(home, around(home, 6, 18)) == pytest.approx(len(found) * 2 / 3, rel=0.1)


def test_what_nobody_asked_for_takes_no_room(home: Home) -> None:
    take(home, driven(home, 1), "sha")
    found = fixes_of(home, around(home), ("flags",))
    assert set(found.odometer_m.tolist()) == {NO_ODOMETER}
    assert set(found.speed_ckmh.tolist()) == {NO_SPEED}
    assert found.odometer_m.strides == (0,)
    for column in (found.starts, found.time_ms, found.lon_e7, found.lat_e7, found.flags):
        # Else every kernel would be compiled once more for another kind of array.
        assert column.flags.c_contiguous
        assert column.flags.writeable


def test_files_replaced_while_one_looks_are_looked_for_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(home, driven(home, 1), "sha")
    wanted = listed(fixes_of(home, around(home), MEASURED))
    look, looked = positions._current, 0

    def late(home: Home, stretch: Stretch, bucket: int | None = None) -> dict[int, positions._Days]:
        nonlocal looked
        looked += 1
        found = look(home, stretch, bucket)
        if looked > 1:
            return found
        gone = {held: replace(held, path=held.path.with_name("gone.parquet")) for held in found[2][1]}
        return found | {2: [tuple(gone.get(held, held) for held in day) for day in found[2]]}

    monkeypatch.setattr(positions, "_current", late)
    assert listed(fixes_of(home, around(home), MEASURED)) == wanted
    assert looked == 2
    for path in home.tracks.rglob("*.parquet"):
        path.unlink()
    with pytest.raises(FileNotFoundError):
        fixes_of(home, around(home), MEASURED)


def test_a_home_without_positions_has_none(home: Home) -> None:
    assert len(fixes_of(home, around(home), MEASURED)) == 0
    assert about_rows(home, around(home)) == 0
    assert cars_of(home, around(home)) == {}
