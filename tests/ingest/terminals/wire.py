"""Bodies of messages for tests, written as a terminal writes them."""

from datetime import UTC, datetime, timedelta

from taxi_qa.ingest.terminals.frame import Frame

TERMINAL = "108000000316"
PLATE = "粤TTEST1"
WHOSE = {TERMINAL: PLATE}
# 2023-07-26 19:41:00 in GMT+8.
NOON_MS = 1_690_371_660_000


def bcd(moment_ms: int, form: str = "%y%m%d%H%M%S") -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms, hours=8)).strftime(form)


def place(time_ms: int, alarm: int = 0, status: int = 0x100, lon: float = 113.4, lat: float = 22.5) -> str:
    return f"{alarm:08x}{status:08x}{round(lat * 6e5):08x}{round(lon * 6e5):08x}00c82d{bcd(time_ms)}"


def place_808(time_ms: int, alarm: int = 0, status: int = 2, lon: float = 113.4, lat: float = 22.5) -> str:
    return f"{alarm:08x}{status:08x}{round(lat * 1e6):08x}{round(lon * 1e6):08x}000a00c8005a{bcd(time_ms)}"


def text(value: str, size: int) -> str:
    return value.encode("gb18030").ljust(size, b"\x00").hex()


def trip(
    boarded_ms: int = NOON_MS,
    hhmm: str = "1955",
    *,
    first: str = "",
    second: str = "",
    rating: int = 0,
    trip_no: int = 12,
    km: str = "000056",
    fare: str = "000125",
    surcharge: str = "000000",
    order: int = 0,
    driver: str = "TEST00000000000001",
) -> str:
    return (
        (first or place(boarded_ms))
        + (second or place(boarded_ms + 14 * 60_000))
        + f"35f53a4000000000{rating:02x}0000{order:08x}"
        + text("AA3333", 6)
        + text("", 16)
        + text(driver, 19)
        + bcd(boarded_ms, "%y%m%d%H%M")
        + f"{hhmm}{km}0012{surcharge}0003{fare}{trip_no:08x}00"
    )


def camera(alarm_id: int, kind: int, flag: int, time_ms: int, files: int = 2) -> str:
    label = text("ABCDE12", 7) + bcd(time_ms) + f"03{files:02x}00"
    return (
        f"652f{alarm_id:08x}{flag:02x}{kind:02x}0205000000003c0010015752a006c65d40{bcd(time_ms)}0401{label}"
    )


def f905(message_id: int, body: str, serial: int = 1) -> Frame:
    return Frame("jt905", message_id, TERMINAL, serial, bytes.fromhex(body))


def f808(message_id: int, body: str, serial: int = 1) -> Frame:
    return Frame("jt808", message_id, TERMINAL, serial, bytes.fromhex(body))
