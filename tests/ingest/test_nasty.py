"""Nasty files: each ends in rows accepted, quarantined with the right column, or a refusal of one line."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from taxi_qa.ingest.take import FileReport, take
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.quarantine import listed

NOW_MS = 1_792_000_000_000  # 2026-10-14

POSITIONS = "vehicle_id,time,lon,lat,speed_kmh,loaded\n"
GOOD = "粤T10001,2026-10-10T08:00:00+08:00,113.38,22.52,30,1\n"
GOOD_2 = "粤T10002,2026-10-10T08:00:10+08:00,113.39,22.53,31,0\n"
TRIPS = "trip_id,vehicle_id,boarded_at,alighted_at,metered_km,fare_yuan\n"
TRIP = "A1,粤T10001,2026-10-10 08:00,2026-10-10 08:20,5.2,19.10\n"
TRIP_2 = "A2,粤T10001,2026-10-10 09:00,2026-10-10 09:20,5.2,19.10\n"
VEHICLES = "vehicle_id,company_id,seats,terminal_id\n"


@dataclass(frozen=True)
class Case:
    """One file and what must become of it."""

    name: str
    file: str
    content: bytes | Callable[[], bytes]
    accepted: int = 0
    quarantined: list[tuple[int, str]] = field(default_factory=list)
    refused: str | None = None
    kind: str | None = None
    reason: str = ""


def csv(*parts: str, encoding: str = "utf-8") -> bytes:
    return "".join(parts).encode(encoding)


def workbook(*rows: Sequence[object], more: dict[str, list[Sequence[object]]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for name, others in (more or {}).items():
        other = book.create_sheet(name)
        for row in others:
            other.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def parquet(**columns: Sequence[object] | pd.DatetimeIndex) -> bytes:
    stream = io.BytesIO()
    pd.DataFrame(columns).to_parquet(stream)
    return stream.getvalue()


def zones(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}, indent=1).encode()


def zone(name: str, corners: list[list[float]] | None = None, **properties: object) -> dict[str, object]:
    ring = corners or [[113.3, 22.5], [113.4, 22.5], [113.4, 22.6], [113.3, 22.5]]
    return {
        "type": "Feature",
        "properties": {"zone_id": name, "name": "站", "kind": "hub", **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def trip(number: str, **changes: str) -> str:
    cells = (
        dict(zip(TRIPS.strip().split(","), TRIP.strip().split(","), strict=True))
        | {"trip_id": number}
        | changes
    )
    return ",".join(cells.values()) + "\n"


def fix(**changes: str) -> str:
    cells = dict(zip(POSITIONS.strip().split(","), GOOD.strip().split(","), strict=True)) | changes
    return ",".join(cells.values()) + "\n"


def zip_of(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), part)
    return stream.getvalue()


def entity_bomb() -> bytes:
    lines = ['<!DOCTYPE x [<!ENTITY a0 "ha">'] + [
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 20}">' for n in range(1, 12)
    ]
    sheet = (
        "".join(lines)
        + ']><worksheet><sheetData><row><c t="str"><v>&a11;</v></c></row></sheetData></worksheet>'
    )
    source = workbook(["vehicle_id", "company_id"], ["粤T1", "C1"])
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.namelist():
            new.writestr(part, sheet if part.endswith("sheet1.xml") else old.read(part))
    return stream.getvalue()


UTF8 = [
    Case("a plain file", "positions.csv", csv(POSITIONS, GOOD, GOOD_2), accepted=2),
    Case("a byte order mark", "positions.csv", b"\xef\xbb\xbf" + csv(POSITIONS, GOOD), accepted=1),
    Case("UTF-16 with its mark", "positions.csv", csv(POSITIONS, GOOD).decode().encode("utf-16"), accepted=1),
    Case(
        "UTF-16 without its mark",
        "positions.csv",
        csv(POSITIONS, GOOD).decode().encode("utf-16-le"),
        refused="header in line 1 cannot be read",
    ),
    Case(
        "GB18030",
        "positions.csv",
        csv("车牌号,定位时间,经度,纬度,速度,载客状态\n", GOOD, encoding="gb18030"),
        accepted=1,
    ),
    Case(
        "GB18030 only after a megabyte of ASCII",
        "positions.csv",
        lambda: (
            csv(POSITIONS)
            + b"".join(f"B{n},2026-10-10T08:00:00+08:00,113.38,22.52,30,1\n".encode() for n in range(30_000))
            + GOOD.encode("gb18030")
        ),
        accepted=30_001,
    ),
    Case(
        "one GB18030 row among UTF-8",
        "positions.csv",
        csv(POSITIONS, GOOD) + GOOD_2.encode("gb18030"),
        accepted=1,
        quarantined=[(3, "")],
        reason="not UTF-8",
    ),
    Case(
        "bytes of no encoding",
        "trips.csv",
        csv(TRIPS, TRIP) + b"\xff\xfe\xfd,\x81,,,\n" + csv(TRIP_2),
        accepted=2,
        quarantined=[(3, "")],
        reason="not UTF-8",
    ),
    Case(
        "a plate mangled before it came",
        "positions.csv",
        csv(POSITIONS, fix(vehicle_id="\ufffdT10001"), GOOD),
        accepted=1,
        quarantined=[(2, "vehicle_id")],
        reason="mangled",
    ),
    Case(
        "full-width digits",
        "trips.csv",
        csv(TRIPS, trip("Ａ１", fare_yuan="１９．１０", metered_km="５")),
        accepted=1,
    ),
    Case(
        "latin letters in a text of UTF-8",
        "companies.csv",
        csv("company_id,name\nC1,Café Taxi\n") + b"C2,Caf\xe9,\n" + csv("C3,b\n"),
        accepted=2,
        quarantined=[(3, "")],
    ),
]

LINES = [
    Case(
        "line ends of Windows",
        "positions.csv",
        csv(POSITIONS, GOOD, GOOD_2).replace(b"\n", b"\r\n"),
        accepted=2,
    ),
    Case(
        "line ends of old Macs",
        "positions.csv",
        csv(POSITIONS, GOOD, GOOD_2).replace(b"\n", b"\r"),
        accepted=2,
    ),
    Case("no end of the last line", "trips.csv", csv(TRIPS, TRIP).rstrip(), accepted=1),
    Case(
        "blank lines and lines of commas",
        "trips.csv",
        csv(TRIPS, "\n", TRIP, ",,,,,\n", "   \n", TRIP_2),
        accepted=2,
    ),
    Case("tabs", "trips.tsv", csv(TRIPS, TRIP).replace(b",", b"\t"), accepted=1),
    Case("semicolons", "trips.csv", csv(TRIPS, TRIP).replace(b",", b";"), accepted=1),
    Case("Excel's sep= line", "trips.csv", csv("sep=;\n") + csv(TRIPS, TRIP).replace(b",", b";"), accepted=1),
    Case(
        "a quoted field with line ends",
        "complaints.csv",
        csv(
            "complaint_id,received_at,category,text\n",
            'K1,2026-10-10 08:00,detour,"first\nsecond, ""third"""\n',
            "K2,2026-10-10 08:00,nonsense,x\n",
        ),
        accepted=1,
        quarantined=[(4, "category")],
    ),
    Case(
        "a quote that never closes",
        "complaints.csv",
        csv(
            "complaint_id,received_at,category,text\n",
            'K1,2026-10-10 08:00,detour,"oh\n',
            "K2,2026-10-10 08:00,detour,fine\nK3,2026-10-10 08:00,detour,fine\n",
        ),
        accepted=2,
        quarantined=[(2, "")],
        reason="never closed",
    ),
    Case(
        "a quote that never closes, in positions",
        "positions.csv",
        csv(POSITIONS, GOOD, '"粤T1,2026-10-10T08:00:00+08:00,113.38,22.52,30,1\n', GOOD_2),
        accepted=2,
        quarantined=[(3, "")],
    ),
    Case(
        "inches within a text",
        "complaints.csv",
        csv("complaint_id,received_at,category,text\n", 'K1,2026-10-10 08:00,detour,a 5" screen\n'),
        accepted=1,
    ),
    Case(
        "too few and too many fields",
        "trips.csv",
        csv(TRIPS, "A9,粤T1\n", TRIP, TRIP_2.strip() + ",x,y\n"),
        accepted=1,
        quarantined=[(2, ""), (4, "")],
        reason="fields",
    ),
    Case("delimiters at the end of every row", "trips.csv", csv(TRIPS, TRIP.strip() + ",,\n"), accepted=1),
    Case(
        "a NUL byte",
        "trips.csv",
        csv(TRIPS, trip("A\x00B"), TRIP_2),
        accepted=1,
        quarantined=[(2, "")],
        reason="NUL",
    ),
    Case("a file of NUL bytes", "positions.csv", b"\x00" * 5_000, refused="cannot be read"),
    Case(
        "a line of ten megabytes",
        "trips.csv",
        lambda: csv(TRIPS, "x" * 10_000_000, "\n", TRIP),
        accepted=1,
        quarantined=[(2, "")],
        reason="10,000,000 bytes",
    ),
    Case(
        "a line of ten megabytes in positions",
        "positions.csv",
        lambda: csv(POSITIONS, GOOD, "y" * 10_000_000, "\n", GOOD_2),
        accepted=2,
        quarantined=[(3, "")],
    ),
    Case(
        "a header of ten megabytes", "trips.csv", lambda: csv("x" * 10_000_000, "\n", TRIP), refused="header"
    ),
    Case(
        "a last line that is too long and has no end",
        "trips.csv",
        lambda: csv(TRIPS, TRIP, "x" * 2_000_000),
        accepted=1,
        quarantined=[(3, "")],
    ),
]

