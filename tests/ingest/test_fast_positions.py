import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taxi_qa.ingest import fast_positions, position_cells
from taxi_qa.ingest.columns import Door, check_block
from taxi_qa.ingest.delimited import read_delimited
from taxi_qa.ingest.fast_positions import (
    Irregular,
    Mended,
    Taken,
    Unsplittable,
    ingest_positions,
    plan_csv,
    plan_parquet,
)
from taxi_qa.ingest.headers import is_known, layout_of
from taxi_qa.ingest.position_bytes import PADDING
from taxi_qa.ingest.position_lines import parse_lines
from taxi_qa.ingest.text import Lines
from taxi_qa.records.kinds import POSITIONS
from taxi_qa.store.raw_fixes import Int64s, RawFixes, raw_from_frame
from taxi_qa.store.tracks import Existing, read_raw

Parsed = tuple[RawFixes, Int64s, Int64s, int, tuple[bytes, ...], Int64s]
Slow = Callable[[Irregular], Mended]
ZONE = "Asia/Shanghai"
FIELDS = tuple(column.name for column in POSITIONS.columns)
GOOD = {
    "vehicle_id": "粤T12345",
    "time": "2026-10-20 08:05:09",
    "lon": "113.382100",
    "lat": "22.521900",
    "speed_kmh": "36.5",
    "heading_deg": "359",
    "loaded": "1",
    "fixed": "1",
    "acc_on": "",
    "out_of_service": "0",
    "booked": "0",
    "odometer_km": "12345.678",
    "alarms": "超速;疲劳",
    "received_at": "2026-10-20 08:05:11",
    "datum": "wgs84",
}
RAW = [
    "vehicle_id",
    "time_ms",
    "lon_e7",
    "lat_e7",
    "speed_ckmh",
    "heading_ddeg",
    "flags",
    "odometer_m",
    "delay_ms",
    "datum",
    "alarms",
]


def careful(
    lines: Sequence[str], header: Sequence[str] = FIELDS, zone: str = ZONE
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The careful reader's answer to some lines: sound rows, and refused ones"""
    table = read_delimited(iter([Lines(1, [",".join(header), *lines])]), is_known)
    checked = [
        check_block(b, layout_of(table.header, POSITIONS), Door(zone, 1_800_000_000_000))
        for b in table.blocks
    ]
    frames = [part.frame for part in checked]
    refused = [(r.row, r.record, r.column, r.reason, r.raw) for part in checked for r in part.refused]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["record"])
    return frame, pd.DataFrame(refused, columns=["row", "record", "column", "reason", "raw"])


def slow_csv(irregular: Irregular) -> Mended:
    plan = irregular.plan
    fixes, at, refused = [], [], []
    for index, raw in enumerate(irregular.raw):
        frame, bad = careful(
            [raw.decode(plan.encoding, "replace")], [f or "?" for f in plan.fields], plan.zone
        )
        if len(frame):
            fixes.append(frame)
            at.append(index)
        refused.append(bad.assign(at=index))
    frame = pd.concat(fixes) if fixes else careful([",".join(GOOD.values())])[0].iloc[:0]
    return Mended(raw_from_frame(frame), np.array(at, dtype=np.int64), pd.concat(refused))


def unpacked(raw: RawFixes) -> pd.DataFrame:
    """Raw positions as plain columns, whichever of them were given."""
    frame = pd.DataFrame(
        {"vehicle_id": [raw.vehicle_ids[c] for c in raw.vehicle_code], "time_ms": raw.time_ms}
    )
    missing = {
        "speed_ckmh": -1,
        "heading_ddeg": -1,
        "odometer_m": -1,
        "flags": 0,
        "datum": 0,
        "delay_ms": -(2**31),
    }
    for name in RAW[2:-1]:
        values = getattr(raw, name)
        frame[name] = missing[name] if values is None else values.astype(np.int64)
    codes = np.full(len(raw), -1) if raw.alarm_code is None else raw.alarm_code
    frame["alarms"] = [raw.alarm_texts[c] if c >= 0 else "" for c in codes]
    return frame


def parsed(text: bytes, fields: Sequence[str | None] = FIELDS, encoding: str = "utf-8") -> Parsed:
    data = np.frombuffer(text + b"\n" + bytes(PADDING), dtype=np.uint8)
    return parse_lines(data, len(text) + 1, tuple(fields), ",", encoding, ZONE, "wgs84")


