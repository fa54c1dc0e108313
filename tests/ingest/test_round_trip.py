"""The same records in any format, encoding, spelling of headers and of values are the same stored rows."""

import csv
import datetime as dt
import gzip
import io
import json
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.ingest.columns import Door, check_block
from taxi_qa.ingest.files import open_table
from taxi_qa.ingest.headers import is_known, layout_of
from taxi_qa.ingest.take import take
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.home import make_home
from taxi_qa.store.library import fixes, partitions, records

NOW_MS = 1_792_000_000_000
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_S, LAST_S = 1_700_000_000, 1_791_900_000

TEXT = st.text("粤港澳司机abcZ 09,;\"'=-+\n", min_size=1, max_size=12).map(str.strip).filter(bool)
PLATE = st.from_regex(r"[粤京沪][A-Z][A-Z0-9]{5}", fullmatch=True)

Row = dict[str, object]


@st.composite
def trips(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 6))):
        boarded = draw(st.integers(FIRST_S, LAST_S))
        rows.append(
            {
                "trip_id": f"{draw(st.sampled_from('AB'))}{number}",
                "vehicle_id": draw(PLATE),
                "boarded_at": boarded,
                "alighted_at": boarded + draw(st.integers(0, 7_200)),
                "metered_km": draw(st.integers(0, 1_000_000)),
                "fare_yuan": draw(st.integers(0, 10_000_000)),
                "paid_yuan": draw(st.none() | st.integers(0, 10_000_000)),
                "payment": draw(st.none() | st.sampled_from(["cash", "card", "app"])),
                "receipt_printed": draw(st.none() | st.booleans()),
                "passengers": draw(st.none() | st.integers(0, 20)),
                "rate_code": draw(st.none() | TEXT),
            }
        )
    return rows


def decimal_text(value: int, digits: int) -> str:
    whole, part = divmod(value, 10**digits)
    return f"{whole}.{part:0{digits}d}"


def moment_text(instant_s: int, spelling: str) -> str:
    local = dt.datetime.fromtimestamp(instant_s, ZONE)
    return {
        "offset": local.isoformat(),
        "naive": f"{local:%Y-%m-%d %H:%M:%S}",
        "utc": f"{dt.datetime.fromtimestamp(instant_s, dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "slashes": f"{local.year}/{local.month}/{local.day} {local.hour}:{local:%M:%S}",
        "seconds": str(instant_s),
        "milliseconds": str(instant_s * 1000),
        "chinese": f"{local.year}年{local.month}月{local.day}日 {local:%H时%M分%S秒}",
    }[spelling]


WORDS = {"cash": "现金", "card": "银行卡", "app": "手机"}


def outside(row: Row, spelling: str, *, chinese: bool) -> dict[str, str | None]:
    """One row as text."""
    cells: dict[str, str | None] = {}
    for name, value in row.items():
        if value is None:
            cells[name] = None
        elif name.endswith("_at"):
            assert isinstance(value, int)
            cells[name] = moment_text(value, spelling)
        elif name.endswith(("_km", "_yuan")):
            assert isinstance(value, int)
            cells[name] = decimal_text(value, 3 if name.endswith("_km") else 2)
        elif isinstance(value, bool):
            cells[name] = ("是" if value else "否") if chinese else str(int(value))
        else:
            cells[name] = WORDS.get(str(value), str(value)) if chinese and name == "payment" else str(value)
    return cells


