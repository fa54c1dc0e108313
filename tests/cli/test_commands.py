"""What the commands do, on small files, from the outside."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

Call = Callable[..., tuple[int, str, str]]

TRIPS = """trip_id,vehicle_id,driver_id,boarded_at,alighted_at,metered_km,fare_yuan,paid_yuan,payment
t1,粤A11111,D1,2025-10-13T08:00:00,2025-10-13T08:20:00,5.2,19.50,19.50,cash
t2,粤A11111,D1,2025-10-13T23:50:00,2025-10-14T00:05:00,3.0,12.00,12.00,app
=t3,粤A22222,D2,2025-10-14T09:00:00,2025-10-14T09:10:00,2.0,12.00,12.00,cash
"""
BAD_ROW = "t4,粤A11111,D1,2025-13-14T09:00:00,2025-10-14T09:10:00,2.0,12.00,12.00,cash\n"


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    file = tmp_path / "trips.csv"
    file.write_text(TRIPS, encoding="utf-8")
    return file


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# --- init ----------------------------------------------------------------------------------------------


def test_init_may_be_repeated_and_keeps_its_city(call: Call, home: Path) -> None:
    for _ in range(2):
        status, out, err = call("init", "--home", home)
        assert status == 0, err
        assert "city guangzhou" in out
    status, _, err = call("init", "--home", home, "--city", "shenzhen")
    assert (status, err.count("\n")) == (2, 1)
    assert "guangzhou" in err


def test_init_takes_the_clock_of_the_city(call: Call, tmp_path: Path) -> None:
    status, out, err = call("init", "--home", tmp_path / "ny", "--city", "nyc")
    assert status == 0, err
    assert "America/New_York" in out


def test_without_a_word_the_home_is_var_in_this_folder_and_the_city_zhongshan(
    call: Call, tmp_path: Path
) -> None:
    status, out, _ = call("init")
    assert status == 0
    assert "city zhongshan" in out
    assert (tmp_path / "var" / "taxi_qa.db").is_file()


def test_the_database_may_lie_elsewhere(call: Call, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    assert call("--database", url, "init", "--home", tmp_path / "h")[0] == 0
    assert (tmp_path / "elsewhere.db").is_file()
    assert call("doctor", "--home", tmp_path / "h", "--database", url)[0] == 0


# --- ingest and quarantine -----------------------------------------------------------------------------


def test_ingest_takes_a_file_in_and_again_as_duplicates(call: Call, home: Path, trips: Path) -> None:
    status, out, err = call("ingest", trips, "--json", "--home", home)
    assert status == 0, err
    expected = {
        "file": str(trips), "kind": "trips", "rows": 3,
        "accepted": 3, "duplicates": 0, "corrections": 0, "quarantined": 0,
    }  # fmt: skip
    assert json.loads(out) == [expected]
    status, out, _ = call("ingest", trips, "--json", "--home", home)
    assert (status, json.loads(out)) == (0, [expected | {"accepted": 0, "duplicates": 3}])


def test_a_refused_row_is_exit_1_and_the_quarantine_says_why(call: Call, home: Path, trips: Path) -> None:
    with trips.open("a", encoding="utf-8") as file:
        file.write(BAD_ROW)
    status, out, err = call("--home", home, "ingest", trips, "--json")
    (counts,) = json.loads(out)
    assert (status, counts["accepted"], counts["quarantined"]) == (1, 3, 1)
    assert "1 rows were refused" in err
    status, out, _ = call("--home", home, "quarantine", "--json")
    (why,) = json.loads(out)
    assert (status, why["file"], why["column"], why["first_row"], why["rows"]) == (
        0,
        "trips.csv",
        "boarded_at",
        5,
        1,
    )
    assert call("--home", home, "quarantine")[1].splitlines()[1].split()[:3] == ["trips.csv", "5", "1"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_mended_row_gets_its_second_try(
    form: str, call: Call, home: Path, trips: Path, tmp_path: Path
) -> None:
    trips.write_text(TRIPS + BAD_ROW, encoding="utf-8")
    assert call("--home", home, "ingest", trips)[0] == 1
    refused = tmp_path / f"refused.{form}"
    assert call("--home", home, "quarantine", "export", "--out", refused)[0] == 0
    if form in ("csv", "jsonl"):
        refused.write_text(
            refused.read_text(encoding="utf-8").replace("2025-13-14", "2025-10-14"), encoding="utf-8"
        )
    elif form == "xlsx":
        book = load_workbook(refused)
        cells = (cell for row in book["quarantine"].iter_rows() for cell in row)
        (cell,) = [cell for cell in cells if "2025-13-14" in str(cell.value)]
        cell.value = str(cell.value).replace("2025-13-14", "2025-10-14")
        book.save(refused)
    else:
        table = pq.read_table(refused)
        raw = [text.replace("2025-13-14", "2025-10-14") for text in table.column("raw").to_pylist()]
        pq.write_table(table.set_column(table.schema.get_field_index("raw"), "raw", [raw]), refused)
    status, out, err = call("--home", home, "quarantine", "retry", refused, "--json")
    assert status == 0, err
    assert sum(one["accepted"] for one in json.loads(out)) == 1
    assert "t4" in call("--home", home, "records", "export", "trips", "--out", "-")[1]


def test_a_file_that_is_no_export_of_the_quarantine_is_refused_in_a_line(
    call: Call, home: Path, trips: Path
) -> None:
    status, _, err = call("--home", home, "quarantine", "retry", trips)
    assert (status, err.count("\n")) == (2, 1)
    assert "'id'" in err


def test_the_only_file_unreadable_is_exit_2_one_of_several_exit_1(
    call: Call, home: Path, trips: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\x1f\x8b\x08\x00cut")
    missing = tmp_path / "nowhere.csv"
    for bad in (broken, missing):
        status, _, err = call("--home", home, "ingest", bad)
        assert status == 2
        assert bad.name in err
        assert "Traceback" not in err
    status, out, err = call("--home", home, "ingest", trips, broken, "--json")
    assert status == 1
    assert [one["accepted"] for one in json.loads(out)] == [3, 0]


# --- records -------------------------------------------------------------------------------------------


def test_records_come_back_and_go_in_again_as_what_they_were(
    call: Call, home: Path, trips: Path, tmp_path: Path
) -> None:
    assert call("ingest", trips, "--home", home)[0] == 0
    for form in ("csv", "jsonl", "parquet", "xlsx"):
        out = tmp_path / f"trips-again.{form}"
        status, _, err = call("records", "export", "trips", "--out", out, "--home", home)
        assert status == 0, err
        status, told, err = call("ingest", out, "--kind", "trips", "--json", "--home", home)
        (counts,) = json.loads(told)
        assert (status, counts["duplicates"], counts["corrections"]) == (0, 3, 0), (form, err)


def test_records_of_some_days_and_one_vehicle(call: Call, home: Path, trips: Path) -> None:
    assert call("ingest", trips, "--home", home)[0] == 0
    export = ("records", "export", "trips", "--out", "-", "--home", home)
    # t2 began on the 13th and ended on the 14th: a trip is of the day it began.
    assert [row["trip_id"] for row in rows_of(call(*export, "--to", "2025-10-13")[1])] == ["t1", "t2"]
    assert [row["trip_id"] for row in rows_of(call(*export, "--from", "2025-10-14")[1])] == ["'=t3"]
    assert [row["trip_id"] for row in rows_of(call(*export, "--vehicle", "粤A11111")[1])] == ["t1", "t2"]
    (one,) = rows_of(call(*export, "--vehicle", "粤A22222")[1])
    assert (one["boarded_at"], one["metered_km"], one["fare_yuan"]) == (
        "2025-10-14T09:00:00+08:00",
        "2.0",
        "12.00",
    )


def test_records_that_are_not_there_make_a_header(call: Call, home: Path) -> None:
    status, out, _ = call("records", "export", "companies", "--out", "-", "--home", home)
    assert (status, out) == (0, "company_id,name,permit_no,contact\n")


# --- law, rules, doctor --------------------------------------------------------------------------------


def test_law_check_is_clean_and_counts(call: Call) -> None:
    status, out, err = call("law", "check", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told["problems"] == []
    assert told["numbers"]["guangzhou"] > 0


def test_law_names_value_unit_first_day_citation_and_certainty(call: Call) -> None:
    listed = json.loads(call("law", "--city", "guangzhou", "--json")[1])
    one = next(item for item in listed if item["path"].startswith("fare.") and item["in_force"])
    version = next(each for each in one["versions"] if each["name"] == one["in_force"])
    status, out, _ = call("law", one["path"], "--city", "guangzhou")
    assert status == 0
    for said in (one["title_zh"], one["unit"], version["from"], version["act"], version["certainty"]):
        assert said in out


def test_law_of_a_day_is_what_bound_on_that_day(call: Call) -> None:
    listed = json.loads(call("law", "--city", "shenzhen", "--on", "2023-01-01", "--json")[1])
    later = json.loads(call("law", "--city", "shenzhen", "--on", "2025-01-01", "--json")[1])
    then = {item["path"]: item["in_force"] for item in listed}
    now = {item["path"]: item["in_force"] for item in later}
    changed = [path for path in then if then[path] != now[path]]
    assert changed, "Shenzhen's tariff changed in 2024"
    assert all(now[path] is None or now[path].partition("@")[2] > "2023-01-01" for path in changed)


def test_the_law_shown_is_that_of_the_home(call: Call, home: Path) -> None:
    assert "guangzhou" in call("law", "--home", home)[2]
    assert "zhongshan" in call("law")[2]


def test_a_rule_shows_all_it_says(call: Call) -> None:
    status, out, _ = call("rules", "fare.overcharge")
    assert status == 0
    for part in ("Why it matters", "Evidence", "Cannot tell", "Looks like it, but is not", "六.5"):
        assert part in out
    told = json.loads(call("rules", "fare.overcharge", "--format", "json")[1])
    assert told["clause"] == "六.5"
    assert call("rules", "fare.overcharge", "--format", "markdown")[1].startswith("## `fare.overcharge`")
    assert len(json.loads(call("rules", "--format", "json")[1])) == len(call("rules")[1].splitlines()) - 1


def test_the_doctor_names_what_is_missing_and_what_it_costs(call: Call, home: Path, trips: Path) -> None:
    def can_judge() -> dict[str, str]:
        seen = json.loads(call("doctor", "--json", "--home", home)[1])
        return {one["rule"]: one["because"] for one in seen["rules"]}

    assert "no trips" in can_judge()["fare.overcharge"]
    assert call("ingest", trips, "--home", home)[0] == 0
    assert can_judge()["fare.overcharge"] == ""
    assert "positions" in can_judge()["licence.cloned_plate"]
    out = call("doctor", "--home", home)[1]
    assert "no shifts: the driver of an act is told by the trip alone" in out


# --- lab, check, findings ------------------------------------------------------------------------------


def test_lab_makes_the_same_files_from_the_same_words(call: Call, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        status, out, err = call("lab", "make", tmp_path / name, "--vehicles", 2, "--days", 1, "--seed", 7)
        assert status == 0, err
        files = [Path(line) for line in out.splitlines()]
        assert "truth.csv" not in [file.name for file in files]
        made.append({file.name: file.read_bytes() for file in [*files, tmp_path / name / "truth.csv"]})
    assert made[0] == made[1]


def test_more_offences_than_a_fleet_has_room_for_is_a_line(call: Call, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("fare.overcharge: {clear: 100000}\n")
    status, _, err = call("lab", "make", tmp_path / "x", "--vehicles", 1, "--days", 1, "--offences", plan)
    assert (status, err.count("\n")) == (2, 1)
    plan.write_text("just text")
    assert call("lab", "make", tmp_path / "x", "--offences", plan)[0] == 2


def test_a_check_adds_up_and_its_findings_come_out_in_every_format(
    call: Call, home: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    assert call("lab", "make", made, "--vehicles", 4, "--days", 1, "--city", "guangzhou")[0] == 0
    assert call("ingest", made, "--home", home)[0] == 0
    status, out, err = call("check", "--executor", "inline", "--json", "--home", home)
    assert status == 0, err
    summary = json.loads(out)
    for one in summary:
        assert one["examined"] == one["found"] + one["clean"] + one["cannot_tell"], one
    found = sum(one["found"] for one in summary)
    untold = sum(one["cannot_tell"] for one in summary)
    assert found > 0
    export = ("findings", "export", "--home", home, "--out")
    assert len(rows_of(call(*export, "-")[1])) == found
    every = rows_of(call(*export, "-", "--verdict", "all")[1])
    assert len(every) == found + untold
    assert all(row["missing"] for row in every if row["verdict"] == "cannot_tell")
    lines = call(*export, "-", "--format", "jsonl")[1].splitlines()
    assert len(lines) == found
    for form in ("parquet", "xlsx"):
        assert call(*export, tmp_path / f"findings.{form}")[0] == 0
    assert pq.read_table(tmp_path / "findings.parquet").num_rows == found
    assert load_workbook(tmp_path / "findings.xlsx")["findings"].max_row == found + 1
    assert [row["finding_id"] for row in rows_of(call(*export, "-")[1])] == [
        json.loads(line)["finding_id"] for line in lines
    ]


def test_what_is_stored_can_be_read_by_any_tool_beside_us(call: Call, home: Path, trips: Path) -> None:
    assert call("ingest", trips, "--home", home)[0] == 0
    with sqlite3.connect(home / "taxi_qa.db") as connection:
        assert connection.execute("SELECT count(*) FROM trips").fetchone() == (3,)
    connection.close()


def test_a_made_fleet_is_scored(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    assert call("lab", "make", str(folder), "--vehicles", "3", "--days", "1", "--city", "guangzhou")[0] == 0
    status, out, _ = call("lab", "score", str(folder), "--workers", "1", "--json")
    assert status == 0
    told = json.loads(out)
    by_rule = {one["rule"]: one for one in told["rules"]}
    assert sum(one["found"] for one in by_rule.values()) > 0
    assert all(
        one["planted"] == one["found"] + one["cannot_tell"] + one["missed"] for one in by_rule.values()
    )
    (folder / "made.json").unlink()
    status, _, err = call("lab", "score", str(folder))
    assert status == 2
    assert "is not of `lab make`" in err