HEADERS = [
    Case("an empty file", "positions.csv", b"", refused="empty"),
    Case("blank lines only", "positions.csv", b"\n\n  \n", refused="no header"),
    Case("a header and no row", "positions.csv", csv(POSITIONS), accepted=0),
    Case("a header and no row, trips", "trips.csv", csv(TRIPS).rstrip(), accepted=0),
    Case("no header", "positions.csv", csv(GOOD, GOOD_2), refused="no header line"),
    Case(
        "required columns missing",
        "trips.csv",
        csv("trip_id,vehicle_id\nA1,粤T1\n"),
        refused="boarded_at (上车时间)",
    ),
    Case(
        "the same column twice",
        "positions.csv",
        csv("vehicle_id,time,lon,lat,lon\n粤T1,1,2,3,4\n"),
        refused="names lon twice (columns 3 and 5)",
    ),
    Case(
        "a column under both its names",
        "positions.csv",
        csv("vehicle_id,time,lon,lat,纬度\n粤T1,1,2,3,4\n"),
        refused="names lat twice",
    ),
    Case(
        "unknown columns twice are nobody's business",
        "trips.csv",
        csv(TRIPS.strip(), ",x,x\n", TRIP.strip(), ",1,2\n"),
        accepted=1,
    ),
    Case("unknown columns", "data.csv", csv("weather,mood\nfine,good\n"), refused="give --kind"),
    Case(
        "name and header contradict each other",
        "trips.csv",
        csv(POSITIONS, GOOD),
        refused="header says positions",
    ),
    Case("the kind told from the header", "export_17.csv", csv(POSITIONS, GOOD), accepted=1),
    Case(
        "odd capitals and blanks in the header",
        "x.csv",
        csv(" Trip_ID ,VEHICLE_ID,Boarded_At,alighted at,metered_km,ＦＡＲＥ_yuan\n", TRIP),
        accepted=1,
    ),
    Case(
        "a kind that the header lacks",
        "x.csv",
        csv(POSITIONS, GOOD),
        kind="orders",
        refused="order_id (订单号)",
    ),
]

