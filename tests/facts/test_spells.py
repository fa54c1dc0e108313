"""Spells of driving at the limits of a rest: what hides one, what is standing, and what breaks it."""

import numpy as np
import pytest

from taxi_qa.facts.driving import Spells, driving_spells, spells
from taxi_qa.facts.track import lay
from tests.facts.frames import DAY_MS, MIN, S
from tests.small_city import City, fixes_of, law_of

AT = DAY_MS + 8 * 60 * MIN
REST_S = 1_200.0
# Metres of a degree of longitude at 23.1 degrees north, about.
_PER_LON = 102_500.0


def _driven(*legs: tuple[int, int, float, float]) -> Spells:
    """Spells of one car. Each leg: how many steps, of how many seconds, metres a step, km/h by the device."""
    moment, metres = AT, 0.0
    rows = [{"vehicle_id": "A", "time_ms": moment, "lon": 113.0, "lat": 23.1, "speed_kmh": 36.0}]
    for steps, every_s, step_m, kmh in legs:
        for _ in range(steps):
            moment, metres = moment + every_s * S, metres + step_m
            place = {"lon": 113.0 + metres / _PER_LON, "lat": 23.1, "speed_kmh": kmh}
            rows.append({"vehicle_id": "A", "time_ms": moment, **place})
    car = np.array([0])
    return spells(lay(fixes_of(rows), 200.0), car, np.array([AT]), np.array([AT + 12 * 60 * MIN]), REST_S)


HOUR = (60, 60, 600.0, 36.0)


@pytest.mark.parametrize(
    ("gap_s", "low_s"),
    # An hour, a silence, an hour. With the minute before it, or after it, that may be part of it, the silence
    # is as long as a rest, and an hour less that minute is sure; a second less hides none.
    [(1_140, 3_540.0), (1_139, 8_339.0), (3_000, 3_540.0)],
)
def test_a_silence_that_may_hide_a_rest(gap_s: int, low_s: float) -> None:
    one = _driven(HOUR, (1, gap_s, 9_000.0, 36.0), HOUR)
    assert one.low_s.tolist() == [low_s]
    assert one.high_s.tolist() == [7_200.0 + gap_s]
    # Of what is hidden at least the silence and both minutes; nothing where no rest fits in.
    assert (one.hidden_s[0] == 0) if gap_s == 1_139 else (gap_s + 120 <= one.hidden_s[0] < one.high_s[0])


@pytest.mark.parametrize(("stand_min", "found"), [(17, 1), (18, 2)])
def test_a_stand_as_long_as_a_rest_is_one(stand_min: int, found: int) -> None:
    # The minutes before and after it may be part of it: 18 and two are twenty. The next spell begins with it.
    one = _driven(HOUR, (stand_min, 60, 0.0, 0.0), HOUR)
    assert one.duty.size == found
    # Without a stand two steps of a minute might hold one of two minutes.
    assert one.rest_longest_s.tolist() == ([19 * 60.0] if found == 1 else [120.0, 120.0])
    assert one.high_s.tolist() == ([7_200.0 + 17 * 60] if found == 1 else [3_540.0, 3_600.0])


@pytest.mark.parametrize(("kmh", "found"), [(3.0, 2), (3.01, 1)])
def test_a_car_that_drifts_slowly_stands(kmh: float, found: int) -> None:
    # Half an hour at 40 m a minute (2.4 km/h): standing, unless the device tells of more than 3 km/h.
    assert _driven(HOUR, (30, 60, 40.0, kmh), HOUR).duty.size == found


@pytest.mark.parametrize(("step_m", "found"), [(49.5, 2), (51.0, 1)])
def test_a_receiver_that_wanders_stands(step_m: float, found: int) -> None:
    # 50 m at most from where it stood, however fast it says it is.
    there_and_back = [leg for _ in range(15) for leg in ((1, 60, step_m, 9.0), (1, 60, -step_m, 9.0))]
    assert _driven(HOUR, *there_and_back, HOUR).duty.size == found


@pytest.mark.parametrize(("step_s", "found"), [(300, 2), (301, 1)])
def test_a_longer_step_is_dark(step_s: int, found: int) -> None:
    # A quarter of an hour and a minute of standing; it may have stood on within a step, not in the dark.
    assert _driven(HOUR, (15, 60, 0.0, 0.0), (1, step_s, 3_000.0, 36.0), HOUR).duty.size == found


def test_the_longest_rest_of_a_duty_is_found_between_its_spells() -> None:
    shift = {"vehicle_id": "A", "driver_id": "D", "start": "08:00:00", "end": "14:00:00"}
    track = [
        {"leave": [113.0, 23.1], "at": "08:00:00"},
        {"drive_m": 36_000, "kmh": 36, "every_s": 60},
        {"stand_s": 1_800, "every_s": 60},
        {"drive_m": 36_000, "kmh": 36, "every_s": 60, "heading": 270},
        {"stand_s": 1_500, "every_s": 60},
        {"drive_m": 36_000, "kmh": 36, "every_s": 60},
    ]
    # Another car without any rest: nothing lies between the spells of two duties.
    other = {"vehicle_id": "B", "driver_id": "E", "start": "08:00:00", "end": "14:00:00"}
    drive = [{"leave": [113.0, 23.2], "at": "11:00:00"}, {"drive_m": 3_600, "kmh": 36, "every_s": 60}]
    city = City(
        records={"shifts": [shift, other]},
        tracks=[{"vehicle_id": "A", "track": track}, {"vehicle_id": "B", "track": drive}],
    )
    rows = driving_spells(city.given(), law_of("guangzhou"))
    whole = rows.cut(rows["kind"] == "shift")
    # Half an hour and the minute before it, which may be part of it; of a drive two steps may be a stand.
    longest = dict(zip(whole["vehicle_id"].tolist(), whole["rest_longest_s"].tolist(), strict=True))
    assert longest == {"A": 1_860.0, "B": 120.0}
    assert whole["low_s"].tolist() == whole["high_s"].tolist()


def test_a_duty_that_begins_with_a_rest_has_no_spell_before_it() -> None:
    one = _driven((30, 60, 0.0, 0.0), HOUR)
    # The minute in which it set off is part of the hour.
    assert (one.duty.size, one.high_s.tolist()) == (1, [3_600.0])
