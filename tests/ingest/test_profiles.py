import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.ingest.profiles import profile_names, read_profile
from taxi_qa.ingest.profiles.read import BadProfile, parse_profile
from taxi_qa.ingest.take import take
from taxi_qa.store.home import make_home
from taxi_qa.store.library import fixes, partitions, records
from taxi_qa.store.quarantine import listed
from taxi_qa.values.clock import date_of

NOW_MS = 1_792_000_000_000
REAL = Path(os.environ.get("TAXI_QA_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))

NYC = "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,"
NYC += "store_and_fwd_flag,PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,"
NYC += "tolls_amount,improvement_surcharge,total_amount,congestion_surcharge\n"


def nyc(tmp_path: Path, *rows: str) -> pd.DataFrame:
    home = make_home(tmp_path / "home", city="nyc", timezone="America/New_York")
    file = tmp_path / "yellow.csv"
    file.write_text(NYC + "".join(rows), encoding="utf-8")
    (report,) = take(home, [file], profile="nyc-tlc", now_ms=NOW_MS)
    assert report.refused is None, report.refused
    assert report.unknown_columns == ("VendorID", "store_and_fwd_flag")
    copies = list((home.path / "raw").iterdir())
    assert [copy.read_bytes() for copy in copies] == [file.read_bytes()]
    return records(home, "trips").sort_values(["boarded_ms", "alighted_ms"], ignore_index=True)


def test_a_trip_of_new_york(tmp_path: Path) -> None:
    trips = nyc(
        tmp_path,
        "2,2019-02-11 15:19:56,2019-02-11 15:40:10,1,2.37,1,N,161,249,1,14,0,0.5,3.46,0,0.3,20.76,2.5\n",
    )
    (trip,) = trips.to_dict("records")
    assert trip["metered_m"] == 3814  # 2.37 miles * 1609.344 = 3814.1
    assert trip["fare_fen"] == 1400
    assert trip["surcharge_fen"] == 330  # 0 + 0.50 + 0.30 + 2.50
    assert (trip["paid_fen"], trip["tip_fen"], trip["tolls_fen"]) == (2076, 346, 0)
    assert (trip["payment"], trip["rate_code"], trip["passengers"]) == ("card", "metered", 1)
    assert (trip["boarded_zone"], trip["alighted_zone"]) == ("161", "249")
    assert trip["boarded_ms"] == pd.Timestamp("2019-02-11T15:19:56-05:00").value // 10**6
    assert trip["trip_id"] == trip["vehicle_id"]


def test_a_congestion_surcharge_within_extra_is_counted_once(tmp_path: Path) -> None:
    # 9.00 + 2.50 + 0.50 + 2.46 + 0.30 = 14.76: this meter counts the 2.50 in `extra`, and names it again.
    trips = nyc(
        tmp_path,
        "1,2019-02-07 15:48:06,2019-02-07 16:00:40,2,1.3,1,N,234,211,1,9,2.5,0.5,2.46,0,0.3,14.76,2.5\n",
    )
    assert trips["surcharge_fen"].tolist() == [330]


def test_an_hour_that_occurs_twice(tmp_path: Path) -> None:
    trips = nyc(
        tmp_path,
        "2,2018-11-04 01:52:14,2018-11-04 01:10:37,1,3,1,N,161,249,2,14,0,0.5,0,0,0.3,14.8,\n",
        "2,2018-11-04 01:50:00,2018-11-04 02:05:00,1,3,1,N,161,249,2,14,0,0.5,0,0,0.3,14.8,\n",
        "2,2018-11-04 01:20:00,2018-11-04 01:40:00,1,3,1,N,161,249,2,14,0,0.5,0,0,0.3,14.8,\n",
    )
    lasted_s = ((trips["alighted_ms"] - trips["boarded_ms"]) // 1000).tolist()
    # From the first 01:20 and 01:52, and from the second 01:50.
    assert lasted_s == [20 * 60, 18 * 60 + 23, 15 * 60]


def test_a_refund_is_quarantined_and_rates_keep_their_words(tmp_path: Path) -> None:
    row = (
        "2,2018-01-11 18:24:44,2018-01-11 18:{m}:02,1,1.65,{rate},N,230,237,{paid},{fare},1,.5,0,0,.3,10.3,\n"
    )
    trips = nyc(
        tmp_path,
        row.format(m=35, rate=1, paid=3, fare=-8.5),
        *(row.format(m=36 + n, rate=rate, paid=n, fare=8.5) for n, rate in enumerate((2, 3, 4, 5, 6, 99))),
    )
    assert trips["rate_code"].tolist() == ["flat", "newark", "out_of_town", "negotiated", "group", "99"]
    assert trips["payment"].tolist() == ["other", "card", "cash", "other", "other", "other"]


def test_the_same_trips_in_another_wrapping_are_the_same(tmp_path: Path) -> None:
    nyc(
        tmp_path,
        "2,2019-02-11 15:19:56,2019-02-11 15:40:10,1,2.37,1,N,161,249,1,14,0,0.5,3.46,0,0.3,20.76,2.5\n",
    )
    home = make_home(tmp_path / "home", city="nyc", timezone="America/New_York")
    again = tmp_path / "copy.csv"
    again.write_bytes((tmp_path / "yellow.csv").read_bytes().replace(b"\n", b"\r\n"))
    (report,) = take(home, [again], profile="nyc-tlc", now_ms=NOW_MS)
    assert (report.accepted, report.duplicates) == (0, 1)


def test_positions_of_shenzhen_on_the_day_asked_for(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", city="shenzhen")
    file = tmp_path / "taxi.csv"
    file.write_text(
        "veh,t,lon,lat,occ,speed\n7,00:00:00,114.1,22.5,0,30\n7,9:59:59,114.2,22.6,1,31\n7,x,1,1,0,0\n"
    )
    (report,) = take(home, [file], profile="shenzhen-gps:day=2026-10-10", now_ms=NOW_MS)
    assert (report.accepted, report.quarantined) == (2, 1)
    assert listed(home)["column"].tolist() == ["time"]
    (partition,) = partitions(home, 0, 40_000)
    assert str(date_of(partition[0])) == "2026-10-10"
    assert (np.diff(fixes(home, *partition).time_ms) == (9 * 3600 + 59 * 60 + 59) * 1000).all()


def test_a_feed_is_recognised_by_its_header(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    file = tmp_path / "taxi.csv"
    file.write_text("veh,t,lon,lat,occ,speed\n")
    assert "--profile shenzhen-gps" in str(take(home, [file], now_ms=NOW_MS)[0].refused)
    assert "needs the columns tpep_pickup_datetime or" in str(
        take(home, [file], profile="nyc-tlc", now_ms=NOW_MS)[0].refused
    )


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_well_formed_and_named_after_its_file(name: str) -> None:
    assert read_profile(name).name == name


GOOD = """
name: x
title: t
source: s
kind: companies
inputs: {a: [A], b: [B]}
required: [a]
columns: {company_id: {copy: a}, name: {copy: b}}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: companies", "kind: firms", "x.yaml: kind: expected one of"),
        ("title: t", "titel: t", "unknown key titel"),
        ("title: t", "", "expected the keys"),
        ("{copy: a}", "{copy: c}", "x.yaml: columns.company_id: c is not among the inputs"),
        ("{copy: a}", "{copy: a, made: x}", "exactly one of"),
        ("{copy: a}", "{copy: a, twice: 2}", "unknown key twice"),
        ("{copy: a}", '{copy: a, words: {"1": 1}}', "words.1: expected a text in quotes"),
        ("{copy: a}", "{copy: a, times: two}", "times: expected a number"),
        ("{copy: a}", "{copy: a, on_day: day}", "on_day: expected the name of an option"),
        ("{copy: a}", "{made: fixed}", "{digest}"),
        ("company_id:", "firm_id:", "companies have no such column"),
        (", name: {copy: b}", "", "expected also name"),
        ("title: t", "title: t\ntimezone: Moon/Sea", "timezone"),
        ("title: t", "title: t\ndatum: mars", "datum: expected"),
        ("title: t", "title: t: u", "not YAML"),
    ],
)
def test_a_wrong_profile_names_file_and_key(old: str, new: str, message: str) -> None:
    parse_profile(GOOD, "x.yaml")
    with pytest.raises(BadProfile, match=r"x\.yaml") as error:
        parse_profile(GOOD.replace(old, new), "x.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize("call", ["moscow", "../nyc-tlc", "shenzhen-gps:month=3", "nyc-tlc:day=2018-01-01"])
def test_a_profile_or_option_there_is_not(call: str) -> None:
    with pytest.raises(BadProfile, match=r"there is no profile|has no option"):
        read_profile(call)


@pytest.mark.real
@pytest.mark.skipif(not (REAL / "nyc_tlc").is_dir(), reason="the trip records are not beside the checkout")
def test_a_month_of_new_york_adds_up(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", city="nyc", timezone="America/New_York")
    file = REAL / "nyc_tlc" / "yellow_tripdata_sample_2018-11.csv.gz"
    (report,) = take(home, [file], profile="nyc-tlc", now_ms=NOW_MS)
    sent = pd.read_csv(file)
    good = sent[(sent["fare_amount"] >= 0) & (sent["fare_amount"] <= 100_000)]
    assert (report.rows, report.accepted, report.quarantined) == (10_000, len(good), 10_000 - len(good))
    trips = records(home, "trips")
    assert int(trips["fare_fen"].sum()) == round(good["fare_amount"].sum() * 100)
    assert int(trips["paid_fen"].sum()) == round(good["total_amount"].sum() * 100)
    assert abs(trips["metered_m"].sum() - good["trip_distance"].sum() * 1609.344) < len(good) / 2
    parts = trips[["fare_fen", "surcharge_fen", "tolls_fen", "tip_fen"]].sum(axis=1)
    assert (parts == trips["paid_fen"]).mean() > 0.99
    assert ((trips["alighted_ms"] - trips["boarded_ms"]) >= 0).all()


@pytest.mark.real
@pytest.mark.skipif(not (REAL / "shenzhen").is_dir(), reason="the positions are not beside the checkout")
def test_a_taxi_of_shenzhen_keeps_every_position(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", city="shenzhen")
    file = REAL / "shenzhen" / "taxi_28249.csv"
    (report,) = take(home, [file], profile="shenzhen-gps", now_ms=NOW_MS)
    sent = pd.read_csv(file).drop_duplicates()
    assert report.rows == 20_202
    assert (report.accepted + report.corrections, report.quarantined) == (len(sent), 0)
    kept = fixes(home, *partitions(home, 0, 40_000)[0])
    assert len(kept) == len(sent.drop_duplicates(["veh", "t", "lon", "lat"]))
    assert kept.vehicle_ids == ("28249",)