WRAPPED = [
    Case("gzip", "positions.csv.gz", gzip.compress(csv(POSITIONS, GOOD)), accepted=1),
    Case("gzip under another name", "positions.csv", gzip.compress(csv(POSITIONS, GOOD)), accepted=1),
    Case(
        "two gzip members",
        "trips.csv.gz",
        gzip.compress(csv(TRIPS, TRIP)) + gzip.compress(csv(TRIP_2)),
        accepted=2,
    ),
    Case(
        "a cut gzip", "positions.csv.gz", gzip.compress(csv(POSITIONS, GOOD * 50))[:-12], refused="cut short"
    ),
    Case(
        "a cut gzip of trips",
        "trips.csv.gz",
        gzip.compress(csv(TRIPS, TRIP, TRIP_2))[:-9],
        refused="cut short",
    ),
    Case(
        "a damaged gzip",
        "trips.csv.gz",
        gzip.compress(csv(TRIPS, TRIP))[:-8] + b"\x00" * 8,
        refused="damaged",
    ),
    Case(
        "gzip in gzip",
        "trips.csv.gz",
        gzip.compress(gzip.compress(csv(TRIPS, TRIP))),
        refused="within a gzip",
    ),
    Case(
        "a thousandfold archive",
        "trips.csv.gz",
        lambda: gzip.compress(csv(TRIPS) + (trip("A" * 200) * 260_000).encode()),
        refused="expands more than",
    ),
    Case(
        "a thousandfold archive of nothing",
        "positions.csv.gz",
        lambda: gzip.compress(b" " * 80_000_000),
        refused="expands more than",
    ),
    Case(
        "a workbook that unpacks to gigabytes",
        "trips.xlsx",
        lambda: zip_of(xl__workbook_xml=b"<workbook/>", xl__sharedStrings_xml=b"0" * 120_000_000),
        refused="unpacks",
    ),
    Case("a workbook of nested entities", "vehicles.xlsx", entity_bomb, refused="cannot be read"),
    Case("a zip", "trips.zip", zip_of(trips=csv(TRIPS, TRIP)), refused="no workbook"),
    Case("a cut workbook", "trips.xlsx", workbook(TRIPS.split(","))[:900], refused="cut short or damaged"),
    Case(
        "an old workbook",
        "trips.xls",
        b"\xd0\xcf\x11\xe0" + b"\x00" * 600,
        refused="old or password-protected",
    ),
    Case("a PDF", "trips.csv", b"%PDF-1.7\n", refused="PDF"),
    Case(
        "a cut Parquet file", "trips.parquet", parquet(trip_id=["A1"])[:-20], refused="cut short or damaged"
    ),
    Case("noise called Parquet", "trips.parquet", bytes(range(7, 256)) * 9, refused="no Parquet file"),
    Case(
        "a Parquet file in name only",
        "positions.parquet",
        b"PAR1" + b"\x00" * 64 + b"PAR1",
        refused="damaged",
    ),
]