def take(
    path: Path,
    folder: Path,
    text: bytes,
    *,
    fields: Sequence[str | None] = FIELDS,
    **how: Any,  # noqa: ANN401 - of plan_csv
) -> tuple[Taken, pd.DataFrame, pd.DataFrame]:
    path.write_bytes(gzip.compress(text) if how.get("gzipped") else text)
    folder.mkdir()
    refused: list[pd.DataFrame] = []
    plan = plan_csv(path, fields=fields, data_start=text.index(b"\n") + 1, zone=ZONE, **how)
    taken = ingest_positions(
        plan, folder, buckets=2, source="ab" * 32, existing=lambda _d, _b: Existing(), slow=slow_csv,
        on_refused=refused.append, workers=2,
    )  # fmt: skip
    assert not list(folder.glob("*.spill"))
    got = pd.concat(
        [read_raw([s.temp_path]) for s in taken.segments if s.temp_path and s.kind == "current"]
        or [read_raw([])]
    )
    return taken, got, pd.concat(refused) if refused else pd.DataFrame()


def row(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


def test_a_plain_row_is_read_the_fast_way() -> None:
    fixes, at, line_at, lines, raw, odd = parsed(row().encode())
    assert (at.tolist(), line_at.tolist(), lines, raw, odd.tolist()) == ([0], [0], 1, (), [])
    pd.testing.assert_frame_equal(
        unpacked(fixes), unpacked(raw_from_frame(careful([row()])[0])), check_dtype=False
    )


ODD_TEXTS = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "+1",
    "1.",
    ".5",
    "1e2",
    "NaN",
    "inf",
    "null",
    "1_0",
    "１",
    "1,5",
    '"1"',
    '"1',
    '1"',
    '"a""b"',
    "0x10",
    "180",
    "180.0000000",
    "180.00000001",
    "-180",
    "213",
    "90",
    "90.00000004",
    "-90.1",
    "250",
    "250.001",
    "250.004",
    "250.005",
    "360",
    "360.04",
    "361",
    "000012.5",
    "12345678901234567890",
    "0.12345678901234567",
    "113.123456750",
    "22.671017000000003",
    "113.79668400000001",
    "43.125",
    "43.135",
    "-0",
    "-0.0",
    "-0.001",
    "true",
    "TRUE",
    "tRue",
    "是",
    "否",
    "重车",
    "空车",
    "yes",
    "2026-10-20T08:05:09Z",
    "2026-10-20 08:05:09+08:00",
    "2026-10-20 08:05:09+0800",
    "2026-10-20 08:05:09-05",
    "2026-10-20 08:05:09.1",
    "2026-10-20 08:05:09.123456789",
    "2026-10-20 08:05:09.1234567890",
    "2026-10-20 08:05:09.",
    "2026-13-20 08:05:09",
    "2026-02-29 08:05:09",
    "2024-02-29 08:05:09",
    "2026-10-20 24:00:00",
    "2026-10-20 08:05:60",
    "2026-10-20 08:05",
    "2026-10-20",
    "2026/10/20 08:05:09",
    "2026/10/20 8:05",
    "2026-10/20 08:05:09",
    "1970-01-01 00:00:00",
    "1969-12-31 23:59:59",
    "2100-12-31 23:59:59",
    "2101-01-01 00:00:00",
    "1990-06-01 12:00:00",
    "1792454709",
    "1792454709123",
    "0792454709",
    "20261020080509",
    "20261020",
    "46315.5",
    "9999999999999",
    "wgs84",
    "gcj02",
    "bd09",
    "GCJ02",
    "a;b",
    " a ; b ",
    "a；a",
    "粤T12345",
    "粤Ｔ１２３４５",
    "12.0",
    "#REF!",
    "x" * 64,
    "x" * 65,
    "\x07",
    "\x00",
    "\ufffd",
    "../../x",
    "=1+1",
]


@pytest.mark.parametrize("column", FIELDS)
def test_what_the_fast_way_takes_the_careful_reader_reads_the_same(column: str) -> None:
    for text in ODD_TEXTS:
        compare(row(**{column: text}))


