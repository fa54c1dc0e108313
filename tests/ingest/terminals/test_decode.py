import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.terminals.decode import decode
from taxi_qa.ingest.terminals.dialects import DIALECTS
from taxi_qa.ingest.terminals.digits import minute_ms, packed_ms, stamp_ms
from taxi_qa.ingest.terminals.frame import Frame, Protocol

TERMINAL = "108000000316"
METER = "2307261941 1955 000056 0012 000000 0000 000125 0000000C 00"
# 2023-07-26 19:41:34 in GMT+8.
MOMENT = 1_690_371_694_000
PLACE = "00000000 00000100 011E8A72 0450B136 00C8 2D 230726194134"


def frame_of(message_id: int, text: str, protocol: Protocol = "jt905", version: int = 0) -> Frame:
    return Frame(protocol, message_id, TERMINAL, 1, bytes.fromhex(text), version=version)


def test_a_position_of_905_in_its_own_units() -> None:
    message = decode(frame_of(0x0200, PLACE + "01 04 00000064" + "EE 01 07"))
    assert message.fields["lat_deg"] == pytest.approx(0x011E8A72 / 600_000)
    assert message.fields["speed_kmh"] == 20.0
    assert message.fields["heading_deg"] == 90
    assert message.fields["time_ms"] == MOMENT
    assert [(item.name, item.value) for item in message.items] == [("odometer_km", 10.0), ("", None)]
    assert message.items[1].raw == b"\x07"


def test_south_and_west_have_their_own_bits_in_each_family() -> None:
    south_905 = decode(frame_of(0x0200, PLACE.replace("00000100", "00000002")))
    south_808 = decode(
        frame_of(0x0200, "00000000 0000000C 01312D00 06C65D40 000A 00C8 005A 230726194134", "jt808")
    )
    assert south_905.fields["lat_deg"] < 0 < south_905.fields["lon_deg"]
    assert (south_808.fields["lat_deg"], south_808.fields["lon_deg"]) == (-20.0, -113.663296)


def test_digits_that_are_no_moment_are_none() -> None:
    assert decode(frame_of(0x0200, PLACE.replace("230726194134", "231326194134"))).fields["time_ms"] is None
    assert decode(frame_of(0x0200, PLACE.replace("230726194134", "2307261941FF"))).fields["time_ms"] is None


def test_stored_positions_come_ten_at_a_time_or_one_with_its_items() -> None:
    ten = decode(frame_of(0x0203, PLACE * 10))
    assert len(ten.fields["positions"]) == 10
    # A maker appends items whose bytes are as many as a position's.
    text = PLACE + "01 04 00000064" + "02 02 0001" + "03 02 0001" + "EE 09" + "00" * 9
    one = decode(frame_of(0x0203, text), "fleety")
    assert one.fields["time_ms"] == MOMENT
    assert len(one.items) == 4


def test_camera_alarms_count_at_their_lengths_only() -> None:
    place = "00000000 00000002 015752A0 06C65D40 000A 00C8 005A 230726194134"
    item = (
        "0000002A 01 06 02 05 00000000 3C 0010 015752A0 06C65D40 230726194130 0401"
        "41424344453132 230726194130 03 02 00"
    )
    message = decode(frame_of(0x0200, f"{place} 65 2F {item} 65 01 07", "jt808"))
    known, unknown = message.items
    assert known.name == "dms"
    assert (known.value["type"], known.value["label"]["terminal"]) == (6, "ABCDE12")
    assert known.value["time_ms"] == MOMENT - 4_000
    assert (unknown.name, unknown.raw) == ("", b"\x07")


def test_a_trip_with_a_plate_of_nine_bytes_is_seen_by_its_digits() -> None:
    short = trip("414133333333")
    long = trip("D4C1414133333333 00")
    for text, plate in ((short, "AA3333"), (long, "粤AA3333")):
        fields = decode(frame_of(0x0B05, text)).fields
        assert (fields["plate"], fields["boarded_ms"]) == (plate, MOMENT - 34_000)
        assert (fields["metered_km"], fields["fare_yuan"], fields["trip_no"]) == (5.6, 12.5, 12)


