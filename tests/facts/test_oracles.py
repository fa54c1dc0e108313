"""The facts against plain loops, written from the contract's words and knowing nothing of the kernels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts.carriages import loaded_runs, seat_runs
from taxi_qa.facts.delays import batches
from taxi_qa.facts.driving import driving_spells
from taxi_qa.facts.duty import duties
from taxi_qa.facts.streams import episodes
from taxi_qa.facts.track import lay
from taxi_qa.facts.who import SEVERAL, candidate_at, driver_at, sign_ins
from taxi_qa.records.fixes import LOADED, LOADED_SENT, NO_DELAY
from tests.facts.wild import START_MS, seeds, wild_fixes
from tests.small_city import City, fixes_of, law_of

H = 3_600_000
MIN = 60_000


def _shifts(rows: list[tuple[int, str, int, int | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vehicle_id": pd.array([f"V{v}" for v, *_ in rows], dtype="str"),
            "driver_id": pd.array([driver for _, driver, *_ in rows], dtype="str"),
            "start_ms": pd.array([START_MS + start * MIN for *_, start, _ in rows], dtype="Int64"),
            "end_ms": pd.array(
                [None if length is None else START_MS + (start + length) * MIN for *_, start, length in rows],
                dtype="Int64",
            ),
        }
    )


# Minutes on a coarse grid: ends and begins meet often, and limits are met exactly.
def on_grid(last: int, step: int) -> st.SearchStrategy[int]:
    return st.integers(0, last // step).map(lambda number: number * step)


shift_rows = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from("ABC"),
        on_grid(3000, 60),
        st.one_of(st.none(), on_grid(900, 60)),
    ),
    max_size=8,
    unique_by=lambda row: row[:3],
)


def _driver_in_words(rows: list[tuple[int, str, int, int | None]], vehicle: int, minute: int) -> str | None:
    """The shift that covers the moment, else the last sign-in of that car; None where several are meant."""
    mine = sorted(row for row in rows if row[0] == vehicle and row[2] <= minute)
    mine.sort(key=lambda row: (row[2], row[1]))
    every = sorted((row for row in rows if row[0] == vehicle), key=lambda row: (row[2], row[1]))
    covering = set()
    for row in mine:
        later = every[every.index(row) + 1 :]
        end = (
            row[2] + row[3]
            if row[3] is not None
            else min([row[2] + 24 * 60, *(other[2] for other in later[:1])])
        )
        if minute <= end:
            covering.add(row[1])
    if covering:
        return covering.pop() if len(covering) == 1 else None
    if not mine:
        return ""
    last = mine[-1][2]
    names = {row[1] for row in mine if row[2] == last}
    if minute - last > 12 * 60:
        return ""
    return names.pop() if len(names) == 1 else None


@given(shift_rows, st.lists(st.tuples(st.integers(0, 2), on_grid(5000, 60)), min_size=1, max_size=12))
@settings(max_examples=60)
def test_who_drove(rows: list[tuple[int, str, int, int | None]], asked: list[tuple[int, int]]) -> None:
    known = sign_ins(_shifts(rows).sample(frac=1, random_state=1))
    vehicles = np.array([f"V{vehicle}" for vehicle, _ in asked], dtype=object)
    moments = np.array([START_MS + minute * MIN for _, minute in asked], dtype=np.int64)
    which, _ = candidate_at(known, vehicles, moments)
    names = driver_at(known, vehicles, moments)
    for (vehicle, minute), index, name in zip(asked, which, names, strict=True):
        expected = _driver_in_words(rows, vehicle, minute)
        assert name == (expected or "")
        assert (index == SEVERAL) == (expected is None)


trip_rows = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["", "A", "B"]), on_grid(1400, 20), on_grid(200, 20)),
    max_size=10,
)


@given(trip_rows)
@settings(max_examples=60)
def test_duty_from_trips(rows: list[tuple[int, str, int, int]]) -> None:
    trips = pd.DataFrame(
        {
            "trip_id": pd.array([f"T{number}" for number in range(len(rows))], dtype="str"),
            "vehicle_id": pd.array([f"V{row[0]}" for row in rows], dtype="str"),
            "driver_id": pd.array([row[1] or None for row in rows], dtype="str"),
            "boarded_ms": pd.array([START_MS + row[2] * MIN for row in rows], dtype="Int64"),
            "alighted_ms": pd.array([START_MS + (row[2] + row[3]) * MIN for row in rows], dtype="Int64"),
        }
    )
    expected: list[tuple[str, str, int, int]] = []
    for vehicle in (0, 1):
        spans: list[tuple[str, int, int]] = []
        reached = 0
        # In the order of boarding; of trips of one minute in that of their ids.
        for _, driver, start, length in sorted(
            (row for row in rows if row[0] == vehicle), key=lambda row: row[2]
        ):
            if spans and spans[-1][0] == driver and start - reached < 120:
                spans[-1] = (driver, spans[-1][1], max(spans[-1][2], (start + length) * MIN))
            else:
                spans.append((driver, start * MIN, (start + length) * MIN))
            reached = max(reached, start + length)
        spans = [(driver, start - 10 * MIN, end + 10 * MIN) for driver, start, end in spans]
        for at in range(1, len(spans)):
            (one, begin, until), (other, since, end) = spans[at - 1], spans[at]
            if since < until:
                middle = (since + until) // 2
                spans[at - 1 : at + 1] = [(one, begin, middle), (other, middle, end)]
        expected += [(f"V{vehicle}", *span) for span in spans if span[2] > span[1]]
    empty = City().given()
    got = duties(replace(empty, tables={**empty.tables, "trips": trips}, heard_to_ms=START_MS + 10**9))
    said = zip(
        got["vehicle_id"], got["driver_id"], got["start_ms"] - START_MS, got["end_ms"] - START_MS, strict=True
    )
    assert sorted(said) == sorted(expected)


@given(seeds)
@settings(max_examples=25)
def test_loaded_runs(seed: int) -> None:
    fixes = wild_fixes(seed)
    expected = []
    for v, name in enumerate(fixes.vehicle_ids):
        run: list[int] = []
        heard = -(10**15)
        for i in range(fixes.starts[v], fixes.starts[v + 1]):
            if not fixes.flags[i] & LOADED_SENT:
                continue
            moment = int(fixes.time_ms[i])
            if run and (moment - heard > 5 * MIN or not fixes.flags[i] & LOADED):
                expected.append((name, run[0], run[-1], len(run)))
                run = []
            heard = moment
            if fixes.flags[i] & LOADED:
                run.append(moment)
        if run:
            expected.append((name, run[0], run[-1], len(run)))
    got = loaded_runs(replace(City().given(), fixes=fixes))
    assert list(got.frame().itertuples(index=False, name=None)) == expected


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 400),
            st.sampled_from(
                ["passenger_boarded", "passenger_alighted", "count 0", "count 2", "count", "look count 2"]
            ),
        ),
        max_size=14,
    )
)
@settings(max_examples=60)
def test_seat_runs(rows: list[tuple[int, int, str]]) -> None:
    events = pd.DataFrame(
        {
            "vehicle_id": pd.array([f"V{v}" for v, *_ in rows], dtype="str"),
            "time_ms": pd.array([START_MS + minute * MIN for _, minute, _ in rows], dtype="Int64"),
            "kind": pd.array(
                ["passenger_count" if "count" in kind else kind for *_, kind in rows], dtype="str"
            ),
            "value": np.array([float(kind[-1]) if kind[-1] in "02" else np.nan for *_, kind in rows]),
            "confidence": np.where([kind.startswith("look") for *_, kind in rows], 0.9, np.nan),
        }
    )
    expected = []
    for vehicle in (0, 1):
        since: int | None = None
        full = {"passenger_boarded": True, "count 2": True, "passenger_alighted": False, "count 0": False}
        mine = sorted((minute, full[kind]) for v, minute, kind in rows if v == vehicle and kind in full)
        for minute, is_full in mine:
            if is_full and since is None:
                since = minute
            elif not is_full and since is not None:
                if minute - since <= 180:
                    expected.append((f"V{vehicle}", START_MS + since * MIN, START_MS + minute * MIN))
                since = None
    one = City().given()
    got = seat_runs(replace(one, tables={**one.tables, "events": events}))
    assert list(got.frame().itertuples(index=False, name=None)) == expected


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 45)), min_size=1, max_size=5))
@settings(max_examples=25)
def test_driving_spells(legs: list[tuple[int, int]]) -> None:
    """Drives and stands of whole minutes, a fix a minute; a step next to a stand may be part of it."""
    steps: list[dict[str, object]] = [{"leave": [113.0, 23.1], "at": "01:00:00"}]
    spells, begin, now = [], 0, 0
    for number, (drive_min, stand_min) in enumerate(legs):
        steps.append(
            {"drive_m": 600.0 * drive_min, "kmh": 36, "every_s": 60, "heading": 90 if number % 2 else 270}
        )
        now += drive_min
        if stand_min:
            steps.append({"stand_s": 60 * stand_min, "every_s": 60})
        is_last = number == len(legs) - 1
        # The last step before the stand, the stand, and the first step after it if there is one.
        if stand_min and stand_min + 1 + (0 if is_last else 1) >= 20:
            if now - 1 > begin:
                spells.append((begin, now - 1))
            begin = now + stand_min
        now += stand_min
    if begin < now:
        spells.append((begin, now))
    shift = {"vehicle_id": "V0", "driver_id": "D", "start": "01:00:00", "end": "23:59:59"}
    city = City(records={"shifts": [shift]}, tracks=[{"vehicle_id": "V0", "track": steps}])
    got = driving_spells(city.given(), law_of("guangzhou"))
    unbroken = got.cut(got["kind"] == "unbroken")
    minutes = [
        ((start - unbroken["start_ms"].min()) // MIN, (end - unbroken["start_ms"].min()) // MIN)
        for start, end in zip(unbroken["start_ms"], unbroken["end_ms"], strict=True)
    ]
    offset = spells[0][0] if spells else 0
    assert minutes == [(start - offset, end - offset) for start, end in spells]
    assert unbroken["low_s"].tolist() == [60.0 * (end - start) for start, end in spells]
    assert (unbroken["high_s"] == unbroken["low_s"]).all()


@given(st.text(alphabet="AB", min_size=1, max_size=40))
@settings(max_examples=60)
def test_two_streams(heard: str) -> None:
    """One car, heard every half minute at place A or at B, 31 km from it."""
    places = {"A": 113.26, "B": 113.56}
    fixes = fixes_of(
        [
            {"vehicle_id": "V", "time_ms": START_MS + 30_000 * i, "lon": places[at], "lat": 23.13}
            for i, at in enumerate(heard)
        ]
    )
    found = episodes(fixes, lay(fixes, 200.0), 200.0)
    changes = [i for i in range(1, len(heard)) if heard[i] != heard[i - 1]]
    if not changes:
        assert len(found) == 0
        return
    assert len(found) == 1
    one = found.frame().iloc[0]
    assert one.switches == len(changes)
    # A visit of one fix, to a place from which two half minutes in a row were heard before, lacks one there.
    lacking = [i for i in changes[1:] if i - 1 in changes and heard[i] * 2 in heard[: i - 1]]
    assert one.stood_in == len(lacking)
    assert one.start_ms == START_MS + 30_000 * changes[0]
    assert one.end_ms == START_MS + 30_000 * changes[-1]
    assert one.separation_m == pytest.approx(30_730, rel=0.002)
    assert one.fewer_fixes <= min(heard.count("A"), heard.count("B"))


@given(seeds)
@settings(max_examples=40)
def test_batches(seed: int) -> None:
    fixes = wild_fixes(seed, vehicles=2, most=40)
    rng = np.random.default_rng(seed)
    ignored = rng.random(len(fixes)) < 0.1
    # Some arrive together.
    delay_ms = fixes.delay_ms.copy()
    together = rng.random(len(fixes)) < 0.5
    delay_ms[together] = np.clip(START_MS + 40_000_000 - fixes.time_ms[together], 0, 2**31 - 1)
    number, total_s, long, longest_s = batches(fixes.starts, fixes.time_ms, delay_ms, ignored, 5_000, H)
    for v in range(2):
        groups: list[list[tuple[int, int]]] = []
        for i in range(fixes.starts[v], fixes.starts[v + 1]):
            if delay_ms[i] == NO_DELAY or ignored[i]:
                continue
            arrived, delay = int(fixes.time_ms[i]) + int(delay_ms[i]), max(0, int(delay_ms[i]))
            late = groups and max(delay, *(held for _, held in groups[-1]), 0) > 5_000
            if groups and abs(arrived - groups[-1][-1][0]) <= 5_000 and late:
                groups[-1].append((arrived, delay))
            else:
                groups.append([(arrived, delay)])
        worst = [max(delay for _, delay in group) for group in groups]
        assert number[v] == len(groups)
        assert total_s[v] == pytest.approx(sum(worst) / 1000)
        assert long[v] == sum(delay > H for delay in worst)
        assert longest_s[v] == pytest.approx(max(worst, default=0) / 1000)


@pytest.mark.parametrize(("apart_ms", "number"), [(5_000, 1), (5_001, 2)])
def test_five_seconds_apart_is_still_one_upload(apart_ms: int, number: int) -> None:
    starts, time_ms = np.array([0, 2], dtype=np.int64), np.array([0, 30_000], dtype=np.int64)
    # received at 100 s, and so much later
    delay_ms = np.array([100_000, 70_000 + apart_ms], dtype=np.int32)
    found, *_ = batches(starts, time_ms, delay_ms, np.zeros(2, dtype=bool), 5_000, H)
    assert found.tolist() == [number]


def test_a_shift_that_is_over_to_the_second_still_covers_and_not_a_millisecond_more() -> None:
    known = sign_ins(_shifts([(0, "A", 0, 60), (0, "B", 60, 60)]))
    moments = START_MS + np.array([H - 1, H, H + 1], dtype=np.int64)
    names = driver_at(known, np.array(["V0"] * 3, dtype=object), moments)
    # At the very moment of the handover both sat there: nobody is named.
    assert names.tolist() == ["A", "", "B"]