def compare(line: str) -> None:
    """Either the fast way leaves a line alone, or it is what the careful reader makes of it."""
    try:
        fixes, at, line_at, lines, _, odd = parsed(line.encode())
    except Unsplittable:
        return
    frame, refused = careful([line])
    assert lines == 1
    assert line_at.size == len(frame) + len(refused), line
    if at.size:
        assert len(frame) == 1, line
        pd.testing.assert_frame_equal(
            unpacked(fixes), unpacked(raw_from_frame(frame)), check_dtype=False, obj=line
        )
    else:
        assert odd.size == line_at.size


DECIMAL = st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,12})?", fullmatch=True)
MOMENT = st.from_regex(
    r"(19|20)[0-9]{2}[-/][01][0-9][-/][0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-][01][0-9]:[03]0)?",
    fullmatch=True,
)


@settings(max_examples=150, deadline=None)
@given(DECIMAL, DECIMAL, DECIMAL, DECIMAL, MOMENT, MOMENT)
@example("113.5", "22.5", "43.125", "0.05", "2026-10-20 00:00:00", "1991-09-15 01:30:00")
def test_numbers_and_times_of_any_form_agree_with_the_careful_reader(
    lon: str, lat: str, speed: str, odo: str, time: str, received: str
) -> None:
    compare(
        row(
            lon=lon,
            lat=lat,
            speed_kmh=speed,
            heading_deg=speed,
            odometer_km=odo,
            time=time,
            received_at=received,
        )
    )


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=12),
    st.sampled_from(FIELDS),
)
def test_any_text_in_any_field_agrees_with_the_careful_reader(text: str, column: str) -> None:
    compare(row(**{column: text}))


@pytest.mark.parametrize(
    "shape",
    [
        "{}",
        "{},",
        "{},,",
        "{}, ",
        "{},x",
        ",{}",
        "",
        " ",
        ",,,",
        ", ,",
        "," * 14,
        "," * 13 + " ",
        "," * 20,
        "x",
        "{}\t",
    ],
)
def test_rows_of_other_widths_are_counted_as_the_careful_reader_counts_them(shape: str) -> None:
    compare(shape.format(row()))


def test_bad_rows_cost_only_themselves_and_are_named_by_the_files_own_numbers(tmp_path: Path) -> None:
    lines = [
        row(time=f"2026-10-20 08:{i // 60 % 60:02}:{i % 60:02}", lon=f"113.{i:06}") for i in range(3_000)
    ]
    lines[10] = row(lon="213")
    lines[20] = ""
    lines[2_000] = row(time="2026-13-01 08:00:00")
    lines[2_500] = row(heading_deg="+5", lon="113.5")
    text = "\r\n".join([",".join(FIELDS), *lines]).encode()
    wanted, bad = careful(lines)
    size, fast_positions.BLOCK_BYTES = fast_positions.BLOCK_BYTES, 20_000  # type: ignore[misc]
    try:
        taken, got, refused = take(tmp_path / "p.csv", tmp_path / "out", text)
    finally:
        fast_positions.BLOCK_BYTES = size  # type: ignore[misc]
    assert (taken.rows, taken.refused, taken.irregular) == (2_999, 2, 3)
    assert sum(s.accepted for s in taken.segments) == 2_997
    pd.testing.assert_frame_equal(
        refused.reset_index(drop=True)[["row", "record", "column"]], bad[["row", "record", "column"]]
    )
    assert refused["row"].tolist() == [12, 2_002]
    assert refused["record"].tolist() == [11, 2_000]
    assert sorted(got["lon"]) == sorted(wanted["lon"])


def test_of_equal_keys_the_later_row_of_the_file_counts_whichever_way_it_was_read(tmp_path: Path) -> None:
    for name, speeds in (("slow_last", ("10", "+20")), ("fast_last", ("+20", "10"))):
        text = "\n".join([",".join(FIELDS), *(row(speed_kmh=s) for s in speeds)]).encode()
        taken, got, _ = take(tmp_path / f"{name}.csv", tmp_path / name, text)
        assert got["speed_kmh"].tolist() == [float(speeds[1])]
        assert sum(s.corrections for s in taken.segments) == 1