VALUES = [
    Case(
        "month 13 and 30 February",
        "positions.csv",
        csv(POSITIONS, fix(time="2026-13-01 08:00:00"), fix(time="2026-02-30 08:00:00"), GOOD),
        accepted=1,
        quarantined=[(2, "time"), (3, "time")],
    ),
    Case(
        "lon 213", "positions.csv", csv(POSITIONS, fix(lon="213"), GOOD), accepted=1, quarantined=[(2, "lon")]
    ),
    Case(
        "lon and lat swapped",
        "positions.csv",
        csv(POSITIONS, fix(lon="22.52", lat="113.38"), GOOD),
        accepted=1,
        quarantined=[(2, "lat")],
        reason="look swapped",
    ),
    Case(
        "NaN, inf and 1e308",
        "positions.csv",
        csv(POSITIONS, fix(lon="NaN"), fix(lat="inf"), fix(speed_kmh="1e308"), fix(lat="-Infinity"), GOOD),
        accepted=1,
        quarantined=[(2, "lon"), (3, "lat"), (4, "speed_kmh"), (5, "lat")],
    ),
    Case("NaN where nothing need be", "positions.csv", csv(POSITIONS, fix(speed_kmh="NaN")), accepted=1),
    Case(
        "0,0 and a clock of 1970 or 2010 are kept",
        "positions.csv",
        csv(POSITIONS, fix(lon="0", lat="0"), fix(time="0"), fix(time="2010-01-01T00:00:00Z")),
        accepted=3,
    ),
    Case(
        "a clock of next year is kept",
        "positions.csv",
        csv(POSITIONS, fix(time="2027-10-10 08:00:00")),
        accepted=1,
    ),
    Case(
        "a clock no terminal has",
        "positions.csv",
        csv(POSITIONS, fix(time="1931-01-01 00:00:00"), GOOD),
        accepted=1,
        quarantined=[(2, "time")],
    ),
    Case(
        "a speed of 251 and a heading of 361",
        "positions.csv",
        csv(
            "vehicle_id,time,lon,lat,speed_kmh,heading_deg\n",
            "粤T1,2026-10-10 08:00:00,113,22,251,0\n",
            "粤T1,2026-10-10 08:00:01,113,22,250,361\n",
            "粤T1,2026-10-10 08:00:02,113,22,250,360\n",
        ),
        accepted=1,
        quarantined=[(2, "speed_kmh"), (3, "heading_deg")],
    ),
    Case(
        "a flag that is none",
        "positions.csv",
        csv(POSITIONS, fix(loaded="maybe"), GOOD),
        accepted=1,
        quarantined=[(2, "loaded")],
    ),
    Case(
        "flags in Chinese",
        "positions.csv",
        csv(POSITIONS, fix(loaded="重车"), fix(loaded="否", lat="22.53")),
        accepted=2,
    ),
    Case(
        "a negative fare",
        "trips.csv",
        csv(TRIPS, trip("A1", fare_yuan="-3.00"), TRIP_2),
        accepted=1,
        quarantined=[(2, "fare_yuan")],
    ),
    Case(
        "a tenth of a fen",
        "trips.csv",
        csv(TRIPS, trip("A1", fare_yuan="12.345"), trip("A2", fare_yuan="12.340")),
        accepted=1,
        quarantined=[(2, "fare_yuan")],
        reason="finer",
    ),
    Case(
        "a float's own text", "trips.csv", csv(TRIPS, trip("A1", fare_yuan="12.299999999999999")), accepted=1
    ),
    Case(
        "a thousand kilometres, and one more",
        "trips.csv",
        csv(TRIPS, trip("A1", metered_km="1000"), trip("A2", metered_km="1000.1")),
        accepted=1,
        quarantined=[(3, "metered_km")],
    ),
    Case(
        "alighting before boarding",
        "trips.csv",
        csv(TRIPS, trip("A1", alighted_at="2026-10-10 07:59"), TRIP_2),
        accepted=1,
        quarantined=[(2, "alighted_at")],
    ),
    Case(
        "alighting in the minute of boarding",
        "trips.csv",
        csv(TRIPS, trip("A1", alighted_at="2026-10-10 08:00")),
        accepted=1,
    ),
    Case(
        "alighting of which only the clock was sent",
        "trips.csv",
        csv(TRIPS, trip("A1", boarded_at="2026-10-10 23:50", alighted_at="00:10")),
        accepted=1,
    ),
    Case(
        "a trip of 2014 and one of next week",
        "trips.csv",
        csv(
            TRIPS,
            trip("A1", boarded_at="2014-10-10 08:00"),
            TRIP_2,
            trip("A3", boarded_at="2026-10-20 08:00", alighted_at="2026-10-20 08:10"),
        ),
        accepted=1,
        quarantined=[(2, "boarded_at"), (4, "boarded_at")],
    ),
    Case(
        "many ways to write a time",
        "trips.csv",
        csv(
            TRIPS,
            *(
                trip(f"A{n}", boarded_at=text, alighted_at="2026-10-13 00:00")
                for n, text in enumerate(
                    (
                        "2026/10/10 8:05",
                        "2026-10-10T08:05:00Z",
                        "1791590400",
                        "1791590400000",
                        "46305.33680555556",
                        "20261010080500",
                        "2026年10月10日 8时5分",
                        "2026-10-10 08:05:00 +0800",
                        "2026.10.10 08:05:00.250",
                    )
                )
            ),
        ),
        accepted=9,
    ),
    Case(
        "times that are none",
        "trips.csv",
        csv(
            TRIPS,
            *(
                trip(f"A{n}", boarded_at=text)
                for n, text in enumerate(
                    (
                        "10/20/2026 8:05",
                        "yesterday",
                        "2026-10-10 25:00",
                        "99999999999999999",
                        "=NOW()",
                        "8:05",
                    )
                )
            ),
        ),
        quarantined=[(n, "boarded_at") for n in range(2, 8)],
    ),
    Case(
        "formula text",
        "trips.csv",
        csv(TRIPS, trip("A1", fare_yuan="=1+1"), trip("=HYPERLINK(0)")),
        accepted=1,
        quarantined=[(2, "fare_yuan")],
    ),
    Case(
        "ids that would be paths",
        "vehicles.csv",
        csv(VEHICLES, "../../x,C1,5,007\n", "/etc/passwd,C1,5,\n", "C:\\con,..,5,\n"),
        accepted=3,
    ),
    Case(
        "an id that would be a path, with its track",
        "positions.csv",
        csv(POSITIONS, fix(vehicle_id="../../x")),
        accepted=1,
    ),
    Case(
        "an id of 65 characters, or with a bell",
        "vehicles.csv",
        csv(VEHICLES, "x" * 65, ",C1,5,\n", "a\x07b,C1,5,\n", "粤T1,C1,5,\n"),
        accepted=1,
        quarantined=[(2, "vehicle_id"), (3, "vehicle_id")],
    ),
    Case(
        "ids from Excel",
        "vehicles.csv",
        csv(VEHICLES, "粤T1,12.0,5.0,013800.0\n", "粤T2,#N/A,5,\n"),
        accepted=1,
        quarantined=[(3, "company_id")],
    ),
    Case(
        "half a seat",
        "vehicles.csv",
        csv(VEHICLES, "粤T1,C1,4.5,\n", "粤T2,C1,1,\n"),
        quarantined=[(2, "seats"), (3, "seats")],
    ),
    Case(
        "an unknown kind of event",
        "events.csv",
        csv(
            "event_id,vehicle_id,time,kind\n",
            "E1,粤T1,2026-10-10 08:00:00,juggling\n",
            "E2,粤T1,2026-10-10 08:00:00,phone\n",
        ),
        accepted=1,
        quarantined=[(2, "kind")],
    ),
    Case(
        "required values missing",
        "trips.csv",
        csv(TRIPS, trip("A1", vehicle_id=""), trip(" ")),
        quarantined=[(2, "vehicle_id"), (3, "trip_id")],
    ),
    Case(
        "a shift that ends before it starts",
        "shifts.csv",
        csv(
            "vehicle_id,driver_id,start,end,source\n粤T1,D1,2026-10-10 08:00,2026-10-10 07:00,card\n",
            "粤T1,D1,2026-10-10 08:00,,刷卡\n粤T1,D2,2026-12-24 08:00,2026-12-24 18:00,roster\n",
        ),
        accepted=2,
        quarantined=[(2, "end")],
    ),
    Case(
        "an excuse that ends before it begins, and one of next year",
        "excuses.csv",
        csv(
            "excuse_id,scope,from,to,cause\nX1,city,2026-10-10,2026-10-09,other\nX2,city,2027-01-01,2027-01-02,other\n"
        ),
        accepted=1,
        quarantined=[(2, "to")],
    ),
    Case(
        "a device that works again before it failed",
        "device_status.csv",
        csv(
            "vehicle_id,device,from,to,state\n粤T1,gnss,2026-10-10 08:00,2026-10-09 08:00,down\n",
            "粤T1,toaster,2026-10-10 08:00,,down\n粤T1,gnss,2026-10-10 08:00,,故障\n",
        ),
        accepted=1,
        quarantined=[(2, "to"), (3, "device")],
    ),
    Case(
        "items of an inspection",
        "inspections.csv",
        csv(
            "inspection_id,at,inspector,vehicle_id,items\n",
            'I1,2026-10-10 08:00,P1,粤T1,"{""clean_vehicle"": ""pass""}"\n',
            'I2,2026-10-10 08:00,P1,粤T1,"{""clean_vehicle"": ""so so""}"\n',
            'I3,2026-10-10 08:00,P1,粤T1,"{""ashtray"": ""pass""}"\n',
            "I4,2026-10-10 08:00,P1,粤T1,{clean\n",
        ),
        accepted=1,
        quarantined=[(3, "items"), (4, "items"), (5, "items")],
    ),
]

