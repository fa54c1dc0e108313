import datetime as dt
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.lab.make import make_city
from taxi_qa.lab.plan import AT_HUBS, DEFAULT_PLAN, IN_CABIN, IN_FILES, ON_PAPER, RECORDERS, allot
from taxi_qa.records.kinds import KINDS

FIRST_DAY = dt.date(2025, 10, 13)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    make_city(folder, vehicles=24, days=1, seed=5, first_day=FIRST_DAY, city="guangzhou")
    return folder


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    make_city(folder, vehicles=8, days=1, seed=5, first_day=FIRST_DAY, offences={}, city="guangzhou")
    return folder


def _positions(folder: Path) -> pd.DataFrame:
    files = sorted(folder.glob("positions-*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)


def _local(column: pd.Series) -> pd.Series:
    local: pd.Series = column.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    return local


def _rests(shift: pd.Series, positions: pd.DataFrame) -> list[tuple[float, float]]:
    """Stands of twenty minutes of a shift, by the speeds the terminal sent, in seconds of the shift."""
    mine = positions[(positions["vehicle_id"] == shift["vehicle_id"]) & positions["fixed"]]
    at = _local(mine["time"])
    mine, at = (
        mine[(at >= shift["start"]) & (at < shift["end"])],
        at[(at >= shift["start"]) & (at < shift["end"])],
    )
    since = ((at - shift["start"]).dt.total_seconds()).to_numpy()
    moves = since[mine["speed_kmh"].to_numpy() >= 3]
    edges = np.concatenate(([0.0], np.sort(moves), [(shift["end"] - shift["start"]).total_seconds()]))
    return [(float(a), float(b)) for a, b in itertools.pairwise(edges) if b - a >= 1200]


def test_the_same_arguments_give_the_same_bytes(fleet: Path, tmp_path: Path) -> None:
    make_city(tmp_path, vehicles=24, days=1, seed=5, first_day=FIRST_DAY, city="guangzhou")
    names = sorted(path.relative_to(fleet) for path in fleet.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert Path("roads", "streets.osm") in names
    assert all((fleet / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_another_seed_gives_another_fleet(fleet: Path, tmp_path: Path) -> None:
    make_city(tmp_path, vehicles=24, days=1, seed=6, first_day=FIRST_DAY, city="guangzhou")
    assert (fleet / "trips.csv").read_bytes() != (tmp_path / "trips.csv").read_bytes()


def test_every_file_has_columns_of_the_contract_and_its_required_values(fleet: Path) -> None:
    for path in fleet.glob("*.csv"):
        if path.stem == "truth":
            continue
        kind = KINDS[path.stem]
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert set(frame.columns) <= {column.name for column in kind.columns}
        for column in kind.columns:
            if column.required:
                assert (frame[column.name] != "").all(), f"{path.name} {column.name}"
        assert not frame.duplicated(list(kind.key)).any(), path.name
    assert set(_positions(fleet).columns) <= {column.name for column in KINDS["positions"].columns}
    zones = json.loads((fleet / "zones.geojson").read_text(encoding="utf-8"))
    assert {zone["properties"]["kind"] for zone in zones["features"]} == {"city", "tunnel", "hub", "bay"}


def test_the_answer_key_names_every_rule_and_only_rows_that_exist(fleet: Path) -> None:
    truth = pd.read_csv(fleet / "truth.csv", dtype=str, keep_default_na=False)
    assert set(truth.loc[truth["label"] == "clear", "rule"]) == set(DEFAULT_PLAN)
    trips = pd.read_csv(fleet / "trips.csv", dtype=str)
    named = truth[truth["trip_id"] != ""].merge(
        trips, on=["trip_id", "vehicle_id"], how="left", indicator=True
    )
    assert (named["_merge"] == "both").all()
    assert (pd.to_datetime(truth["start"]) <= pd.to_datetime(truth["end"])).all()


def test_an_honest_fleet_has_an_empty_answer_key_and_lawful_hours(honest: Path) -> None:
    assert pd.read_csv(honest / "truth.csv").empty
    shifts = pd.read_csv(honest / "shifts.csv", parse_dates=["start", "end"])
    positions = _positions(honest)
    for _, shift in shifts.iterrows():
        rests = _rests(shift, positions)
        length = (shift["end"] - shift["start"]).total_seconds()
        bounds = [0.0, *(edge for rest in rests for edge in rest), length]
        stretches = [b - a for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
        assert max(stretches) < 4 * 3600
        assert sum(stretches) < 10 * 3600


def test_an_honest_meter_agrees_with_the_track(honest: Path) -> None:
    positions = _positions(honest)
    seen = positions[positions["fixed"] & (positions["lon"] > 100) & (positions["time"].dt.year > 2000)]
    trips = pd.read_csv(honest / "trips.csv", parse_dates=["boarded_at", "alighted_at"])
    ratios = []
    seen = seen.drop_duplicates(["vehicle_id", "time"]).sort_values("time")
    for plate, fixes in seen.groupby("vehicle_id", observed=True):
        east = fixes["lon"].to_numpy() * np.cos(np.radians(23.13)) * 111_320
        steps = np.hypot(np.diff(east), np.diff(fixes["lat"].to_numpy() * 110_770))
        along = np.concatenate(([0.0], np.cumsum(steps)))
        clock = _local(fixes["time"]).to_numpy().astype("datetime64[ms]").astype(np.int64)
        mine = trips[(trips["vehicle_id"] == plate) & (trips["metered_km"] > 3)]
        begun, ended = (
            np.interp(mine[name].to_numpy().astype("datetime64[ms]").astype(np.int64), clock, along)
            for name in ("boarded_at", "alighted_at")
        )
        ratios.append(mine["metered_km"].to_numpy() * 1000 / (ended - begun))
    ratio = np.concatenate(ratios)
    # Jumps of the receiver lengthen a few tracks; the bulk is within two per cent.
    assert abs(float(np.median(ratio)) - 1) < 0.01
    assert float(np.quantile(ratio, 0.75)) < 1.03


def test_outages_at_the_limit_stay_within_it(fleet: Path) -> None:
    truth = pd.read_csv(fleet / "truth.csv", parse_dates=["start", "end"])
    positions = _positions(fleet)
    usable = positions[positions["fixed"] & (positions["lon"] > 100)]
    outages = truth[truth["rule"] == "vehicle.gnss_outage"]
    for _, act in outages[outages["label"] != "look_alike"].iterrows():
        times = usable.loc[usable["vehicle_id"] == act["vehicle_id"], "time"].sort_values()
        # From the last fix before the act to the first one after its middle.
        around = times[
            (times > act["start"] - pd.Timedelta("60s")) & (times < act["end"] + pd.Timedelta("60s"))
        ]
        longest_s = around.diff().max().total_seconds()
        assert (longest_s > 600) == (act["label"] == "clear"), act["note"]


def test_positions_carry_the_faults_of_real_ones(fleet: Path) -> None:
    positions = _positions(fleet)
    assert positions.duplicated(["vehicle_id", "time", "lon", "lat"]).any()
    assert (~positions["fixed"]).any()
    assert (positions["time"].dt.year == 1970).any() or (positions["lon"] == 0).any()
    delay = (positions["received_at"] - positions["time"]).dt.total_seconds()
    assert delay.median() < 10


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"fare.overcharge": {"clear": 500}}, "no room for all acts of fare.overcharge"),
        ({"hub.nothing": {"clear": 1}}, "the lab plants no 'hub.nothing'"),
        ({"fare.overcharge": {"plain": 1}}, "fare.overcharge: 'plain'"),
        ({"fare.overcharge": {"clear": -1}}, "a whole number"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(
    plan: dict[str, dict[str, int]], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=says):
        make_city(tmp_path, vehicles=4, days=1, seed=1, first_day=FIRST_DAY, offences=plan)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_city_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'paris' is no made city"):
        make_city(tmp_path, vehicles=4, days=1, seed=1, first_day=FIRST_DAY, city="paris")


def test_acts_share_a_shift_only_where_neither_disturbs_the_other() -> None:
    posts = allot(DEFAULT_PLAN, 48, 2, 1, must_fit=True)
    wanted = {rule: labels for rule, labels in DEFAULT_PLAN.items() if not rule.startswith(AT_HUBS)}
    assert len(posts) == sum(sum(labels.values()) for labels in wanted.values())
    on_roads = ("driving.speeding", "driving.detour", "service.refusal")
    shifts: dict[tuple[int, int, int], list[str]] = {}
    for post in posts:
        # Papers hinder nothing else, and neither does what only a camera sees, nor a recorder that is down.
        if post.rule not in ("licence.invalid", *ON_PAPER, *IN_FILES, *IN_CABIN, *RECORDERS):
            shifts.setdefault((post.vehicle, post.day, post.turn), []).append(post.rule)
    alone = (
        "driving.long_hours", "licence.unidentified_driver", "vehicle.gnss_outage", "vehicle.tampering",
    )  # fmt: skip
    for rules in shifts.values():
        assert sum(rule in on_roads for rule in rules) <= 1
        assert sum(rule not in on_roads for rule in rules) <= 1
        assert len(rules) == 1 or not set(rules) & set(alone)


def test_acts_of_the_road_are_on_cars_that_can_tell_of_them() -> None:
    for post in allot(DEFAULT_PLAN, 48, 2, 1, must_fit=True):
        if post.rule == "driving.speeding":
            assert post.vehicle % 7 not in (3, 5)  # these send every 20 and 30 seconds
        if (post.rule, post.label, post.variant) == ("driving.detour", "look_alike", 2):
            assert post.vehicle % 2 == 1  # a stop that seat sensors tell of


def test_a_closure_is_an_excuse_of_the_road(tmp_path: Path) -> None:
    plan = {"driving.detour": {"clear": 4, "look_alike": 2}}
    make_city(tmp_path, vehicles=8, days=1, seed=3, first_day=FIRST_DAY, offences=plan, city="zhongshan")
    excuses = pd.read_csv(tmp_path / "excuses.csv", dtype=str, keep_default_na=False)
    closed = excuses[excuses["scope"] == "road"].sort_values("approved_by")
    assert closed["approved_by"].tolist() == ["", "示范监管员"]
    assert set(closed["cause"]) == {"road_closure"}
    assert set(closed["rules"]) == {"driving.detour"}
    streets = (tmp_path / "roads" / "streets.osm").read_text(encoding="utf-8")
    assert all(f'<way id="{way_id}"' in streets for way_id in closed["scope_id"])
    truth = pd.read_csv(tmp_path / "truth.csv", dtype=str)
    assert (truth["rule"] == "driving.detour").sum() == 6
