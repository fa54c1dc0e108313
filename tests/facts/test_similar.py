"""The second witness: what it says of a made city is what a person reads off the street grid."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import similar
from taxi_qa.facts.similar import Floats, Floats32, Usual, compared, usual
from taxi_qa.facts.usual_routes import (
    Driven,
    Lines,
    lines_of,
    nearest,
    square_to_line,
    thinned,
    tree_of,
    turned,
)
from taxi_qa.values.place import E7, distance_m, metres_per_degree

Way = list[tuple[float, float]]

LON, LAT = 104.0, 30.6
PER_LON, PER_LAT = metres_per_degree(LAT)
seeds = st.integers(0, 2**32 - 1)


def driven(ways: list[Way], seconds: list[float] | None = None) -> Driven:
    """Trips along corners in metres from a place in Chengdu."""
    x, y = np.array([corner for way in ways for corner in way], dtype=np.float64).reshape(-1, 2).T
    return Driven(
        np.concatenate([[0], np.cumsum([len(way) for way in ways])]).astype(np.int64),
        np.rint((LON + x / PER_LON) * E7).astype(np.int32),
        np.rint((LAT + y / PER_LAT) * E7).astype(np.int32),
        np.array(seconds if seconds is not None else [np.nan] * len(ways), dtype=np.float64),
    )


def wander(draw: np.random.Generator, trips: int) -> list[Way]:
    """Trips along a grid of 250 m, with fixes that err by 15 m; some stand, some go back and forth."""
    ways = []
    for _ in range(trips):
        place = draw.integers(0, 4, 2) * 250.0
        way = [place]
        for _ in range(int(draw.integers(1, 14))):
            step = np.array([(250.0, 0.0), (0.0, 250.0), (-250.0, 0.0), (0.0, 0.0)])
            place = place + step[draw.choice(4, p=[0.45, 0.35, 0.15, 0.05])]
            way.append(place)
        ways.append([(float(x), float(y)) for x, y in np.array(way) + draw.normal(0, 15, (len(way), 2))])
    return ways


# ---- the pieces ---------------------------------------------------------------------------------------


@given(seed=seeds, rows=st.integers(1, 300), k=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_the_tree_finds_the_nearest(seed: int, rows: int, k: int) -> None:
    draw = np.random.default_rng(seed)
    # Whole metres in a small box: many places are the same, many distances equal.
    places = draw.integers(0, 9, (rows, 4)).astype(np.float32)
    places[:, int(draw.integers(4))] = 3
    owner = draw.integers(0, 20, rows).astype(np.int32)
    tree, order = tree_of(places, owner)
    assert np.array_equal(tree.places, places[order])
    assert np.array_equal(tree.owner, owner[order])
    assert np.array_equal(np.sort(order), np.arange(rows))
    place = draw.integers(-2, 11, 4).astype(np.float64)
    reach = float(draw.uniform(1, 15))
    found, square = np.empty(k, dtype=np.int64), np.empty(k)
    n = nearest(tree, place, 7, reach, found, square)
    every = ((tree.places - place) ** 2).sum(axis=1)
    allowed = np.sort(every[(tree.owner != 7) & (every <= reach**2)])
    assert np.array_equal(square[:n], allowed[:k])
    assert np.array_equal(every[found[:n]], square[:n])
    assert len(set(found[:n])) == n


def floats(values: list[float]) -> Floats32:
    return np.array(values, dtype=np.float32)


def test_turns_are_added_up() -> None:
    # East 100, north 100, west 100: two right angles; each counts (1 - 0) * 100 m back and forth.
    total, back = turned(floats([0, 100, 100, 0]), floats([0, 0, 100, 100]))
    assert total == pytest.approx(np.pi)
    assert back == pytest.approx(200)
    # 300 m out and 200 m back: one turn of 180 degrees, (1 - -1) * 200 m.
    total, back = turned(floats([0, 300, 100]), floats([0, 0, 0]))
    assert total == pytest.approx(np.pi)
    assert back == pytest.approx(400)
    assert turned(floats([0, 300]), floats([0, 0])) == (0, 0)


@given(seed=seeds, corners=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_the_distance_to_a_line_is_that_of_shapely(seed: int, corners: int) -> None:
    draw = np.random.default_rng(seed)
    x, y = draw.integers(-5, 6, (2, corners)).astype(np.float32)
    at = draw.uniform(-8, 8, 2)
    places = list(zip(x.tolist(), y.tolist(), strict=True))
    line = shapely.LineString(places) if corners > 1 else shapely.Point(places[0])
    assert square_to_line(at[0], at[1], x, y) == pytest.approx(
        line.distance(shapely.Point(at)) ** 2, abs=1e-9
    )


def test_a_standing_car_does_not_wobble() -> None:
    # Kept: the begin, 60, 120 (130 is 10 m on), the end in place of 240, which is less than 50 m before it.
    x = np.array([0, 20, 60, 61, 120, 130, 240, 260.0])
    corner_x, _, start, which = thinned(x, np.zeros(8), np.array([0, 8]), 50.0)
    assert corner_x.tolist() == [0, 60, 120, 260]
    assert which.tolist() == [0, 2, 4, 7]
    assert start.tolist() == [0, 4]
    # A trip that never went 50 m keeps its two ends; one fix stays one.
    _, _, start, which = thinned(np.array([0, 3, 5, 9.0]), np.zeros(4), np.array([0, 3, 4]), 50.0)
    assert which.tolist() == [0, 2, 3]
    assert start.tolist() == [0, 2, 3]


def test_lengths_are_those_of_the_earth() -> None:
    way = [(0.0, 0.0), (4000.0, 0.0), (4000.0, 3000.0), (9000.0, 3000.0)]
    trip = driven([way])
    known = usual(trip)
    lon, lat = trip.lon_e7 / E7, trip.lat_e7 / E7
    on_earth = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()
    assert compared(known, trip)["driven_m"][0] == pytest.approx(on_earth, rel=5e-4)


def test_a_line_of_many_corners_is_looked_at_from_24_of_them() -> None:
    ends = np.empty(24, dtype=np.int64)
    # 46 legs of 50 m, 2,300 m: a corner at every 23rd of it, 100 m, is every second.
    assert similar._ends(floats([50.0 * leg for leg in range(47)]), ends) == 24
    assert ends.tolist() == list(range(0, 47, 2))
    # 24 legs of 50 m: the first corner at or behind m times 52.2 m is number m + 1: number 1 is left out.
    assert similar._ends(floats([50.0 * leg for leg in range(25)]), ends) == 24
    assert ends.tolist() == [0, *range(2, 25)]
    # 23 legs of 50 m and one of 5 km: every 267.4 m are numbers 6, 11, 17 and 22; the end is there once.
    n = similar._ends(floats([*(50.0 * leg for leg in range(24)), 6150.0]), ends)
    assert ends[:n].tolist() == [0, 6, 11, 17, 22, 24]
    # Of 24 none is left out, wherever they lie: 22 legs of 50 m, then one of 5 km.
    assert similar._ends(floats([*(50.0 * leg for leg in range(23)), 6100.0]), ends) == 24
    assert ends.tolist() == list(range(24))


# ---- the whole, beside a plain twin -------------------------------------------------------------------


def plainly(known: Usual, lines: Lines, t: int) -> dict[str, float]:
    """What `compared` says of one trip, with plain numpy over the whole history."""
    corners = slice(lines.start[t], lines.start[t + 1])
    line = np.stack([lines.x[corners], lines.y[corners]], axis=1).astype(np.float64)
    fix = lines.fix[corners]
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    place = np.concatenate([line[0], line[-1]])
    straight = np.hypot(*(line[-1] - line[0]))
    square = ((known.lines.places - place) ** 2).sum(axis=1)
    square[known.lines.length_m == 0] = np.inf
    alike = np.argsort(square, kind="stable")[:50]
    alike = alike[square[alike] <= max(800.0, straight / 10) ** 2]
    said = {"similar_n": float(alike.size)}
    if alike.size < 20 or along[-1] == 0:
        return said
    theirs = known.lines.places[alike].astype(np.float64)
    crow = np.hypot(theirs[:, 2] - theirs[:, 0], theirs[:, 3] - theirs[:, 1])
    lengths = np.maximum(50.0, known.lines.length_m[alike] - crow + straight)
    said |= {
        "similar_median_m": float(np.median(lengths)),
        "similar_p90_m": float(np.quantile(lengths, 0.9)),
        "similar_share_shorter": float((lengths < along[-1] - 1).mean()),
        "usual_s": float(np.median(known.lines.seconds[alike])),
        "length_more": float(np.log(along[-1] / np.median(lengths))),
        "turned_more": float(lines.turned_rad[t] - np.median(known.lines.turned_rad[alike])),
        "back_more": float(lines.back_share[t] - np.median(known.lines.back_share[alike])),
    }
    routes = [
        shapely.LineString(
            np.stack([axis[known.lines.start[h] : known.lines.start[h + 1]] for axis in known.lines[1:3]], 1)
        )
        for h in alike
    ]
    step = max(50.0, along[-1] / 100)
    off = []
    for i in range(1, len(line)):
        leg = along[i] - along[i - 1]
        pieces = max(1, int(np.ceil(leg / step)))
        for piece in range(1, pieces + 1):
            at = shapely.Point(line[i - 1] + (line[i] - line[i - 1]) * piece / pieces)
            off.append((leg / pieces, max(10.0, min(1000.0, *(at.distance(route) for route in routes)))))
    metres, away = np.array(off).T
    said["away_more"] = float((metres * away).sum() / along[-1])
    said["unusual_m"] = float(metres[away > 150].sum())
    pairs = [(i, j) for i in range(len(line)) for j in range(i + 1, len(line))]
    guess = [
        (along[j] - along[i] + 1500) / (np.hypot(*(line[j] - line[i])) * np.exp(known.usual_wind) + 1500)
        for i, j in pairs
    ]
    tried = [pairs[c] for c in np.argsort(guess)[::-1][:16]]
    said["around_more"], said["around_from"], said["around_to"] = max(
        (_around(known, line, along, i, j), float(fix[i]), float(fix[j])) for i, j in tried
    )
    return said


def _around(known: Usual, line: Floats, along: Floats, i: int, j: int) -> float:
    """How much longer one stretch is than what most need between its ends."""
    place = np.concatenate([line[i], line[j]])
    straight = float(np.hypot(*(line[j] - line[i])))
    winding = known.usual_wind
    if straight >= 300:
        square = ((known.stretches.places - place) ** 2).sum(axis=1)
        rows = np.argsort(square, kind="stable")[:16]
        rows = rows[square[rows] <= max(300.0, straight / 4) ** 2]
        if rows.size >= 8:
            winding = float(np.quantile(known.wind[rows], 0.85))
    return float(np.log((along[j] - along[i] + 1500) / (straight * np.exp(winding) + 1500)))


@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_the_kernels_say_what_plain_numpy_says(seed: int) -> None:
    draw = np.random.default_rng(seed)
    known = usual(driven(wander(draw, 300), draw.uniform(100, 900, 300).tolist()))
    asked = driven(wander(draw, 25))
    seen = compared(known, asked)
    lines = lines_of(asked, known.plane)
    for t in range(25):
        said = plainly(known, lines, t)
        assert (len(said) == 1) == bool(np.isnan(seen["strangeness"][t]))
        for name, value in said.items():
            assert seen[name][t] == pytest.approx(value, rel=1e-4, abs=1e-3), name


# ---- what it says -------------------------------------------------------------------------------------


def street(draw: np.random.Generator, trips: int) -> list[Way]:
    """Trips 4 km east along one street, a fix each 500 m, that err by 10 m."""
    east = np.arange(0, 4001, 500.0)
    return [
        [(float(x), float(y)) for x, y in np.stack([east, np.zeros(9)], 1) + draw.normal(0, 10, (9, 2))]
        for _ in range(trips)
    ]


# 1.5 km along the street, 1 km north, 1 km east, 1 km south, 1.5 km along: 6 km instead of 4.
DETOUR: Way = [(0, 0), (500, 0), (1000, 0), (1500, 0), (1500, 500), (1500, 1000), (2000, 1000),
               (2500, 1000), (2500, 500), (2500, 0), (3000, 0), (3500, 0), (4000, 0)]  # fmt: skip


@pytest.fixture(scope="module")
def known() -> Usual:
    """What is usual on the street: 400 trips of ten minutes."""
    return usual(driven(street(np.random.default_rng(3), 400), [600.0] * 400))


def test_a_detour_is_told_in_words_a_driver_can_check(known: Usual) -> None:
    seen = {name: values[0] for name, values in compared(known, driven([DETOUR])).some(*_NAMES).items()}
    assert seen["similar_n"] == 50
    assert seen["similar_share_shorter"] == 1
    assert seen["similar_median_m"] == pytest.approx(4000, rel=0.01)
    assert seen["driven_m"] == pytest.approx(6000, rel=0.001)
    assert seen["usual_s"] == 600
    # Three sides of a square of 1 km, less the first and last 150 m, at places 50 or 60 m apart.
    assert seen["unusual_m"] == pytest.approx(3000 - 2 * 150, abs=2 * 65)
    assert seen["unusual_share"] == pytest.approx(seen["unusual_m"] / 6000, rel=0.01)
    # It left at the fix (1500, 0), the fourth, and came back at (2500, 0), the tenth.
    assert (seen["left_from"], seen["left_to"]) == (3, 9)
    assert (seen["around_from"], seen["around_to"]) == (3, 9)
    assert seen["around_m"] == pytest.approx(3000, rel=0.001)
    assert seen["around_usual_m"] == pytest.approx(1000, rel=0.02)
    # Four right angles more than the others, who turn by their 10 m errors only.
    assert seen["turned_more"] == pytest.approx(2 * np.pi, abs=0.5)


_NAMES = ("similar_n", "similar_share_shorter", "similar_median_m", "driven_m", "usual_s", "unusual_m",
          "unusual_share", "left_from", "left_to", "around_from", "around_to", "around_m",
          "around_usual_m", "turned_more")  # fmt: skip


def test_a_detour_is_stranger_than_every_honest_trip(known: Usual) -> None:
    honest = street(np.random.default_rng(4), 200)
    strangeness = compared(known, driven([*honest, DETOUR]))["strangeness"]
    assert strangeness[-1] > strangeness[:-1].max()
    # All five witnesses at their rarest: three times -ln(0.05 + 0.5 / 401).
    assert strangeness[-1] == pytest.approx(-3 * np.log(0.05 + 0.5 / 401))


def test_an_honest_trip_left_no_street(known: Usual) -> None:
    seen = compared(known, driven(street(np.random.default_rng(5), 50)))
    assert (seen["unusual_m"] == 0).all()
    assert np.isnan(seen["left_from"]).all()
    # A trip drawn like the history's: each witness's rarity is evenly spread, its mean near one half.
    assert seen["length_rare"].mean() == pytest.approx(0.5, abs=0.15)


def test_of_two_ways_off_the_street_the_longer_is_named(known: Usual) -> None:
    # 400 m north between the fixes 1 and 3, 800 m north between 5 and 7.
    north: Way = [(2500, 0), (2750, 800), (3000, 0), (4000, 0)]
    twice: Way = [(0, 0), (500, 0), (750, 400), (1000, 0), (2000, 0), *north]
    seen = compared(known, driven([twice]))
    assert (seen["left_from"][0], seen["left_to"][0]) == (5, 7)
    # Legs of 472 and 838 m, each off by more than 150 m but for 150 / 400 and 150 / 800 of it.
    assert seen["unusual_m"][0] == pytest.approx(2 * 472 * 250 / 400 + 2 * 838 * 650 / 800, abs=4 * 60)


def test_another_way_of_the_usual_length_is_strange() -> None:
    draw = np.random.default_rng(9)
    north_first = np.array([(0, 0), (0, 1000), (0, 2000), (1000, 2000), (2000, 2000)], dtype=np.float64)
    ways = [[(float(x), float(y)) for x, y in north_first + draw.normal(0, 10, (5, 2))] for _ in range(240)]
    east_first: Way = [(0, 0), (1000, 0), (2000, 0), (2000, 1000), (2000, 2000)]
    seen = compared(usual(driven(ways[:200])), driven([*ways[200:], east_first]))
    assert 0.1 < seen["length_rare"][-1] < 0.9
    assert seen["away_rare"][-1] == pytest.approx(0.5 / 201)
    # It counts in the length's place, once.
    away, around, turned_, back = (
        -np.log(0.05 + seen[f"{name}_rare"][-1]) for name in ("away", "around", "turned", "back")
    )
    assert seen["strangeness"][-1] == pytest.approx(away + around + (turned_ + back) / 2)


def test_ends_further_apart_are_no_longer_way(known: Usual) -> None:
    # Begun 250 m further west than all others: 250 m more, but straight on.
    early: Way = [(-250, 0), *[(500.0 * i, 0.0) for i in range(1, 9)]]
    seen = compared(known, driven([early]))
    assert seen["driven_m"][0] == pytest.approx(4250, rel=0.001)
    assert seen["similar_median_m"][0] == pytest.approx(4250, rel=0.005)


def test_with_fewer_than_twenty_similar_trips_nothing_is_said() -> None:
    elsewhere: Way = [(0, 9000), (4000, 9000)]
    few = usual(driven([*street(np.random.default_rng(3), 19), *[elsewhere] * 200]))
    seen = compared(few, driven([DETOUR]))
    assert seen["similar_n"][0] == 19
    said = [name for name in seen if not np.isnan(seen[name][0])]
    assert sorted(said) == ["driven_m", "similar_n"]


def test_a_short_history_compares_but_calls_nothing_strange() -> None:
    seen = compared(usual(driven(street(np.random.default_rng(3), 99))), driven([DETOUR]))
    assert seen["similar_share_shorter"][0] == 1
    assert np.isnan(seen["strangeness"][0])
    assert np.isnan(seen["length_rare"][0])


def test_a_trip_is_no_witness_of_itself() -> None:
    # Twenty-one times the same detour: each is compared with the twenty others, not with itself.
    known = usual(driven([DETOUR] * 21))
    shown = similar._shown(known, known.lines, np.arange(21), own=True)
    assert (shown[:, similar._FIELDS.index("similar_n")] == 20).all()


def test_trips_that_did_not_move_are_no_history_and_get_no_answer(known: Usual) -> None:
    stood: Way = [(0, 0), (3, 0), (0, 0)]
    assert np.isnan(compared(known, driven([stood, [(0, 0)]]))["length_more"]).all()
    mixed = usual(driven([stood, *street(np.random.default_rng(3), 30)]))
    assert mixed.trips.owner.size == 30
    with pytest.raises(ValueError, match="none of the 2 trips moved"):
        usual(driven([stood, [(0, 0)]]))


def test_no_trips_are_no_rows(known: Usual) -> None:
    assert len(compared(known, driven([]))) == 0


def test_the_same_history_says_the_same(known: Usual) -> None:
    again = usual(driven(street(np.random.default_rng(3), 400), [600.0] * 400))
    asked = driven([DETOUR, *street(np.random.default_rng(6), 5)])
    one, other = compared(known, asked), compared(again, asked)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_longer_history_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    history = driven(street(np.random.default_rng(3), 400))
    whole = usual(history)
    monkeypatch.setattr(similar, "MOST_TRIPS", 150)
    monkeypatch.setattr(similar, "MOST_STRETCHES", 1500)
    monkeypatch.setattr(similar, "ORDINARY", 60)
    thin = usual(history)
    # Every third of 400 trips is 134; 36 stretches each are 4824, so those of every fourth: 34 trips.
    assert whole.trips.owner.size == 400
    assert thin.trips.owner.size == 134
    assert thin.wind.size == 34 * 36
    assert len(thin.ordinary) == 45
    assert compared(thin, driven([DETOUR]))["similar_n"][0] == 50


# ---- the benchmark ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_benchmark_runs_on_any_folder_of_its_layout(tmp_path: Path) -> None:
    draw = np.random.default_rng(8)
    past, now = street(draw, 300), [*street(draw, 60), *[DETOUR] * 70]
    sets = ["neg"] * 60 + [
        name
        for name in (
            "P1 shift d=500m a=0.1",
            "P1 shift d=500m a=0.3",
            "P1 shift d=1000m a=0.3",
            "P2 splice +10-20%",
            "P2 splice +20-30%",
            "P2 splice +30-50%",
            "P2 splice +50-100%",
        )
        for _ in range(10)
    ]
    pd.DataFrame({"trip": range(300), "pair": 0, "t0": range(300), "t1": range(600, 900)}).to_parquet(
        tmp_path / "history_trips.parquet"
    )
    pd.DataFrame({"uid": range(130), "set": sets, "pair": 0}).to_parquet(tmp_path / "eval_trips.parquet")
    for name, key, ways in (("history", "trip", past), ("eval", "uid", now)):
        x, y = np.array([corner for way in ways for corner in way]).T
        size = [len(way) for way in ways]
        pd.DataFrame(
            {
                key: np.repeat(np.arange(len(ways)), size),
                "seq": np.concatenate([np.arange(many) for many in size]),
                "lon": LON + x / PER_LON,
                "lat": LAT + y / PER_LAT,
            }
        ).to_parquet(tmp_path / f"{name}_points.parquet")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "scripts/bench_detours.py", str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    # Here the published ways tell every detour, too: none is beaten, which the exit status says.
    assert done.returncode == 1, done.stderr
    ours = next(line for line in done.stdout.splitlines() if line.startswith("taxi_qa strangeness"))
    assert ours.split()[2:7] == ["1.000", "/", "1.000", "/", "1.000"]
    assert "the ten strangest real trips" in done.stdout
    empty = subprocess.run(
        [sys.executable, "scripts/bench_detours.py", str(tmp_path / "none")],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert empty.returncode == 2
    assert "no history_trips.parquet" in empty.stderr