OTHERS = [
    Case(
        "JSON Lines",
        "trips.jsonl",
        b'{"trip_id":"A1","vehicle_id":"T","boarded_at":1791590400,"alighted_at":1791590460,"metered_km":5.2,'
        b'"fare_yuan":19.1}\n',
        accepted=1,
    ),
    Case(
        "JSON Lines with broken ones",
        "companies.jsonl",
        b'{"company_id":"C1","name":"a"}\n{"company_id":"C2","name":\n[1]\n"x"\n\n{"company_id":"C3"}\n'
        b'{"company_id":"C4","name":"a","name":"b"}\n{"company_id":"C5","name":"\\ud800"}\n'
        b'{"company_id":"C6","name":"\\u0000"}\n{"company_id":"C7","name":"b"}\n',
        accepted=2,
        quarantined=[(2, ""), (3, ""), (4, ""), (6, "name"), (7, ""), (8, ""), (9, "name")],
    ),
    Case(
        "JSON nested ten thousand deep",
        "companies.jsonl",
        b'{"company_id":"C1","name":"a"}\n{"company_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        accepted=1,
        quarantined=[(2, "")],
    ),
    Case(
        "a number of ten thousand digits",
        "companies.jsonl",
        b'{"company_id":' + b"9" * 10_000 + b',"name":"a"}\n{"company_id":1,"name":"a"}\n',
        accepted=1,
        quarantined=[(1, "company_id")],
    ),
    Case("a JSON list", "trips.json", b'[{"trip_id":"A1"}]', refused="JSON Lines"),
    Case("JSON that is none", "trips.jsonl", b'{"trip_id":\n "A1"\n}\n', refused="JSON Lines"),
    Case(
        "a workbook",
        "trips.xlsx",
        workbook(
            TRIPS.strip().split(","),
            ["A1", "粤T1", pd.Timestamp("2026-10-10 08:05"), pd.Timestamp("2026-10-10 08:15"), 5.2, 19.1],
            [17, "粤T1", 46305.3368, "2026/10/10 8:15", "5.2", "19.10"],
            [18.0, "粤T1", "2026-10-10 08:05", "2026-10-10 08:15", "five", 19.1],
            [None] * 6,
        ),
        accepted=2,
        quarantined=[(4, "metered_km")],
    ),
    Case(
        "a workbook with a title above the header",
        "vehicles.xlsx",
        workbook(["车辆台账"], [], ["车牌号", "企业编号"], ["粤T1", 7]),
        accepted=1,
    ),
    Case(
        "a workbook with a sheet of notes",
        "vehicles.xlsx",
        workbook(["车牌号", "企业编号"], ["粤T1", 7], more={"notes": [["made in October"]]}),
        accepted=1,
    ),
    Case(
        "a workbook with two tables",
        "vehicles.xlsx",
        workbook(["车牌号", "企业编号"], ["粤T1", 7], more={"more": [["车牌号", "企业编号"], ["粤T2", 7]]}),
        refused="2 sheets with tables",
    ),
    Case("a workbook without a row", "vehicles.xlsx", workbook(), refused="holds no row"),
    Case(
        "formula text in a workbook",
        "companies.xlsx",
        workbook(["company_id", "name"], ["C1", '"=HYPERLINK(1)"'], ["C2", "b"]),
        accepted=2,
    ),
    Case(
        "Parquet with floats for money and ids",
        "trips.parquet",
        parquet(
            trip_id=[1.0, 2.0],
            vehicle_id=["粤T1", "粤T1"],
            boarded_at=pd.to_datetime(["2026-10-10 08:00"] * 2),
            alighted_at=pd.to_datetime(["2026-10-10 08:10"] * 2).tz_localize("Asia/Shanghai"),
            metered_km=[5.2, float("nan")],
            fare_yuan=[12.299999999, 19.1],
        ),
        accepted=1,
        quarantined=[(3, "metered_km")],
    ),
    Case(
        "Parquet positions with impossible ones",
        "positions.parquet",
        parquet(
            vehicle_id=["粤T1"] * 3,
            time=pd.to_datetime(["2026-10-10 08:00"] * 3),
            lon=[113.0, 22.0, 213.0],
            lat=[22.0, 113.0, 22.0],
        ),
        accepted=1,
        quarantined=[(3, "lat"), (4, "lon")],
    ),
    Case(
        "zones", "zones.geojson", zones(zone("Z1"), zone("Z2", hours="07:00-09:30;22:00-02:00")), accepted=2
    ),
    Case(
        "zones that are none",
        "zones.geojson",
        zones(
            zone("Z1", [[113.3, 22.5], [113.4, 22.6], [113.4, 22.5], [113.3, 22.6], [113.3, 22.5]]),
            zone("Z2", [[22.5, 113.3], [22.5, 113.4], [22.6, 113.4], [22.5, 113.3]]),
            zone("Z3") | {"geometry": {"type": "Point", "coordinates": [113, 22]}},
            zone("Z4") | {"geometry": None},
            zone("Z5", kind="volcano"),
            {"type": "Feature", "geometry": None},
            7,
            zone("Z8", hours="late"),
            zone("Z9") | {"geometry": {"type": "Polygon", "coordinates": [[[113.3, "x"]]]}},
            zone("Z10"),
        ),
        accepted=1,
        quarantined=[
            (2, "geometry"),
            (3, "geometry"),
            (4, "geometry"),
            (5, "geometry"),
            (6, "kind"),
            (7, ""),
            (8, ""),
            (9, "hours"),
            (10, "geometry"),
        ],
    ),
    Case("a cut GeoJSON", "zones.geojson", zones(zone("Z1"))[:-40], refused="no valid GeoJSON"),
    Case(
        "GeoJSON that is a lone feature",
        "zones.geojson",
        json.dumps(zone("Z1"), indent=1).encode(),
        refused="JSON",
    ),
]