@pytest.mark.parametrize(
    "how", [{"gzipped": True}, {"encoding": "gb18030"}, {"delimiter": "\t"}, {"delimiter": ";"}]
)
def test_packed_files_other_encodings_and_delimiters(tmp_path: Path, how: dict[str, Any]) -> None:
    lines = [",".join(FIELDS), *(row(lon=f"113.{i:06}", loaded="重车", alarms="") for i in range(100))]
    text = "\n".join(lines).replace(",", how.get("delimiter", ",")).encode(how.get("encoding", "utf-8"))
    taken, got, _ = take(tmp_path / "p.csv", tmp_path / "out", text, **how)
    assert (taken.rows, taken.irregular, len(got)) == (100, 0, 100)
    assert set(got["vehicle_id"]) == {"粤T12345"}
    assert got["loaded"].all()


def test_any_order_of_columns_and_unknown_ones(tmp_path: Path) -> None:
    text = "备注,纬度,经度,时间,x,车\n好,22.5,113.5,2026-10-20 08:00:00,,粤T1\n".encode()
    taken, got, _ = take(
        tmp_path / "p.csv", tmp_path / "out", text, fields=(None, "lat", "lon", "time", None, "vehicle_id")
    )
    assert (taken.rows, taken.irregular) == (1, 0)
    assert got[["lon", "lat"]].to_numpy().tolist() == [[113.5, 22.5]]
    assert got["speed_kmh"].isna().all()
    broken = parsed(
        text.split(b"\n")[1].replace("好".encode(), b"\xff\xfe"),
        (None, "lat", "lon", "time", None, "vehicle_id"),
    )
    assert broken[5].tolist() == [0]


@pytest.mark.parametrize("line", ['"a\nb"' + row(), '"粤"T' + row(), "x\ry" + row(), '"' + row()])
def test_lines_that_are_no_rows_send_the_file_to_the_careful_reader(tmp_path: Path, line: str) -> None:
    with pytest.raises(Unsplittable):
        take(tmp_path / "p.csv", tmp_path / "out", "\n".join([",".join(FIELDS), row(), line, row()]).encode())


def test_a_header_without_rows_gives_nothing(tmp_path: Path) -> None:
    taken, got, _ = take(tmp_path / "p.csv", tmp_path / "out", (",".join(FIELDS) + "\n").encode())
    assert (taken.rows, taken.segments, len(got)) == (0, [], 0)


def test_a_zone_with_summer_time_reads_as_the_careful_reader() -> None:
    lines = [row(time=f"2026-{d} {h:02}:30:00", received_at="") for d in ("03-08", "11-01") for h in range(5)]
    text = "\n".join(lines).encode()
    data = np.frombuffer(text + b"\n" + bytes(PADDING), dtype=np.uint8)
    fixes = parse_lines(data, len(text) + 1, FIELDS, ",", "utf-8", "America/New_York", "wgs84")[0]
    assert fixes.time_ms.tolist() == careful(lines, zone="America/New_York")[0]["time_ms"].tolist()


def table(unit: str = "ms", tz: str | None = None, n: int = 1_000) -> pa.Table:
    rng = np.random.default_rng(1)
    times = pa.array(1_792_454_400_000 + rng.integers(0, 80_000, n) * 1000).cast(pa.timestamp("ms"))
    return pa.table(
        {
            "plate": [f"粤T{i:03}" for i in rng.integers(0, 9, n)],
            "t": times.cast(pa.timestamp(unit)).cast(pa.timestamp(unit, tz)),
            "x": np.round(rng.uniform(113, 114, n), 6),
            "y": np.round(rng.uniform(22, 23, n), 6),
            "v": pa.array(rng.integers(0, 100, n).astype(np.float32) / 4),
            "on": pa.array(rng.integers(0, 2, n) > 0),
        }
    )


NAMES = {"vehicle_id": "plate", "time": "t", "lon": "x", "lat": "y", "speed_kmh": "v", "loaded": "on"}


def take_parquet(path: Path, cells: pa.Table, slow: Slow) -> tuple[Taken, pd.DataFrame, list[pd.DataFrame]]:
    pq.write_table(cells, path, row_group_size=300)
    folder = path.with_suffix("")
    folder.mkdir()
    refused: list[pd.DataFrame] = []
    taken = ingest_positions(
        plan_parquet(path, columns=NAMES, zone=ZONE), folder, buckets=1, source="cd" * 32,
        existing=lambda _d, _b: Existing(), slow=slow, on_refused=refused.append, workers=2,
    )  # fmt: skip
    got = [read_raw([s.temp_path]) for s in taken.segments if s.temp_path and s.kind == "current"]
    return taken, pd.concat(got), refused