def written(cells: list[dict[str, str | None]], form: str, header: dict[str, str]) -> tuple[str, bytes]:
    """The file's ending and its bytes."""
    rows = [{header[name]: value for name, value in row.items()} for row in cells]
    names = list(header.values())
    if form == "jsonl":
        return "jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    if form == "parquet":
        stream = io.BytesIO()
        pq.write_table(pa.table({n: pa.array([row[n] for row in rows], pa.string()) for n in names}), stream)
        return "parquet", stream.getvalue()
    if form == "xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(names)
        for row in rows:
            sheet.append([row[name] for name in names])
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # openpyxl would take a text beginning with = for a formula
        stream = io.BytesIO()
        book.save(stream)
        return "xlsx", stream.getvalue()
    text = io.StringIO()
    writer = csv.writer(text, delimiter={"csv": ",", "tsv": "\t"}.get(form, ";"), lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([row[name] or "" for name in names] for row in rows)
    encoding = {"gb": "gb18030", "bom": "utf-8-sig", "utf16": "utf-16"}.get(form, "utf-8")
    data = text.getvalue().encode(encoding)
    return ("csv.gz", gzip.compress(data)) if form == "gz" else ("csv", data)


FORMS = ["csv", "tsv", "semicolon", "gb", "bom", "utf16", "gz", "jsonl", "parquet", "xlsx"]


def stored_trips(rows: list[Row], form: str, spelling: str, *, chinese: bool) -> pd.DataFrame:
    kind = KINDS["trips"]
    header = {n: (kind.column(n).aliases[0] if chinese and kind.column(n).aliases else n) for n in rows[0]}
    ending, data = written([outside(row, spelling, chinese=chinese) for row in rows], form, header)
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        file = Path(folder) / f"trips.{ending}"
        file.write_bytes(data)
        (report,) = take(home, [file], now_ms=NOW_MS)
        assert report.refused is None, report.refused
        assert report.quarantined == 0
        assert report.rows == len(rows)
        frame = records(home, "trips").sort_values("trip_id", ignore_index=True)
        home.engine.dispose()
    return frame


@settings(max_examples=25, deadline=None)
@given(
    rows=trips(),
    form=st.sampled_from(FORMS),
    spelling=st.sampled_from(["offset", "naive", "utc", "slashes", "seconds", "milliseconds", "chinese"]),
    chinese=st.booleans(),
)
def test_trips_are_the_same_however_they_are_written(
    rows: list[Row], form: str, spelling: str, chinese: bool
) -> None:
    unique = list({str(row["trip_id"]): row for row in rows}.values())
    frame = stored_trips(unique, form, spelling, chinese=chinese)
    for row, kept in zip(
        sorted(unique, key=lambda row: str(row["trip_id"])), frame.to_dict("records"), strict=True
    ):
        assert kept["trip_id"] == row["trip_id"]
        assert kept["vehicle_id"] == row["vehicle_id"]
        assert kept["boarded_ms"] == int(str(row["boarded_at"])) * 1000
        assert kept["alighted_ms"] == int(str(row["alighted_at"])) * 1000
        assert kept["metered_m"] == row["metered_km"]
        assert kept["fare_fen"] == row["fare_yuan"]
        for inside, name in (
            ("paid_fen", "paid_yuan"), ("payment", "payment"), ("receipt_printed", "receipt_printed"),
            ("passengers", "passengers"), ("rate_code", "rate_code"),
        ):  # fmt: skip
            if row[name] is None:
                assert pd.isna(kept[inside]), inside
            else:
                assert kept[inside] == row[name], inside


POSITION_FORMS = ["csv", "gb", "gz", "utf16", "jsonl", "parquet", "xlsx"]


@settings(max_examples=12, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            PLATE,
            st.integers(LAST_S - 100_000, LAST_S),
            st.integers(-1_800_000_000, 1_800_000_000),
            st.integers(-900_000_000, 900_000_000),
            st.none() | st.integers(0, 2_500),
            st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[:4],
    ),
    form=st.sampled_from(POSITION_FORMS),
    spelling=st.sampled_from(["offset", "naive", "slashes", "seconds"]),
)
def test_positions_are_the_same_by_the_fast_way_and_the_careful_one(
    rows: list[tuple[str, int, int, int, int | None, bool | None]], form: str, spelling: str
) -> None:
    cells: list[dict[str, str | None]] = [
        {
            "vehicle_id": plate,
            "time": moment_text(moment, spelling),
            "lon": ("-" if lon < 0 else "") + decimal_text(abs(lon), 7),
            "lat": ("-" if lat < 0 else "") + decimal_text(abs(lat), 7),
            "speed_kmh": None if speed is None else decimal_text(speed, 1),
            "loaded": None if loaded is None else str(int(loaded)),
        }
        for plate, moment, lon, lat, speed, loaded in rows
    ]
    ending, data = written(cells, form, {name: name for name in cells[0]})
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", buckets=4)
        file = Path(folder) / f"positions.{ending}"
        file.write_bytes(data)
        (report,) = take(home, [file], now_ms=NOW_MS, workers=1)
        assert report.refused is None, report.refused
        assert (report.accepted, report.quarantined) == (len(rows), 0)
        for day, bucket in partitions(home, 20_000, 21_000):
            part = fixes(home, day, bucket)
            plates = [part.vehicle_ids[code] for code in part.vehicle_of_row()]
            numbers = zip(part.time_ms, part.lon_e7, part.lat_e7, part.speed_ckmh, part.flags, strict=True)
            found |= {(plate, *map(int, values)) for plate, values in zip(plates, numbers, strict=True)}
        home.engine.dispose()
    assert found == {
        (plate, s * 1000, lon, lat, -1 if speed is None else speed * 10, 0 if on is None else 1 + 2 * on)
        for plate, s, lon, lat, speed, on in rows
    }


def test_a_hundred_thousand_rows_need_no_more_memory_than_their_blocks(tmp_path: Path) -> None:
    file = tmp_path / "trips.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan\n")
        out.writelines(
            f"T{n},粤T{n % 99:05d},2026-10-10 08:00,2026-10-10 08:20,5.2,19.10\n" for n in range(100_000)
        )
    before = pa.total_allocated_bytes()
    rows = most = held = 0
    for block in open_table(file, is_known).table.blocks:
        checked = check_block(block, layout_of(block.header, KINDS["trips"]), Door("Asia/Shanghai", NOW_MS))
        assert not checked.refused
        rows += len(checked.frame)
        most = max(most, len(block))
        held = max(held, pa.total_allocated_bytes() - before)
    assert rows == 100_000
    # A block is about a MiB of text: 16,000 rows of 65 bytes.
    assert most < 20_000
    assert held < 40 << 20


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "xlsx"])
def test_excel_and_its_like_do_not_change_ids(form: str, tmp_path: Path) -> None:
    cells: list[dict[str, str | None]] = [
        {"vehicle_id": "粤T00001", "company_id": "007", "terminal_id": "013800138000"},
        {"vehicle_id": "粤T00002", "company_id": "1E5", "terminal_id": "１２"},
    ]
    ending, data = written(cells, form, {name: name for name in cells[0]})
    file = tmp_path / f"vehicles.{ending}"
    file.write_bytes(data)
    home = make_home(tmp_path / "home")
    (report,) = take(home, [file], now_ms=NOW_MS)
    assert report.accepted == 2
    frame = records(home, "vehicles").sort_values("vehicle_id")
    assert frame["company_id"].tolist() == ["007", "1E5"]
    assert frame["terminal_id"].tolist() == ["013800138000", "12"]