CASES = UTF8 + LINES + HEADERS + WRAPPED + VALUES + OTHERS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nasty(case: Case, home: Home, tmp_path: Path) -> None:
    file = tmp_path / case.file
    file.write_bytes(case.content if isinstance(case.content, bytes) else case.content())
    (report,) = take(home, [file], kind=case.kind, now_ms=NOW_MS)
    if case.refused is not None:
        assert report.refused is not None, report
        assert case.refused in report.refused
        assert "\n" not in report.refused
        assert str(file) in report.refused
        assert (report.rows, report.accepted, len(listed(home))) == (0, 0, 0)
        return
    assert report.refused is None, report.refused
    kept = listed(home)
    assert list(zip(kept["row"], kept["column"].fillna(""), strict=True)) == case.quarantined
    assert (report.accepted, report.quarantined) == (case.accepted, len(case.quarantined))
    assert report.duplicates == report.corrections == 0
    assert all(case.reason in reason for reason in kept["reason"])
    assert not list(home.staging.iterdir())
    # Sent again, nothing new comes in and nothing is quarantined twice.
    (again,) = take(home, [file], kind=case.kind, now_ms=NOW_MS)
    assert (again.rows, again.accepted, again.duplicates) == (report.rows, 0, report.rows)
    assert len(listed(home)) == len(kept)


def test_a_folder_is_not_a_file(home: Home, tmp_path: Path) -> None:
    reports: list[FileReport] = take(home, [tmp_path / "absent.csv"], now_ms=NOW_MS)
    assert "cannot be opened (no such file or directory)" in str(reports[0].refused)
