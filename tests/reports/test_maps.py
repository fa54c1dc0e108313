import json
import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from taxi_qa.records.fixes import FIXED, FIXED_SENT, Fixes, empty_fixes
from taxi_qa.reports.maps import HEIGHT, WIDTH, Outline, draw
from taxi_qa.reports.page import joined, outlines

NOON_MS = 1_760_328_000_000  # 2025-10-13 12:00 in Guangzhou


def _drive(*, jump_at: int | None = None, silent: range = range(0), ghost: bool = False) -> Fixes:
    """A car that drives east for an hour at 36 km/h, a position every ten seconds."""
    seconds = np.array([s for s in range(0, 3600, 10) if s not in silent])
    lon = 113.26 + seconds * 10 / 102_400
    lat = np.full(seconds.size, 23.13)
    if jump_at is not None:
        lon[jump_at] += 0.2
    if ghost:  # a second car 15 km north sends in between
        seconds = np.sort(np.concatenate((seconds, seconds + 5)))
        lon, lat = np.repeat(lon, 2), np.repeat(lat, 2)
        lat[1::2] += 0.135
    n = seconds.size
    return Fixes(
        ("粤AD0001",),
        np.array([0, n], dtype=np.int64),
        NOON_MS + seconds.astype(np.int64) * 1000,
        np.round(lon * 1e7).astype(np.int32),
        np.round(lat * 1e7).astype(np.int32),
        np.full(n, 3600, dtype=np.int32),
        np.zeros(n, dtype=np.int16),
        np.full(n, FIXED_SENT | FIXED, dtype=np.int16),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
    )


def _numbers(path: str) -> npt.NDArray[np.float64]:
    return np.array(
        [[float(x) for x in pair.split()] for pair in re.split("[ML]", path.replace(" M", "M"))[1:]]
    )


def test_the_map_shows_the_act_in_its_true_shape_and_scale() -> None:
    drawn = draw(_drive(), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    act = _numbers(drawn.act)
    # Ten minutes at 10 m/s are 6 km eastwards and one step more at either end, by the map's own scale bar.
    metres_per_px = {"1 km": 1000, "2 km": 2000, "5 km": 5000}[drawn.bar_text] / drawn.bar_px
    assert np.ptp(act[:, 0]) * metres_per_px == pytest.approx(6200, rel=0.02)
    assert np.ptp(act[:, 1]) < 1
    assert drawn.start.x < drawn.end.x
    assert drawn.fixes == 61
    assert not drawn.stands
    assert act.min() >= 0
    assert (act.max(axis=0) <= [WIDTH, HEIGHT]).all()


def test_a_silence_is_drawn_as_a_gap_from_its_last_to_its_next_position() -> None:
    silent = range(605, 1195)
    drawn = draw(_drive(silent=silent), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    gap = _numbers(drawn.gaps)
    assert np.ptp(gap[:, 0]) > WIDTH / 3


def test_an_impossible_position_is_a_cross_and_bends_no_line() -> None:
    clean = draw(_drive(), NOON_MS + 600_000, NOON_MS + 1_200_000)
    with_jump = draw(_drive(jump_at=90), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert clean is not None
    assert with_jump is not None
    assert np.ptp(_numbers(with_jump.act)[:, 1]) < 1
    assert with_jump.bar_text == clean.bar_text


def test_two_cars_under_one_plate_are_two_lines() -> None:
    drawn = draw(_drive(ghost=True), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    first, second = _numbers(drawn.act), _numbers(drawn.second)
    assert abs(first[:, 1].mean() - second[:, 1].mean()) > HEIGHT / 4


def test_a_marked_moment_stands_where_the_car_was_then_and_not_within_a_gap() -> None:
    start, end = NOON_MS + 600_000, NOON_MS + 1_200_000
    drawn = draw(_drive(), start, end, moments=[((start + end) // 2, "下")])
    assert drawn is not None
    (flag,) = drawn.flags
    assert flag.text == "下"
    assert flag.x == pytest.approx((drawn.start.x + drawn.end.x) / 2, abs=1)
    silent = draw(_drive(silent=range(605, 1195)), start, end, moments=[((start + end) // 2, "下")])
    assert silent is not None
    assert silent.flags == ()


def test_without_positions_there_is_no_map() -> None:
    assert draw(empty_fixes(), NOON_MS, NOON_MS + 1) is None
    assert draw(_drive(), NOON_MS + 90_000_000, NOON_MS + 90_600_000) is None


def test_days_are_joined_in_order() -> None:
    day = _drive()
    later = replace(day, time_ms=day.time_ms + 86_400_000)
    both_days = joined([day, later])
    assert len(both_days) == 2 * len(day)
    assert (np.diff(both_days.time_ms) > 0).all()
    assert len(joined([])) == 0


def test_outlines_take_cities_tunnels_and_hubs_with_all_their_parts() -> None:
    ring = [[113.2, 23.1], [113.3, 23.1], [113.3, 23.2], [113.2, 23.1]]
    zones = pd.DataFrame(
        {
            "kind": ["city", "bay", "tunnel"],
            "name": ["a", "b", "c"],
            "geometry": [
                json.dumps({"type": "MultiPolygon", "coordinates": [[ring], [ring]]}),
                json.dumps({"type": "Polygon", "coordinates": [ring]}),
                json.dumps({"type": "Polygon", "coordinates": [ring]}),
            ],
        }
    )
    made = outlines(zones)
    assert [outline.kind for outline in made] == ["city", "city", "tunnel"]
    drawn = draw(_drive(), NOON_MS, NOON_MS + 3_600_000, [Outline("city", "a", made[0].ring)])
    assert drawn is not None
    assert drawn.outlines[0][0] == "city"