def trip(plate: str) -> str:
    head = f"{PLACE} {PLACE} 35F53A40 00000000 01 0000 00000000"
    return f"{head} {plate} {'00' * 16} {'54' * 4} {'00' * 15} {METER}"


def test_items_behind_a_trip_are_read_though_nobody_counted_them() -> None:
    message = decode(frame_of(0x0B05, trip("414133333333") + "01 04 0000006E"))
    assert [(item.name, item.value) for item in message.items] == [("odometer_km", 11.0)]


def test_a_row_of_a_batch_that_cannot_be_read_costs_itself() -> None:
    place = "00000000 00000002 015752A0 06C65D40 000A 00C8 005A 230726194134"
    message = decode(frame_of(0x0704, f"0003 01 001C {place} 0002 FFFF 0022 {place} 01 04 00000064", "jt808"))
    assert [row["time_ms"] for row in message.fields["positions"]] == [MOMENT, MOMENT]
    assert message.fields["positions"][1]["items"][0].value == 10.0
    assert message.fields["broken_rows"] == 1


def test_what_no_table_knows_is_kept_raw_and_what_does_not_fit_has_a_fault() -> None:
    assert decode(frame_of(0x7777, "0102")).rest == b"\x01\x02"
    short = decode(frame_of(0x0200, "0102"))
    assert (short.name, short.fault, short.rest) == ("position", "2 bytes fit no layout", b"\x01\x02")
    part = Frame("jt808", 0x0801, TERMINAL, 1, b"", 3, 1)
    assert decode(part).fault == "only a part of a message"
    heartbeat = frame_of(0x0002, "")
    with pytest.raises(ValueError, match="There is no dialect 'x'"):
        decode(heartbeat, "x")


@pytest.mark.parametrize("text", ["202307261941", "230726194100"])
def test_both_ways_to_write_the_power_on_moment_are_told_apart(text: str) -> None:
    assert stamp_ms(bytes.fromhex(text)) == minute_ms(bytes.fromhex("2307261941"))


@pytest.mark.parametrize("year", [13, 23])
def test_the_year_of_a_packed_moment_is_the_one_near_the_clock(year: int) -> None:
    packed = year << 26 | 7 << 22 | 26 << 17 | 19 << 12 | 41 << 6 | 34
    assert packed_ms(packed, MOMENT + 3_600_000) == MOMENT


def test_bits_that_are_no_moment_are_none() -> None:
    assert packed_ms(0, MOMENT) is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_message_of_every_dialect_takes_any_length(dialect: str) -> None:
    layouts = DIALECTS[dialect].layouts
    for protocol, message_id in [("jt905", number) for number in layouts["jt905"]] + [
        ("jt808", number) for number in layouts["jt808"]
    ]:
        for size in range(0, 160, 3):
            for fill in (b"\x00", b"\x01", b"\x11", b"\xff"):
                frame = Frame(
                    "jt905" if protocol == "jt905" else "jt808", message_id, TERMINAL, 1, fill * size
                )
                assert decode(frame, dialect).message_id == message_id


BODIES = st.one_of(
    st.binary(max_size=200), st.binary(max_size=60).map(lambda tail: bytes.fromhex(PLACE) + tail)
)


@given(
    protocol=st.sampled_from(["jt905", "jt808"]),
    body=BODIES,
    version=st.integers(0, 1),
    dialect=st.sampled_from(sorted(DIALECTS)),
    data=st.data(),
)
def test_no_bytes_raise(
    protocol: Protocol, body: bytes, version: int, dialect: str, data: st.DataObject
) -> None:
    message_id = data.draw(st.sampled_from(sorted(DIALECTS[dialect].layouts[protocol])))
    message = decode(Frame(protocol, message_id, TERMINAL, 1, body, version=version), dialect)
    assert message.message_id == message_id
    assert not (message.fault and message.fields)
