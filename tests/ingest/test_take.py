import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.ingest.refusal import Refused
from taxi_qa.ingest.retry import retry
from taxi_qa.ingest.take import in_order, take
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.library import fixes, partitions, records
from taxi_qa.store.quarantine import listed
from taxi_qa.values.place import E7, bd09_from_gcj02, from_wgs84

NOW_MS = 1_792_000_000_000
TRIPS = "trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def test_one_bad_file_does_not_keep_the_others_out(home: Home, tmp_path: Path) -> None:
    good = write(tmp_path, "companies.csv", "company_id,name\nC1,a\n")
    bad = write(tmp_path, "trips.csv", "")
    also = write(tmp_path, "companies_2.csv", "company_id,name\nC2,b\n")
    reports = take(home, [good, bad, also], now_ms=NOW_MS)
    assert [report.accepted for report in reports] == [1, 0, 1]
    assert [report.refused is None for report in reports] == [True, False, True]


def test_a_folder_goes_in_by_kind(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    for name in (
        "trips.csv",
        "positions_2.csv.gz",
        "positions_1.csv",
        "companies.csv",
        "truth.csv",
        "notes.md",
        ".x.csv",
    ):
        write(folder, name, "")
    assert [file.name for file in in_order([folder])] == [
        "companies.csv", "positions_1.csv", "positions_2.csv.gz", "trips.csv",
    ]  # fmt: skip
    assert len(take(home, [folder], now_ms=NOW_MS)) == 4


def test_a_later_row_of_the_same_key_is_a_correction(home: Home, tmp_path: Path) -> None:
    one = write(tmp_path, "companies.csv", "company_id,name\nC1,a\nC1,a\nC1,b\n")
    (report,) = take(home, [one], now_ms=NOW_MS)
    assert (report.accepted, report.duplicates, report.corrections) == (1, 1, 1)
    assert records(home, "companies")["name"].tolist() == ["b"]


def test_the_datum_of_a_row_wins_over_that_of_the_call(home: Home, tmp_path: Path) -> None:
    lon, lat = from_wgs84(np.array([113.38]), np.array([22.52]), "gcj02")
    b_lon, b_lat = bd09_from_gcj02(lon, lat)
    text = "vehicle_id,time,lon,lat,datum\n"
    text += f"A,2026-10-10 08:00:00,{lon[0]:.7f},{lat[0]:.7f},\n"
    text += f"A,2026-10-10 08:00:01,{b_lon[0]:.7f},{b_lat[0]:.7f},BD09\n"
    text += "A,2026-10-10 08:00:02,113.38,22.52,wgs84\nA,2026-10-10 08:00:03,113.38,22.52,mars\n"
    (report,) = take(home, [write(tmp_path, "positions.csv", text)], datum="gcj02", now_ms=NOW_MS)
    assert (report.accepted, report.quarantined) == (3, 1)
    assert listed(home)["column"].tolist() == ["datum"]
    kept = fixes(home, *partitions(home, 0, 40_000)[0])
    # Half a metre is 45 of these units.
    assert abs(kept.lon_e7 - round(113.38 * E7)).max() <= 45
    assert abs(kept.lat_e7 - round(22.52 * E7)).max() <= 45


def test_places_of_trips_keep_their_datum_and_those_of_orders_become_wgs84(
    home: Home, tmp_path: Path
) -> None:
    lon, lat = from_wgs84(np.array([113.38]), np.array([22.52]), "gcj02")
    trips = TRIPS.strip() + ",boarded_lon,boarded_lat\n"
    trips += "A1,T,2026-10-10 08:00,2026-10-10 08:20,5,19,113.4,22.5\n"
    orders = "order_id,vehicle_id,accepted_at,pickup_due,outcome,pickup_lon,pickup_lat\n"
    orders += f"O1,T,2026-10-10 08:00,2026-10-12 08:20,served,{lon[0]:.7f},{lat[0]:.7f}\n"
    files = [write(tmp_path, "trips.csv", trips), write(tmp_path, "orders.csv", orders)]
    assert [report.accepted for report in take(home, files, datum="gcj02", now_ms=NOW_MS)] == [1, 1]
    trip = records(home, "trips").iloc[0]
    assert (trip["boarded_lon"], trip["boarded_lat"], trip["datum"]) == (113.4, 22.5, "gcj02")
    order = records(home, "orders").iloc[0]
    assert (order["pickup_lon"], order["pickup_lat"]) == pytest.approx((113.38, 22.52), abs=5e-6)


def test_unknown_columns_are_told_once_and_their_file_is_kept(home: Home, tmp_path: Path) -> None:
    file = write(tmp_path, "companies.csv", "company_id,name,mood,天气\nC1,a,good,晴\nC2,b,bad,雨\n")
    (report,) = take(home, [file], now_ms=NOW_MS)
    assert report.unknown_columns == ("mood", "天气")
    (copy,) = (home.path / "raw").iterdir()
    assert copy.read_bytes() == file.read_bytes()
    plain = write(tmp_path, "companies_2.csv", "company_id,name\nC3,a\n")
    take(home, [plain], now_ms=NOW_MS)
    assert len(list((home.path / "raw").iterdir())) == 1


def test_progress_ends_at_the_size_of_the_file(home: Home, tmp_path: Path) -> None:
    file = write(tmp_path, "companies.csv", "company_id,name\n" + "".join(f"C{n},a\n" for n in range(5_000)))
    told: list[tuple[str, int, int]] = []
    take(home, [file], now_ms=NOW_MS, progress=lambda *step: told.append(step))
    size = file.stat().st_size
    assert told[0] == ("companies.csv", 0, size)
    assert told[-1] == ("companies.csv", size, size)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


@pytest.mark.parametrize(
    "call", [{"kind": "cats"}, {"datum": "mars"}, {"profile": "nyc-tlc", "kind": "positions"}]
)
def test_a_wrong_call_is_told_before_anything_is_read(
    call: dict[str, str], home: Home, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"expected one of|leave --kind out"):
        take(home, [tmp_path / "absent.csv"], now_ms=NOW_MS, **call)  # type: ignore[arg-type]


def test_a_cut_archive_leaves_nothing_though_its_beginning_is_good(home: Home, tmp_path: Path) -> None:
    rows = "".join(f"C{n},{n * 7919 % 10007}\n" for n in range(60_000))
    whole = gzip.compress(f"company_id,name\n{rows}".encode())
    file = tmp_path / "companies.csv.gz"
    file.write_bytes(whole[: len(whole) // 2])
    (report,) = take(home, [file], now_ms=NOW_MS)
    assert "cut short" in str(report.refused)
    assert records(home, "companies").empty
    file.write_bytes(whole)
    (report,) = take(home, [file], now_ms=NOW_MS)
    assert report.accepted == 60_000


ZONE = '{"properties":{"zone_id":"Z1","name":"a","kind":"hub"},"geometry":'
ZONE += '{"type":"Polygon","coordinates":[[[113,22],[114,22],[114,23],[113,22]]]}}'

RETRIED = {
    "trips.csv": (
        TRIPS + 'A1,T,2026-10-10 08:00,2026-10-10 08:20,5,-1\nA2,T,"2026-13-10\n08:00",x,5,1\nA3,T\n',
        [
            "A1,T,2026-10-10 08:00,2026-10-10 08:20,5,1",
            'A2,T,"2026-10-10 08:00",2026-10-10 08:20,5,1',
            "A3,T,still",
        ],
    ),
    "positions.csv": (
        "vehicle_id,time,lon,lat\nA,2026-10-10 08:00,213,22\nB,2026-10-10 08:00,113,\nC,x,113,22\n",
        ["A,2026-10-10 08:00,113,22", "B,2026-10-10 08:00,113,22", "C,still,113,22"],
    ),
    "companies.jsonl": (
        '{"company_id":"C0","name":"z"}\n{"company_id":"C1"}\n{"company_id":"C2"\n{"name":"c"}\n',
        ['{"company_id":"C1","name":"a"}', '{"company_id":"C2",\n"name":"b"}', '{"name":"still"}'],
    ),
    "zones.geojson": (
        f'{{"type":"FeatureCollection","features":[{ZONE.replace("hub", "x")},{{"type":"Feature"}},8]}}',
        [ZONE, ZONE.replace("Z1", "Z2"), "still"],
    ),
}


@pytest.mark.parametrize("name", list(RETRIED))
def test_mended_rows_go_in_and_the_others_stay(name: str, home: Home, tmp_path: Path) -> None:
    text, mended = RETRIED[name]
    kind = name.partition(".")[0]
    (report,) = take(home, [write(tmp_path, name, text)], now_ms=NOW_MS)
    assert report.quarantined == 3
    before = report.accepted
    as_they_stand = retry(home, now_ms=NOW_MS)
    assert [(r.kind, r.rows, r.accepted, r.quarantined) for r in as_they_stand] == [(kind, 3, 0, 3)]
    (after,) = retry(home, pd.DataFrame({"id": listed(home)["id"], "raw": mended}), now_ms=NOW_MS)
    assert (after.rows, after.accepted, after.quarantined) == (3, 2, 1)
    assert listed(home)["state"].tolist() == ["accepted", "accepted", "still refused"]
    if kind == "positions":
        kept = [len(fixes(home, *partition)) for partition in partitions(home, 0, 40_000)]
        assert sum(kept) == 2
    else:
        assert len(records(home, kind)) == before + 2
    assert [r.rows for r in retry(home, now_ms=NOW_MS)] == [1]


def test_what_was_no_text_must_be_mended_first(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "companies.csv"
    file.write_bytes(b"company_id,name\nC1,a\x00b\nC2,\xff\xfe\xfd\nC3," + b"x" * 2_000_000 + b"\n")
    (report,) = take(home, [file], now_ms=NOW_MS)
    assert report.quarantined == 3
    assert listed(home)["raw"].str.len().max() < 2_000
    (again,) = retry(home, now_ms=NOW_MS)
    assert (again.accepted, again.quarantined) == (0, 3)
    assert listed(home)["reason"].str.contains("mend `raw` first").all()
