"""The operator's table over the map's tag over the law's default, and the highest of all near a fix."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from taxi_qa.law.parameter import Certainty, Cite, Law, Parameter, Version
from taxi_qa.law.read import read_law
from taxi_qa.roads.allowed import too_fast
from taxi_qa.roads.codirectional import nearest_codirectional, nearest_codirectional_in_numpy, turned_ddeg
from taxi_qa.roads.index import NO_EDGE, Int16s, Int32s, segment_index
from taxi_qa.roads.limit_areas import limit_index
from taxi_qa.roads.limit_row import BadLimitError, LimitRow, hours_of, limit_row, limit_rows
from taxi_qa.roads.limit_table import limit_table
from taxi_qa.roads.limits import (
    CLASS_DEFAULT,
    NO_LIMIT,
    NO_ROW,
    NONE,
    OPERATOR,
    OPERATOR_AREA,
    TAG,
    Limits,
    class_limit_path,
    highest_codirectional,
    highest_codirectional_in_numpy,
    limits_on,
    row_at,
)
from taxi_qa.roads.network import CLASSES, Network, Way, network_of
from taxi_qa.values.clock import day_from_text
from taxi_qa.values.place import E7
from tests.roads.test_index import places, random_network
from tests.roads.test_network import LAT, LON, cross
from tests.roads.test_network import edges as edges_of

DAY = day_from_text("2026-10-20")
H = 3_600_000
ANY = np.int16(-1)
# At 30.6 degrees north 10 m are so many 1e-7 degrees.
EAST, NORTH = 1_043, 902


def law(**kmh: float) -> Law:
    """A place whose law has these defaults and nothing else."""
    found = {}
    for name, value in kmh.items():
        path = f"roads.class_limit_kmh.{name}"
        version = Version(0, value, Cite("a test"), Certainty.UNVERIFIED, dt.date(2026, 1, 1), f"{path}@1970")
        found[path] = Parameter(path, "限速", "limit", "km/h", "number", (version,))
    return Law("nowhere", "无", "nowhere", "Asia/Shanghai", "CNY", found)


def known(network: Network, rows: list[LimitRow], day: int = DAY, **kmh: float) -> Limits:
    table = limit_table(network, segment_index(network), rows)
    return limits_on(network, law(**kmh), table, day)


def highest(
    network: Network, limits: Limits, lon: Int32s, lat: Int32s, heading: int, clock_h: float, reach_m: float
) -> tuple[list[int], list[int], list[int]]:
    n = lon.size
    found = highest_codirectional(
        segment_index(network), limits, lon, lat,
        np.full(n, heading, dtype=np.int16),
        np.full(n, clock_h * H, dtype=np.int32),
        np.full(n, reach_m, dtype=np.float32),
    )  # fmt: skip
    return found[0].tolist(), found[1].tolist(), found[2].tolist()


def test_the_operator_decides_over_the_tag_and_the_tag_over_the_default() -> None:
    network = cross()
    edge = edges_of(network)
    limits = known(network, [LimitRow(kmh=50, way_id=10)], primary=80, residential=50)
    assert {(limits.kmh[edge[ends]], limits.source[edge[ends]]) for ends in ((0, 1), (1, 0), (4, 1))} == {
        (50, OPERATOR)
    }
    limits = known(network, [], primary=80, residential=50)
    assert (limits.kmh[edge[0, 1]], limits.source[edge[0, 1]]) == (60, TAG)
    assert (limits.kmh[edge[1, 0]], limits.source[edge[1, 0]]) == (40, TAG)
    assert (limits.kmh[edge[3, 1]], limits.source[edge[3, 1]]) == (50, CLASS_DEFAULT)
    # the law of this place has no default for service roads
    assert (limits.kmh[edge[5, 6]], limits.source[edge[5, 6]]) == (NO_LIMIT, NONE)
    assert limits.row.tolist() == [NO_ROW] * network.edges


def test_a_limit_of_zero_is_a_limit() -> None:
    network = cross()
    edge = edges_of(network)[3, 1]
    limits = known(network, [LimitRow(kmh=0, way_id=11)], residential=50)
    assert (limits.kmh[edge], limits.source[edge], limits.row[edge]) == (0, OPERATOR, 0)
    south = LAT[[7]] + np.int32(20_000)
    assert highest(network, limits, LON[[7]].copy(), south, 1800, 12, 20.0) == ([0], [OPERATOR], [edge + 1])


def test_the_later_row_decides_and_of_one_day_the_higher_limit() -> None:
    network = cross()
    edge = edges_of(network)[3, 1]
    first = LimitRow(kmh=30, way_id=11)
    later = LimitRow(kmh=40, way_id=11, from_day=DAY)
    assert known(network, [later, first]).kmh[edge] == 40
    assert known(network, [later, first], DAY - 1).kmh[edge] == 30
    same_day = LimitRow(kmh=20, way_id=11, from_day=DAY)
    assert known(network, [later, same_day]).kmh[edge] == 40
    until = LimitRow(kmh=60, way_id=11, from_day=DAY, to_day=DAY)
    assert [known(network, [first, until], day).kmh[edge] for day in (DAY - 1, DAY, DAY + 1)] == [30, 60, 30]


def test_hours_decide_over_the_day_and_may_cross_midnight() -> None:
    network = cross()
    edge = edges_of(network)[3, 1]
    night = LimitRow(kmh=20, way_id=11, hours=hours_of("22:00-06:00"), from_day=DAY, to_day=DAY)
    school = LimitRow(kmh=10, way_id=11, hours=hours_of("07:00-09:00;16:30-18:00"))
    all_day = LimitRow(kmh=40, way_id=11, from_day=DAY)
    rows = [night, school, all_day]
    north = LAT[[3]] - np.int32(20_000)

    def at(day: int, clock_h: float) -> int:
        limits = known(network, rows, day, residential=50)
        return highest(network, limits, LON[[3]].copy(), north, 1800, clock_h, 20.0)[0][0]

    # The night belongs to the evening on which it begins: the morning of its first day is not in it.
    assert [at(DAY, clock) for clock in (5.0, 7.0, 9.0, 16.5, 21.99, 22.0)] == [40, 10, 40, 10, 40, 20]
    assert [at(DAY + 1, clock) for clock in (5.99, 6.0, 22.0)] == [20, 40, 40]
    assert at(DAY - 1, 5.0) == 50
    limits = known(network, rows, DAY)
    assert [row_at(limits, edge, int(clock * H)) for clock in (8, 12, 23)] == [1, 2, 0]


def parallel(*, with_lane: bool) -> Network:
    """An expressway, 30 m north of it a street, both to the east; between them maybe a service lane."""
    lon = np.array([0, 100, 0, 100, 0, 100], dtype=np.int32) * EAST + 1_040_000_000
    lat = np.array([0, 0, 3, 3, 1.5, 1.5]) * NORTH + 306_000_000
    ways = [
        Way(1, "高架", "trunk", [0, 1], backward=False, forward_kmh=80),
        Way(2, "地面", "secondary", [2, 3], backward=True, forward_kmh=50, backward_kmh=120),
    ]
    ways += [Way(3, "辅道", "service", [4, 5], backward=False)] if with_lane else []
    return network_of(lon, lat.astype(np.int32), ways, source="a test")


def test_the_highest_limit_of_the_roads_that_run_the_same_way_counts() -> None:
    network = parallel(with_lane=False)
    limits = known(network, [])
    lon = np.array([50 * EAST + 1_040_000_000], dtype=np.int32)
    on_the_street = np.array([3 * NORTH + 306_000_000], dtype=np.int32)
    trunk, street, other_way = (
        int(np.flatnonzero(network.tag_kmh == kmh)[0]) for kmh in (80, 50, 120)
    )  # fmt: skip

    def at(heading: int, reach_m: float) -> tuple[int, int, int]:
        found = highest(network, limits, lon, on_the_street, heading, 12, reach_m)
        return found[0][0], found[1][0], found[2][0]

    assert at(900, 29.0) == (50, TAG, street)
    assert at(900, 31.0) == (80, TAG, trunk)
    assert at(1_340, 31.0) == (80, TAG, trunk)  # 44 degrees off
    assert at(1_360, 31.0) == (NO_LIMIT, NONE, NO_EDGE)  # 46 degrees off: no road runs that way
    assert at(-1, 29.0) == (120, TAG, other_way)
    # Roads beyond the reach of the index are not known, so nobody can tell.
    assert at(900, 75.1) == (NO_LIMIT, NONE, NO_EDGE)


def test_a_road_whose_limit_nobody_knows_may_be_the_faster_one() -> None:
    network = parallel(with_lane=True)
    lane = int(np.flatnonzero(network.tag_kmh == NO_LIMIT)[0])
    lon = np.array([50 * EAST + 1_040_000_000], dtype=np.int32)
    lat = np.array([3 * NORTH + 306_000_000], dtype=np.int32)
    unknown = known(network, [])
    assert highest(network, unknown, lon, lat, 900, 12, 31.0) == ([NO_LIMIT], [NONE], [lane])
    # Beyond reach, or running the other way, it is no matter.
    assert highest(network, unknown, lon, lat, 900, 12, 14.0)[0] == [50]
    assert highest(network, unknown, lon, lat, 2_700, 12, 31.0)[0] == [120]
    assert highest(network, known(network, [], service=40), lon, lat, 900, 12, 31.0)[0] == [80]


def test_of_equal_limits_the_weaker_source_is_named() -> None:
    network = parallel(with_lane=True)
    limits = known(network, [LimitRow(kmh=80, way_id=2)], service=80)
    lon = np.array([50 * EAST + 1_040_000_000], dtype=np.int32)
    lat = np.array([3 * NORTH + 306_000_000], dtype=np.int32)
    lane = int(np.flatnonzero(network.tag_kmh == NO_LIMIT)[0])
    assert highest(network, limits, lon, lat, 900, 12, 31.0) == ([80], [CLASS_DEFAULT], [lane])
    assert highest(network, limits, lon, lat, 900, 12, 14.0)[1] == [OPERATOR]


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_kernels_find_what_a_search_through_all_finds(seed: int) -> None:
    network = random_network(seed)
    index = segment_index(network)
    lon, lat = places(seed, 200)
    rng = np.random.default_rng(seed)
    rows = [
        LimitRow(
            kmh=int(rng.integers(0, 6)) * 20, way_id=int(way), hours=hours_of(rng.choice(["", "22:00-06:00"]))
        )
        for way in rng.choice(network.way_id, 12)
    ]
    if seed % 3:
        middles = rng.choice(network.nodes, 4)
        rows += [
            LimitRow(
                kmh=int(rng.integers(0, 6)) * 15,
                hours=hours_of(rng.choice(["", "22:00-06:00", "07:00-09:00;12:00-23:00"])),
                area=Point(network.node_lon_e7[node] / E7, network.node_lat_e7[node] / E7).buffer(
                    rng.uniform(0.0005, 0.004), quad_segs=3
                ),
            )
            for node in middles
        ]
    index = limit_index(network, rows)
    table = limit_table(network, index, rows)
    limits = limits_on(network, law(primary=60) if seed % 2 else law(), table, DAY)
    heading: Int16s = rng.integers(-1, 3600, 200).astype(np.int16)
    heading[::5] = ANY
    ms_of_day = rng.integers(0, 24 * H, 200).astype(np.int32)
    reach_m = rng.uniform(5, 80, 200).astype(np.float32)
    one = highest_codirectional(index, limits, lon, lat, heading, ms_of_day, reach_m)
    other = highest_codirectional_in_numpy(index, limits, lon, lat, heading, ms_of_day, reach_m)
    assert one[0].tolist() == other[0].tolist()
    assert one[1].tolist() == other[1].tolist()
    assert ((one[2] == NO_EDGE) == (other[2] == NO_EDGE)).all()
    # Of equal limits equally near either row may be named, but one of that limit.
    by_row = one[3] != NO_ROW
    assert by_row.tolist() == (one[1] >= OPERATOR).tolist() == (other[3] != NO_ROW).tolist()
    assert [rows[row].kmh for row in one[3][by_row]] == one[0][by_row].tolist()
    assert [rows[row].area is not None for row in one[3][by_row]] == (
        one[1][by_row] == OPERATOR_AREA
    ).tolist()
    speed_ckmh = rng.integers(0, 14_000, 200).astype(np.int32)
    chosen = np.flatnonzero(rng.random(200) < 0.8)
    fast = too_fast(
        index, limits, chosen, lon, lat, heading, speed_ckmh, ms_of_day[chosen], reach_m[chosen], (0.1, 6.0)
    )
    allowed = 100 * np.maximum(other[0] * 1.1, other[0] + 6.0)
    assert fast.tolist() == ((other[0] != NO_LIMIT) & (speed_ckmh > allowed))[chosen].tolist()
    nearest = nearest_codirectional(index, lon, lat, heading, reach_m=60.0)
    plain = nearest_codirectional_in_numpy(index, lon, lat, heading, reach_m=60.0)
    np.testing.assert_allclose(nearest[1], plain[1], atol=0.01)
    assert ((nearest[0] == NO_EDGE) == (plain[0] == NO_EDGE)).all()


def test_angles_between_directions() -> None:
    assert [turned_ddeg(*pair) for pair in ((0, 3_590), (3_590, 0), (0, 1_800), (900, 450), (2_700, 0))] == [
        10, 10, 1_800, 450, 900,
    ]  # fmt: skip
    index = segment_index(cross(), reach_m=30.0)
    with pytest.raises(ValueError, match="reaches 30 m, asked for 50 m"):
        nearest_codirectional(index, LON, LAT, LON.astype(np.int16), reach_m=50.0)


def test_a_line_means_the_edges_it_runs_along_in_its_direction() -> None:
    network = parallel(with_lane=True)
    index = segment_index(network)

    def meant(line: list[tuple[float, float]], *, both_ways: bool = False) -> list[str]:
        row = LimitRow(kmh=70, line=tuple(line), both_ways=both_ways)
        table = limit_table(network, index, [row])
        edges = table.edges_of(0)
        assert table.without_edges() == ([] if edges.size else [0])
        return [f"{network.way_name[network.way[edge]]}{network.tag_kmh[edge]}" for edge in edges]

    def place(x_m: float, y_m: float) -> tuple[float, float]:
        return 104 + x_m / 10 * EAST * 1e-7, 30.6 + y_m / 10 * NORTH * 1e-7

    assert meant([place(-20, 33), place(400, 34), place(1_010, 33)]) == ["地面50"]
    assert meant([place(1_000, 33), place(0, 33)]) == ["地面120"]
    assert sorted(meant([place(0, 33), place(1_000, 33)], both_ways=True)) == ["地面120", "地面50"]
    # along less than half of it, across it, beside every road
    assert meant([place(0, 33), place(450, 33)]) == []
    assert meant([place(500, -100), place(500, 100)]) == []
    assert meant([place(0, 60), place(1_000, 60)]) == []
    # a line of one place twice
    assert meant([place(0, 33), place(0, 33)]) == []


def test_a_line_through_a_junction_means_the_short_piece_in_it_too() -> None:
    # Two roads meet a street 3 m apart: no step of 5 m need fall between them.
    lon = np.array([0, 20, 20.3, 40, 20, 20.3]) * EAST + 1_040_000_000
    lat = np.array([0, 0, 0, 0, 20, 20]) * NORTH + 306_000_000
    ways = [Way(1, "", "primary", [0, 1, 2, 3]), Way(2, "", "service", [1, 4]), Way(3, "", "service", [2, 5])]
    network = network_of(lon.astype(np.int32), lat.astype(np.int32), ways, source="a test")
    line = ((104.0, 30.6), (104.0 + 40 * EAST * 1e-7, 30.6))
    table = limit_table(network, segment_index(network), [LimitRow(kmh=70, line=line)])
    assert sorted(network.length_m[table.edges_of(0)].round().tolist()) == [3, 197, 200]


def test_rows_of_a_file_become_rows_of_the_table() -> None:
    rows, problems = limit_rows(
        [
            {
                "way_id": "4001",
                "kmh": "60",
                "from": "2026-10-01",
                "name": "人民路",
                "其他": 1,
            },
            {"line": "LINESTRING (104.1 30.6, 104.2 30.61)", "kmh": 40.0, "both_ways": "yes"},
            {"line": [[104.1, 30.6], [104.2, 30.61, 500.0]], "kmh": 0, "hours": "22:00-06:00; 12:00-13:00"},
            {"way_id": 4001, "kmh": 30, "to": dt.datetime(2026, 10, 2), "way": np.nan, "line": None},  # noqa: DTZ001 - as spreadsheets hand days over
            {"way_id": "", "kmh": 30},
            {"way_id": 1, "line": [[1, 2], [3, 4]], "kmh": 30},
            {"way_id": 1, "kmh": "fast"},
            {"way_id": 1, "kmh": 300},
            {"way_id": 1, "kmh": np.nan},
            {"way_id": 1.5, "kmh": 30},
            {"way_id": 1, "kmh": 30, "from": "2026-10-02", "to": "2026-10-01"},
            {"way_id": 1, "kmh": 30, "from": "1 October"},
            {"way_id": 1, "kmh": 30, "hours": "7-9"},
            {"way_id": 1, "kmh": 30, "hours": "07:00-07:00"},
            {"way_id": 1, "kmh": 30, "both_ways": "maybe"},
            {"line": "POINT (104.1 30.6)", "kmh": 30},
            {"line": [[104.1, 30.6]], "kmh": 30},
            {"line": [[304.1, 30.6], [104.1, 30.6]], "kmh": 30},
        ]
    )
    assert [row.kmh for row in rows] == [60, 40, 0, 30]
    assert (rows[0].way_id, rows[0].from_day, rows[0].name) == (4001, day_from_text("2026-10-01"), "人民路")
    assert rows[1].line == ((104.1, 30.6), (104.2, 30.61))
    assert rows[1].both_ways
    assert rows[2].line == rows[1].line
    assert rows[2].hours == ((22 * H, 6 * H), (12 * H, 13 * H))
    assert rows[3].to_day == day_from_text("2026-10-02")
    assert [problem.split(":")[0] for problem in problems] == [f"row {number}" for number in range(5, 19)]
    named = [problem.split(":")[1].strip() for problem in problems]
    assert named == [
        "way_id, line, area, zone_id", "way_id, line, area, zone_id", "kmh", "kmh", "kmh", "way_id", "to",
        "from", "hours", "hours", "both_ways", "line", "line", "line",
    ]  # fmt: skip


def test_a_row_without_a_way_or_a_line_says_what_was_expected() -> None:
    with pytest.raises(BadLimitError, match="expected one of them"):
        limit_row({"kmh": 30})


def test_every_class_of_road_has_a_default_in_the_law_of_china_and_a_ramp_that_of_its_road() -> None:
    found = read_law("guangzhou")
    network = cross()
    for number, name in enumerate(CLASSES):
        parameter = found[class_limit_path(number)]
        assert parameter.file.endswith(f"{name.removesuffix('_link')}.yaml")
        assert parameter.unit == "km/h"
    motorway = found["roads.class_limit_kmh.motorway"].versions[0]
    assert (motorway.value, motorway.certainty) == (120, Certainty.QUOTED)
    # Which article a class of the map falls under is nobody's text.
    others = [found[class_limit_path(number)].versions[0] for number in range(1, 9)]
    assert {version.certainty for version in others} == {Certainty.UNVERIFIED}
    before_the_law = limits_on(network, found, None, day_from_text("2004-04-30"))
    assert before_the_law.source.tolist() == [TAG if kmh >= 0 else NONE for kmh in network.tag_kmh]
    assert limits_on(network, read_law("nyc"), None, DAY).source.max() == TAG
