"""`taxi-qa coaching`: who could not be judged has no score, and people read why."""

import csv
from pathlib import Path

from tests.cli.conftest import Call

TRIPS = """trip_id,vehicle_id,driver_id,boarded_at,alighted_at,metered_km,fare_yuan,paid_yuan
T1,粤A1,D1,2026-10-20 10:00:10,2026-10-20 10:20:10,5,17.2,17.2
T2,粤A1,D1,2026-10-20 11:00:10,2026-10-20 11:20:10,5,17.2,
"""


def test_what_was_not_judged_is_said(home: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "trips.csv").write_text(TRIPS, encoding="utf-8")
    assert call("ingest", tmp_path / "trips.csv", "--home", home)[0] == 0
    assert call("check", "--home", home, "--rule", "fare.not_by_meter")[0] == 0
    status, _, err = call("coaching", "--home", home, "--driver", "D1", "--out", tmp_path / "all.csv")
    assert status == 0, err
    assert "没有数据可判，不等于没有问题" in err
    assert "nothing could be judged, which is not the same as clean" in err
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        told = {row["rule"]: row for row in csv.DictReader(file)}
    # One trip says what was paid, the other does not.
    half = told["fare.not_by_meter"]
    assert (float(half["exposure"]), float(half["unjudged"]), half["why_not"]) == (1, 1, "no_fleet")
    assert (told["driving.smoking"]["exposure"], told["driving.smoking"]["why_not"]) == ("", "not_judged")