@pytest.mark.parametrize(
    ("unit", "tz", "shift"), [("s", None, 8), ("ms", None, 8), ("us", "UTC", 0), ("ns", "Asia/Tokyo", 0)]
)
def test_parquet_of_every_unit_and_zone(tmp_path: Path, unit: str, tz: str | None, shift: int) -> None:
    cells = table(unit, tz)
    taken, got, _ = take_parquet(tmp_path / "p.parquet", cells, slow_csv)
    assert (taken.rows, taken.irregular) == (1_000, 0)
    wanted = cells.to_pandas().assign(t=pd.Series(cells["t"].cast(pa.int64()).to_pandas()))
    per_ms = {"s": 1000, "ms": 1, "us": 1 / 1000, "ns": 1 / 1_000_000}[unit]
    wanted["t"] = (wanted["t"] * per_ms).astype("int64") - shift * 3_600_000
    wanted = wanted.sort_values(["t", "plate", "x", "y"]).reset_index(drop=True)
    got = got.sort_values(["time_ms", "vehicle_id", "lon", "lat"]).reset_index(drop=True)
    for one, other in (
        ("plate", "vehicle_id"),
        ("t", "time_ms"),
        ("x", "lon"),
        ("y", "lat"),
        ("v", "speed_kmh"),
        ("on", "loaded"),
    ):
        assert got[other].tolist() == wanted[one].tolist()


def test_parquet_rows_that_are_not_good_go_to_the_careful_reader(tmp_path: Path) -> None:
    cells = table().to_pandas()
    cells.loc[5, "x"] = 213.0
    cells.loc[310, "plate"] = None
    cells.loc[311, "v"] = 251.0
    cells.loc[999, "y"] = np.nan

    def slow(irregular: Irregular) -> Mended:
        n = len(irregular)
        bad = pd.DataFrame({"at": np.arange(n), "column": "x", "reason": "y", "raw": "z"})
        return Mended(raw_from_frame(careful([row()])[0].iloc[:0]), np.zeros(0, dtype=np.int64), bad)

    taken, got, refused = take_parquet(tmp_path / "p.parquet", pa.Table.from_pandas(cells), slow)
    assert (taken.rows, taken.refused, len(got)) == (1_000, 4, 996)
    assert pd.concat(refused)["record"].tolist() == [6, 311, 312, 1_000]
    assert pd.concat(refused)["row"].tolist() == [7, 312, 313, 1_001]


def test_parquet_types_that_are_not_plain_are_left_alone() -> None:
    cells = table(n=4)
    for name, values in (
        ("t", pa.array(["2026-10-20 08:00:00"] * 4)),
        ("x", pa.array(np.full(4, 113.1, np.float32))),
    ):
        batch = (
            cells.set_column(cells.column_names.index(name), name, values).combine_chunks().to_batches()[0]
        )
        fixes, good = position_cells.parse_cells(batch, NAMES, ZONE, "wgs84")
        assert not good.any()
        assert len(fixes) == 0


def test_a_line_end_is_found_wherever_a_block_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    lines = [b"x" * int(n) for n in np.random.default_rng(3).integers(0, 90, 500)]
    path.write_bytes(b"\n".join(lines))
    size, fast_positions.BLOCK_BYTES = fast_positions.BLOCK_BYTES, 64  # type: ignore[misc]
    try:
        blocks = list(fast_positions.read_blocks(plan_csv(path, fields=(), data_start=0, zone=ZONE)))
    finally:
        fast_positions.BLOCK_BYTES = size  # type: ignore[misc]
    whole = io.BytesIO()
    for block in blocks:
        assert block.data is not None
        assert block.data[block.size - 1] == ord("\n")
        assert not block.data[block.size : block.size + PADDING].any()
        whole.write(block.data[: block.size].tobytes())
    assert whole.getvalue() == path.read_bytes() + (b"\n" if lines[-1] else b"")
