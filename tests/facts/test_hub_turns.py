"""What turns at hubs are put together from, against plain loops; coarse grids meet every limit exactly."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from taxi_qa.facts import hub_turns
from taxi_qa.facts.given import Given
from taxi_qa.facts.hub_zones import BAY, HOLDING, HUB, LOADING, SET_DOWN
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, MIN, H, S, day_with
from tests.facts.wild import seeds
from tests.small_city import City


def _fixes(rng: np.random.Generator) -> tuple[Columns, Given]:
    """Positions of a few cars at two hubs, and the track they are rows of."""
    cars, n = 3, 30
    step_s = rng.choice([1, 20, 59, 60, 61, 1_800, 1_801], (cars, n))
    times = DAY_MS + np.cumsum(step_s, axis=1) * S
    inside = rng.random((cars, n)) < 0.7
    vehicle, number = np.nonzero(inside)
    hub = rng.integers(0, 2, vehicle.size) * (rng.random(vehicle.size) < 0.1)
    bits = rng.choice(
        [HUB, BAY, HOLDING, LOADING, SET_DOWN, SET_DOWN | BAY, SET_DOWN | HOLDING], vehicle.size
    )
    row = vehicle * n + number
    order = np.lexsort((row, hub))
    fixes = Columns(
        {
            "hub": hub[order],
            "vehicle": vehicle[order],
            "row": row[order],
            "time_ms": times.ravel()[row][order],
            "bits": (bits | HUB)[order],
        }
    )
    metres = rng.choice([0.0, 4.0, 5.0, 6.0, 30.0], cars * n)
    one = City().given()
    track = replace(
        one.track,
        vehicle_ids=("A", "B", "C"),
        starts=np.arange(cars + 1) * n,
        time_ms=times.ravel(),
        cum_m=np.cumsum(metres),
        speed_ckmh=rng.choice([-1, 0, 299, 300, 301], cars * n).astype(np.int32),
        leap=rng.random(cars * n) < 0.05,
    )
    return fixes, replace(one, track=track)


@given(seeds)
@settings(max_examples=60)
def test_stays(seed: int) -> None:
    fixes, one = _fixes(np.random.default_rng(seed))
    rows = [
        tuple(int(fixes[name][at]) for name in ("hub", "vehicle", "row", "time_ms"))
        for at in range(len(fixes))
    ]
    stays: list[list[int]] = []
    for at, (hub, car, row, moment) in enumerate(rows):
        if stays:
            hub_0, car_0, row_0, moment_0 = rows[at - 1]
            gap_s = (moment - moment_0) // S
            # Half an hour unseen, or a minute outside, ends a stay.
            if (hub, car) == (hub_0, car_0) and gap_s <= 1800 and (row == row_0 + 1 or gap_s <= 60):
                stays[-1].append(at)
                continue
        stays.append([at])
    stay, first, last = hub_turns._stays(fixes)
    assert [(a, b) for a, b in zip(first, last, strict=True)] == [(some[0], some[-1]) for some in stays]
    assert stay.tolist() == [number for number, some in enumerate(stays) for _ in some]
    leaves = hub_turns._leaves(one, fixes, last)
    for at, some in enumerate(stays):
        _, car, row, moment = rows[some[-1]]
        later = one.track.time_ms[row + 1 : (car + 1) * 30]
        # Never seen again: at once; else when it was next seen, a minute later at most.
        wanted = moment + 1 if not later.size else min(max(int(later[0]), moment + 1), moment + 60 * S)
        assert leaves[at] == wanted


@given(seeds)
@settings(max_examples=60)
def test_standing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixes, one = _fixes(rng)
    _, first, last = hub_turns._stays(fixes)
    # One turn a stay, from its first position on.
    after = rng.random(first.size) < 0.4
    turns = Columns(
        {
            "stay": np.arange(first.size),
            "first": first,
            "past": last + 1,
            "start_ms": fixes["time_ms"][first],
            "after_set_down": after,
        }
    )
    said = hub_turns._standing(one, fixes, turns)
    track, times, bits = one.track, fixes["time_ms"], fixes["bits"]
    for at, (a, b) in enumerate(zip(first, last, strict=True)):
        stood = bay = gap = 0.0
        # Of a set-down's turn what lies two minutes later is waiting.
        settled = times[a] + (120 * S if after[at] else 0)
        begun = next((i for i in range(a, b + 1) if times[i] >= settled), b + 1)
        for i in range(a + 1, b + 1):
            seconds = (times[i] - times[i - 1]) / S
            gap = max(gap, seconds)
            row = fixes["row"][i]
            if i <= begun or row != fixes["row"][i - 1] + 1 or track.leap[row]:
                continue
            moved = max(0.0, track.cum_m[row] - track.cum_m[row - 1] - 5.0)
            # Under 3 km/h by place, and by the device where it says: 300 hundredths.
            fast = max(track.speed_ckmh[row], track.speed_ckmh[row - 1]) > 300 and track.speed_ckmh[row] >= 0
            if moved >= seconds * 3 / 3.6 or fast:
                continue
            both = bits[i] & bits[i - 1]
            stood += 0.0 if both & SET_DOWN and not both & (BAY | HOLDING) else seconds
            bay += seconds if both & BAY else 0.0
        in_bay = [int(times[i]) for i in range(a, b + 1) if bits[i] & BAY]
        assert said["stood_s"][at] == pytest.approx(stood), at
        assert said["bay_s"][at] == pytest.approx(bay)
        assert said["gap_s"][at] == gap
        assert said["bay_ms"][at] == pytest.approx(in_bay[-1] if in_bay else np.nan, nan_ok=True)
        assert said["in_loading_lane"][at] == bool(bits[b] & LOADING)


def _rides(rng: np.random.Generator, n: int) -> Columns:
    """Rides of two cars on a grid of five minutes, none over another, by vehicle and start."""
    vehicle, metered = np.sort(rng.integers(0, 2, n)), rng.random(n) < 0.8
    edge = np.concatenate(
        [np.sort(rng.choice(60, 2 * int((vehicle == car).sum()), replace=False)) for car in (0, 1)]
    )
    edge = DAY_MS + edge * 5 * MIN
    return Columns(
        {
            "vehicle": vehicle,
            "start_ms": edge[::2],
            "end_ms": edge[1::2],
            "trip_id": np.array([f"T{at}" if metered[at] else "" for at in range(n)], dtype=object),
            # A run without a trip has no metered length.
            "metered_m": np.where(metered, rng.choice([7_999.0, 8_000.0, 8_001.0], n), np.nan),
        }
    )


@given(seeds)
@settings(max_examples=60)
def test_the_ride_at_a_moment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rides = _rides(rng, int(rng.integers(0, 9)))
    vehicle, moments = rng.integers(0, 2, 20), DAY_MS + rng.integers(-1, 62, 20) * 5 * MIN
    for which in ("start_ms", "end_ms"):
        found = hub_turns._ride_at(rides, which, vehicle, moments)
        for car, moment, ride in zip(vehicle, moments, found, strict=True):
            at = [i for i in range(len(rides)) if rides["vehicle"][i] == car and rides[which][i] == moment]
            assert ride == (at[0] if at else -1)


@given(seeds)
@settings(max_examples=80)
def test_a_short_ride_back_to_its_hub(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rides = _rides(rng, int(rng.integers(0, 9)))
    n = 20
    ended_with = np.array([f"T{at}" if at < len(rides) else "" for at in range(n)], dtype=object)
    # Each ride began with a turn at one of two hubs; the turns that may follow begin on the same grid.
    turns = Columns(
        {
            "vehicle": rng.integers(0, 2, n),
            "start_ms": DAY_MS + rng.integers(0, 75, n) * 5 * MIN,
            "trip_id": ended_with,
        }
    )
    hubs = rng.choice(np.array(["north", "south"], dtype=object), n)
    before = rng.choice([-1, 0, 3], n, p=[0.8, 0.1, 0.1])
    short = hub_turns._short_ride(rides, turns, before, hubs)
    for at in range(n):
        car, moment = turns["vehicle"][at], turns["start_ms"][at]
        earlier = [
            i for i in range(len(rides)) if rides["vehicle"][i] == car and rides["end_ms"][i] <= moment
        ]
        wanted = np.nan
        if earlier and before[at] < 0:
            i = max(earlier, key=lambda i: int(rides["end_ms"][i]))
            from_hub = hubs[i] if rides["trip_id"][i] else None
            # Back within the hour from less than 8 km.
            soon = moment - rides["end_ms"][i] <= 60 * MIN
            if from_hub == hubs[at] and soon and rides["metered_m"][i] < 8_000:
                wanted = rides["metered_m"][i]
        assert short[at] == pytest.approx(wanted, nan_ok=True)


def _turns(end_ms: npt.NDArray[np.int64]) -> Columns:
    n = end_ms.size
    return Columns(
        {
            "vehicle": np.zeros(n, dtype=np.int64),
            "vehicle_id": np.full(n, "A", dtype=object),
            "start_ms": end_ms - 20 * MIN,
            "end_ms": end_ms,
            "order_id": np.full(n, "", dtype=object),
        }
    )


@pytest.mark.parametrize(
    ("taken_s", "due_s", "reserved"),
    [
        # A turn of 20 minutes. Taken two minutes after it at most, an hour before it at most.
        (1320, 5000, True),
        (1321, 5000, False),
        (-3600, 0, True),
        (-3601, 0, False),
        # Due no more than 15 minutes before it began.
        (0, -900, True),
        (0, -901, False),
    ],
)
def test_an_order_reserves_a_turn(taken_s: int, due_s: int, *, reserved: bool) -> None:
    start = DAY_MS + 8 * H
    order = {"vehicle_id": "A", "accepted_ms": start + taken_s * S, "pickup_due_ms": start + due_s * S}
    for name, wanted in (("A", reserved), ("B", False)):
        one = _with_cars(day_with(orders=[{**order, "vehicle_id": name}]))
        said = hub_turns._circumstances(one, _turns(np.array([start + 20 * MIN])))
        assert said["is_reserved"].tolist() == [wanted]


@pytest.mark.parametrize(
    ("sat_s", "left_s", "tried"),
    [
        # From the beginning of a turn of 20 minutes to its end; out again two minutes later at most.
        (0, 60, True),
        (-1, 60, False),
        (1200, 1210, True),
        (1201, 1210, False),
        (1190, 1320, True),
        (1190, 1321, False),
    ],
)
def test_somebody_sat_down_and_got_out(sat_s: int, left_s: int, *, tried: bool) -> None:
    start = DAY_MS + 8 * H
    for name in "AB":
        events = [
            {"vehicle_id": name, "kind": f"passenger_{word}", "time_ms": start + at * S}
            for word, at in (("boarded", sat_s), ("alighted", left_s))
        ]
        one = _with_cars(day_with(events=events))
        said = hub_turns._circumstances(one, _turns(np.array([start + 20 * MIN])))
        wanted = start + sat_s * S if tried and name == "A" else np.nan
        assert said["tried_ms"].tolist() == pytest.approx([wanted], nan_ok=True)


@pytest.mark.parametrize(
    ("ride_s", "tried"),
    [
        # Who sits down within three minutes after a ride, or gets out as soon before one, was in that ride.
        ((-900, -179), False),
        ((-900, -180), True),
        ((240, 900), False),
        ((241, 900), True),
    ],
)
def test_seats_around_a_ride(ride_s: tuple[int, int], *, tried: bool) -> None:
    start = DAY_MS + 8 * H
    events = [
        {"vehicle_id": "A", "kind": f"passenger_{word}", "time_ms": start + at * S}
        for word, at in (("boarded", 0), ("alighted", 60))
    ]
    begin, end = (start + at * S for at in ride_s)
    ride = {"trip_id": "T", "vehicle_id": "A", "boarded_ms": begin, "alighted_ms": end}
    one = _with_cars(day_with(events=events, trips=[ride]))
    said = hub_turns._circumstances(one, _turns(np.array([start + 20 * MIN])))
    assert said["tried_ms"].tolist() == pytest.approx([start if tried else np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("on_s", "off_s", "paused"),
    [
        # On two minutes after it left at most, twelve hours before at most; taken back until it left.
        (120, None, True),
        (121, None, False),
        (-43_200, None, True),
        (-43_201, None, False),
        (-600, 0, False),
        (-600, 1, True),
        (-600, -600, False),
        (-600, -601, True),
    ],
)
def test_a_pause_sign(on_s: int, off_s: int | None, *, paused: bool) -> None:
    end = DAY_MS + 14 * H
    for name in "AB":
        events = [
            {"vehicle_id": name, "kind": f"pause_sign_{word}", "time_ms": end + at * S}
            for word, at in (("on", on_s), ("off", off_s))
            if at is not None
        ]
        said = hub_turns._signed_off(day_with(events=events), _turns(np.array([end])))
        assert said.tolist() == [paused and name == "A"]


@pytest.mark.parametrize(
    ("begins_s", "ended"), [(0, "corner"), (180, "corner"), (181, "empty"), (-400, "corner"), (-601, "empty")]
)
def test_a_ride_that_begins_round_the_corner(begins_s: int, ended: str) -> None:
    end = DAY_MS + 8 * H
    rides = Columns(
        {
            "vehicle": np.array([0]),
            "start_ms": np.array([end + begins_s * S]),
            # Ten minutes long: what began 601 s before was over a second before.
            "end_ms": np.array([end + (begins_s + 600) * S]),
            "trip_id": np.array(["T"], dtype=object),
        }
    )
    at = np.array([end]), np.array([-1]), np.array([False])
    for car, wanted in ((0, ended), (1, "empty")):
        said = hub_turns._ended(_with_cars(day_with()), rides, np.array([car]), *at)
        assert said.tolist() == [wanted]


@pytest.mark.parametrize(
    ("sat_s", "left_s", "ended"),
    [(0, 60, "corner"), (1, 60, "empty"), (-60, 0, "empty"), (-60, 1, "corner")],
)
def test_seats_that_were_taken_as_it_left(sat_s: int, left_s: int, ended: str) -> None:
    end = DAY_MS + 8 * H
    events = [
        {"vehicle_id": "A", "kind": f"passenger_{word}", "time_ms": end + at * S}
        for word, at in (("boarded", sat_s), ("alighted", left_s))
    ]
    at = np.array([0]), np.array([end]), np.array([-1]), np.array([False])
    said = hub_turns._ended(_with_cars(day_with(events=events)), _rides(np.random.default_rng(1), 0), *at)
    assert said.tolist() == [ended]


def _with_cars(one: Given) -> Given:
    """Two cars that were seen nowhere."""
    names, starts = ("A", "B"), np.zeros(3, dtype=np.int64)
    return replace(
        one,
        track=replace(one.track, vehicle_ids=names, starts=starts),
        fixes=replace(one.fixes, vehicle_ids=names, starts=starts),
    )


def _square(west: float, east: float, south: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_the_position_at_which_it_loaded_is_of_the_turn() -> None:
    # A degree of longitude is 102.47 km there: the bay lies 256 to 359 m from the start. At 36 km/h it is in
    # it after 30 s, stands from 40 s on by the device, and loads at 300 s, the very moment of a position.
    hub, bay = _square(113.300, 113.304, 23.100, 23.103), _square(113.302, 113.303, 23.1005, 23.1015)
    zones = [
        {"zone_id": "H", "name": "车站", "kind": "hub", "geometry": hub},
        {"zone_id": "B", "name": "上客区", "kind": "bay", "hub_id": "H", "geometry": bay},
    ]
    trip = {"trip_id": "T", "vehicle_id": "A", "boarded_at": "09:05:00", "alighted_at": "09:20:30"}
    track = [{"leave": [113.2995, 23.101], "at": "09:00:00"}, {"drive_m": 300, "kmh": 36}, {"stand_s": 400}]
    city = City(
        records={"zones": zones, "trips": [trip | {"metered_km": 5, "fare_yuan": 20}]},
        tracks=[{"vehicle_id": "A", "track": track}],
    )
    turns = hub_turns.hub_turns(city.given())
    assert turns is not None
    first = turns.cut(turns["ended"] == "loaded")
    assert first["trip_id"].tolist() == ["T"]
    assert first["stood_s"].tolist() == first["bay_s"].tolist() == [260.0]
    assert first["gap_s"].tolist() == [10.0]
    assert first["bay_ms"].tolist() == first["end_ms"].tolist() == [DAY_MS + 9 * H + 5 * MIN]
    # It came from outside after 10 s, and is seen on after it.
    assert first["start_ms"].tolist() == [DAY_MS + 9 * H + 10 * S]
    assert (first["seen_from"][0], first["seen_to"][0]) == (True, True)
