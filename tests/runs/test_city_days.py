"""Days on which nothing but complaints or documents came in are judged like any other."""

from pathlib import Path

import pytest

from taxi_qa.ingest.take import take
from taxi_qa.runs.check import check
from taxi_qa.store.home import Home, make_home
from taxi_qa.values.clock import day_from_text
from tests.runs.conftest import NOW_MS, said

COMPLAINTS = """complaint_id,category,received_at,happened_at,vehicle_id,driver_id,outcome
K1,discourtesy,2026-10-25 09:00:00,2026-10-22 18:00:00,,D1,upheld
K2,discourtesy,2026-10-28 09:00:00,,,,upheld
K3,discourtesy,2026-10-28 09:00:00,,,,open
"""
RECORDS = """record_id,at,driver_id,kind,document_no
R1,2026-11-02 10:00:00,D1,licence_leased,5
"""
TRIPS = """trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan
T1,粤A1,2026-10-20 10:00:10,2026-10-20 10:20:10,5,17.2
"""


def home_with(folder: Path, **files: str) -> Home:
    home = make_home(folder / "home", city="guangzhou", buckets=3)
    for kind, text in files.items():
        (folder / f"{kind}.csv").write_text(text, encoding="utf-8")
    reports = take(home, [folder / f"{kind}.csv" for kind in files], now_ms=NOW_MS, workers=1)
    assert not [report for report in reports if report.refused or report.quarantined]
    return home


@pytest.mark.parametrize("with_trips", [False, True])
def test_a_home_is_judged_to_its_last_complaint(tmp_path: Path, with_trips: bool) -> None:
    files = {"complaints": COMPLAINTS, "records": RECORDS} | ({"trips": TRIPS} if with_trips else {})
    home = home_with(tmp_path, **files)
    report = check(home, now_ms=NOW_MS)
    assert report is not None
    first = "2026-10-20" if with_trips else "2026-10-22"
    assert (report.from_day, report.to_day) == (day_from_text(first), day_from_text("2026-11-02"))
    tally = report.tallies.set_index("rule")
    assert list(tally.loc["service.discourtesy", ["examined", "found", "cannot_tell"]]) == [3, 2, 1]
    assert list(tally.loc["record.licence_leased", ["examined", "found"]]) == [1, 1]
    found = said(home)
    named = found.loc[(found["rule"] == "service.discourtesy") & (found["verdict"] == "found"), "driver_id"]
    assert sorted(named) == ["", "D1"]


def test_only_the_day_asked_for(tmp_path: Path) -> None:
    home = home_with(tmp_path, complaints=COMPLAINTS, trips=TRIPS)
    day = day_from_text("2026-10-22")
    report = check(home, now_ms=NOW_MS, from_day=day, to_day=day)
    assert report is not None
    assert report.tallies.set_index("rule").loc["service.discourtesy", "examined"] == 1
    assert check(home, now_ms=NOW_MS, from_day=day + 1, to_day=day + 1) is None
    assert check(home, now_ms=NOW_MS, from_day=day, to_day=day, vehicles=["粤A1"]) is None
