import hashlib
import itertools
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.record_rows import COLUMNS
from taxi_qa.ingest.terminals.records_of import records_of
from taxi_qa.ingest.terminals.state import State
from taxi_qa.records.kinds import KINDS
from tests.ingest.terminals.wire import (
    NOON_MS,
    PLATE,
    TERMINAL,
    WHOSE,
    bcd,
    camera,
    f808,
    f905,
    place,
    place_808,
    text,
    trip,
)

if TYPE_CHECKING:
    from taxi_qa.ingest.terminals.media_pieces import Media

MIN = 60_000
METER_FAULT = 1 << 10


def tables_of(entries: list[tuple[int, Frame]], dialect: str = "standard") -> dict[str, pd.DataFrame]:
    return records_of(entries, WHOSE, dialect=dialect).tables


def kinds(tables: dict[str, pd.DataFrame]) -> list[str]:
    return list(tables["events"]["kind"]) if "events" in tables else []


def live(minute: float, alarm: int = 0, message_id: int = 0x0200) -> tuple[int, Frame]:
    moment = NOON_MS + round(minute * MIN)
    return moment + 1_000, f905(message_id, place(moment, alarm))


def test_a_position_with_all_its_flags() -> None:
    body = place(NOON_MS, 1 << 16 | 1, 1 << 3 | 1 << 4 | 1 << 9) + "010400000064"
    (row,) = (row for _, row in tables_of([(NOON_MS + 5, f905(0x0200, body))])["positions"].iterrows())
    assert dict(row) == {
        "vehicle_id": PLATE,
        "time": "2023-07-26T11:41:00.000Z",
        "lon": "113.4",
        "lat": "22.5",
        "speed_kmh": "20",
        "heading_deg": "90",
        "loaded": "1",
        "fixed": "1",
        "acc_on": "0",
        "out_of_service": "1",
        "booked": "1",
        "odometer_km": "10",
        "alarms": "emergency;overspeed",
        "received_at": "2023-07-26T11:41:00.005Z",
        "datum": "",
    }


def test_wrong_clocks_and_places_at_nought_are_kept() -> None:
    old = 1_262_304_827_000
    rows = tables_of([(NOON_MS, f905(0x0200, place(old, status=1, lon=0, lat=0)))])["positions"]
    assert list(rows["time"]) == ["2010-01-01T00:13:47.000Z"]
    assert (rows["lon"][0], rows["fixed"][0]) == ("0", "0")


def test_a_heading_beyond_the_circle_costs_the_heading_alone() -> None:
    body = place(NOON_MS).replace("00c82d", "00c8c8")
    rows = tables_of([(NOON_MS, f905(0x0200, body))])["positions"]
    assert (rows["heading_deg"][0], rows["speed_kmh"][0]) == ("", "20")


def test_load_bits_of_808_count_once_the_terminal_has_used_them() -> None:
    statuses = [0x002, 0x302, 0x002]
    entries = [
        (NOON_MS, f808(0x0200, place_808(NOON_MS + at * MIN, status=status)))
        for at, status in enumerate(statuses)
    ]
    assert list(tables_of(entries)["positions"]["loaded"]) == ["", "1", "0"]


def test_places_of_the_secrecy_plug_in_say_their_datum() -> None:
    entry = (NOON_MS, f808(0x0200, place_808(NOON_MS, status=0x22)))
    assert list(tables_of([entry])["positions"]["datum"]) == ["gcj02"]


def test_an_alarm_is_an_event_when_it_appears_and_a_span_of_its_device() -> None:
    tables = tables_of([live(0), live(1, METER_FAULT), live(2, METER_FAULT), live(3)])
    assert kinds(tables) == ["meter_fault"]
    assert list(tables["events"]["time"]) == ["2023-07-26T11:42:00.000Z"]
    spans = tables["device_status"][["device", "from", "to", "state"]].to_numpy().tolist()
    began = "2023-07-26T11:42:00.000Z"
    assert spans == [
        ["meter", began, "", "down"],
        ["meter", began, "2023-07-26T11:44:00.000Z", "down"],
    ]


def test_after_a_silence_the_span_ends_with_the_last_record_that_showed_it() -> None:
    tables = tables_of([live(0, METER_FAULT), live(1, METER_FAULT), live(300)])
    assert list(tables["device_status"]["to"]) == ["", "2023-07-26T11:42:00.000Z"]


def test_records_sent_again_later_are_no_second_alarm() -> None:
    entries = [live(0), live(1, METER_FAULT), live(2, METER_FAULT), live(3), live(4)]
    again = [live(0, 0, 0x0203), live(2, METER_FAULT, 0x0203), live(1, METER_FAULT), live(3)]
    once, twice = tables_of(entries), tables_of([*entries, *again])
    for kind in ("events", "device_status"):
        pd.testing.assert_frame_equal(once[kind], twice[kind])


def test_an_alarm_of_the_blind_area_is_found_in_what_was_stored() -> None:
    stored = [live(minute, METER_FAULT if minute in {12, 13} else 0, 0x0203) for minute in (11, 12, 13, 14)]
    tables = tables_of([live(0), live(60), *stored, live(61)])
    assert kinds(tables) == ["meter_fault"]
    assert list(tables["device_status"]["to"]) == ["", "2023-07-26T11:55:00.000Z"]


def test_a_clock_not_believed_makes_no_alarm_and_is_counted() -> None:
    records = records_of([(NOON_MS, f905(0x0200, place(1_262_304_827_000, METER_FAULT)))], WHOSE)
    assert set(records.tables) == {"positions"}
    assert records.counts["alarms_with_a_clock_not_believed"] == 1


@pytest.mark.parametrize(
    ("dialect", "code", "kind"),
    [
        ("gdrta", 0x06, ["lens_covered"]),
        ("db32", 0x06, []),
        ("jsatl", 0x06, []),
        ("standard", 0x06, []),
        ("gdrta", 0x0A, ["no_belt_driver"]),
        ("jsatl", 0x0A, []),
        ("db32", 0x05, ["driver_absent"]),
        ("gdrta", 0x05, []),
        ("standard", 0x02, ["phone"]),
        ("gdrta", 0x08, []),
    ],
)
def test_a_code_of_the_camera_means_what_its_dialect_says(dialect: str, code: int, kind: list[str]) -> None:
    body = place_808(NOON_MS) + camera(7, code, 0, NOON_MS)
    records = records_of([(NOON_MS, f808(0x0200, body))], WHOSE, dialect=dialect)
    assert kinds(records.tables) == kind
    assert records.counts[f"camera_code_65_{code:02x}_is_no_event"] == (not kind)


def test_begin_and_end_of_a_camera_alarm_are_one_event_with_its_length_and_media() -> None:
    begin, end = (
        (NOON_MS, f808(0x0200, place_808(NOON_MS + after) + camera(7, 0x02, flag, NOON_MS + after)))
        for after, flag in ((0, 1), (6_000, 2))
    )
    tables = tables_of([begin, end, begin])
    assert len(set(tables["events"]["event_id"])) == 1
    # The begin sent again does not take the length away.
    assert list(tables["events"]["duration_s"]) == ["", "6", "6"]
    assert tables["events"]["media"][0] == f"ABCDE12-{NOON_MS}-3"


def test_an_alarm_number_that_comes_round_is_another_alarm() -> None:
    entries = [
        (NOON_MS, f808(0x0200, place_808(NOON_MS + after) + camera(7, 0x02, 1, NOON_MS + after)))
        for after in (0, 7_200_000)
    ]
    entries = [(moment + 7_200_000, frame) for moment, frame in entries]
    assert tables_of(entries)["events"]["event_id"].nunique() == 2


def signed(message_id: int, driver: str, off: str = "") -> tuple[int, Frame]:
    body = place(NOON_MS) + text("", 16) + text(driver, 19) + text("AA3333", 6)
    if message_id == 0x0B03:
        return NOON_MS, f905(message_id, body + bcd(NOON_MS, "%Y%m%d%H%M"))
    rest = "000030000020000200010000" + "023050000000000001200062520150320505002000000000100"
    return NOON_MS, f905(
        message_id, body + "1111" + bcd(NOON_MS, "%Y%m%d%H%M") + off + (rest + "0" * 80)[:80]
    )


def test_a_sign_out_corrects_the_sign_in() -> None:
    off = bcd(NOON_MS + 600 * MIN, "%Y%m%d%H%M")
    rows = tables_of([signed(0x0B03, "TEST1"), signed(0x0B04, "TEST1", off)])["shifts"]
    assert rows.to_numpy().tolist() == [
        [PLATE, "TEST1", "2023-07-26T11:41:00.000Z", "", "card"],
        [PLATE, "TEST1", "2023-07-26T11:41:00.000Z", "2023-07-26T21:41:00.000Z", "card"],
    ]


def test_a_sign_in_sent_once_more_does_not_open_the_shift_again() -> None:
    off = bcd(NOON_MS + 600 * MIN, "%Y%m%d%H%M")
    entries = [signed(0x0B03, "TEST1"), signed(0x0B04, "TEST1", off), signed(0x0B03, "TEST1")]
    assert tables_of(entries)["shifts"]["end"].tolist() == ["", *["2023-07-26T21:41:00.000Z"] * 2]
    cards = [card(1, NOON_MS), card(2, NOON_MS + MIN), card(1, NOON_MS)]
    assert tables_of(cards)["shifts"]["end"].tolist() == ["", *["2023-07-26T11:42:00.000Z"] * 2]


def test_who_signs_in_after_he_signed_out_begins_another_shift() -> None:
    entries = [card(1, NOON_MS), card(2, NOON_MS + 5 * MIN), card(1, NOON_MS + 9 * MIN)]
    rows = tables_of(entries)["shifts"]
    assert rows["start"].tolist() == [*["2023-07-26T11:41:00.000Z"] * 2, "2023-07-26T11:50:00.000Z"]
    assert rows["end"].tolist() == ["", "2023-07-26T11:46:00.000Z", ""]


def test_a_sign_out_that_tells_a_slightly_other_begin_ends_the_shift_all_the_same() -> None:
    moment, frame = signed(0x0B03, "TEST1")
    earlier = bytes.fromhex(bcd(NOON_MS - 5 * MIN, "%Y%m%d%H%M"))
    powered_on = Frame("jt905", 0x0B03, TERMINAL, 1, frame.body[:66] + earlier)
    off = bcd(NOON_MS + 600 * MIN, "%Y%m%d%H%M")
    entries = [(moment, powered_on), signed(0x0B04, "TEST1", off)]
    rows = tables_of(entries)["shifts"]
    assert set(rows["start"]) == {"2023-07-26T11:36:00.000Z"}
    assert rows["end"].tolist() == ["", "2023-07-26T21:41:00.000Z"]
    # The other way round there is one shift, too.
    rows = tables_of(entries[::-1])["shifts"]
    assert len(set(rows["start"])) == 1
    assert rows["end"].tolist() == ["2023-07-26T21:41:00.000Z"] * 2


def test_a_sign_in_without_a_driver_is_counted() -> None:
    assert records_of([signed(0x0B03, "000")], WHOSE).counts["sign_ins_without_a_driver"] == 1


def card(status: int, moment: int, driver: str = "TEST1", result: int = 0) -> tuple[int, Frame]:
    name = b"TEST".hex()
    body = f"{status:02x}{bcd(moment)}{result:02x}04{name}{text(driver, 20)}0000" + "20301231"
    return moment, f808(0x0702, body)


def test_a_driver_card_in_and_out_is_a_shift() -> None:
    records = records_of([card(1, NOON_MS), card(2, NOON_MS + 60 * MIN), card(1, NOON_MS, result=1)], WHOSE)
    assert records.tables["shifts"]["end"].tolist() == ["", "2023-07-26T12:41:00.000Z"]
    assert records.tables["shifts"]["driver_id"].tolist() == ["TEST1", "TEST1"]
    assert records.counts["driver_cards_not_read"] == 1


def test_a_driver_card_whose_moment_is_no_moment_opens_no_shift() -> None:
    moment, frame = card(1, NOON_MS)
    broken = Frame("jt808", 0x0702, TERMINAL, 1, frame.body.replace(bytes.fromhex(bcd(NOON_MS)), b"\xff" * 6))
    records = records_of([(moment, broken), card(2, NOON_MS + MIN)], WHOSE)
    assert not records.tables
    assert records.counts["unreadable_jt808_0702"] + records.counts["driver_cards_without_a_moment"] == 1
    assert records.counts["driver_cards_out_without_in"] == 1


def ride(message_id: int, extra: str = "") -> tuple[int, Frame]:
    return NOON_MS, f905(message_id, "0000004d" + extra)


def test_a_booked_ride_that_was_refused_leaves_its_chain() -> None:
    entries = [ride(0x8B00, "01" + bcd(NOON_MS + 60 * MIN) + "00"), ride(0x0B01), ride(0x0B08, "02")]
    assert tables_of(entries)["orders"].to_numpy().tolist() == [
        [
            "77",
            PLATE,
            "2023-07-26T11:41:00.000Z",
            "2023-07-26T12:41:00.000Z",
            "",
            "",
            "driver_cancelled",
            "2023-07-26T11:41:00.000Z",
            "other",
        ]
    ]


def test_a_ride_whose_begin_nobody_saw_is_counted() -> None:
    records = records_of([ride(0x0B07)], WHOSE)
    assert "orders" not in records.tables
    assert records.counts["orders_without_their_begin"] == 1


def test_pieces_of_a_picture_in_any_order_are_joined() -> None:
    picture = bytes(range(250))
    pieces = [(at, picture[at : at + 100]) for at in (100, 0, 200)]
    entries = [
        (NOON_MS, f905(0x0800, f"00000000000501000000fa{at:08x}{piece.hex()}")) for at, piece in pieces
    ]
    (media,) = records_of(entries, WHOSE).media
    assert (media.data, media.sha256) == (picture, hashlib.sha256(picture).hexdigest())
    assert (media.vehicle, media.media_id, media.channel) == (PLATE, 5, 1)


def piece(at: int, data: bytes, total: int) -> tuple[int, Frame]:
    return NOON_MS, f905(0x0800, f"00000000000501{total:08x}{at:08x}{data.hex()}")


def test_a_picture_of_many_pieces_is_joined_without_joining_it_at_every_piece() -> None:
    picture = bytes(range(256)) * 4_096
    entries = [piece(at, picture[at : at + 512], len(picture)) for at in range(0, len(picture), 512)]
    (media,) = records_of(entries, WHOSE).media
    assert media.data == picture


def test_pieces_that_overlap_without_end_take_bounded_room() -> None:
    state = State()
    for at in range(400):
        state = records_of([piece(at, bytes(500), 1_000)], WHOSE, state).state
        assert len(state.to_text()) < 10_000


def test_what_is_not_used_is_counted() -> None:
    entries = [
        (NOON_MS, Frame("jt905", 0x0200, "109999999999", 1, bytes.fromhex(place(NOON_MS)))),
        (NOON_MS, f905(0x7777, "00")),
        (NOON_MS, f905(0x0200, "00")),
    ]
    assert dict(records_of(entries, WHOSE).counts) == {
        "frames_of_unknown_terminals": 1,
        "unknown_jt905_7777": 1,
        "unreadable_jt905_0200": 1,
    }


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_columns_are_those_of_the_record_kinds(kind: str) -> None:
    named = {column.name: column.required for column in KINDS[kind].columns}
    assert set(COLUMNS[kind]) <= set(named)
    assert {name for name, required in named.items() if required} <= set(COLUMNS[kind])


def test_a_frame_on_which_the_program_breaks_costs_itself_and_is_kept() -> None:
    broken = Frame("jt905", 0x0200, TERMINAL, 1, None)  # type: ignore[arg-type]  # what no stream can give
    records = records_of([live(0), (NOON_MS, broken), live(1)], WHOSE)
    assert len(records.tables["positions"]) == 2
    assert records.failed == ((NOON_MS, broken),)
    assert records.counts["failed_jt905_0200"] == 1


MINUTES = st.integers(0, 90)
ENTRIES = st.lists(
    st.one_of(
        st.builds(live, MINUTES, st.sampled_from([0, 1, METER_FAULT, 1 << 2, 1 << 2 | 1 << 3])),
        st.builds(live, MINUTES, st.sampled_from([0, METER_FAULT]), st.just(0x0203)),
        st.builds(
            lambda minute, flag, code: (
                NOON_MS + minute * MIN,
                f808(
                    0x0200,
                    place_808(NOON_MS + minute * MIN, status=0x302)
                    + camera(7, code, flag, NOON_MS + minute * MIN),
                ),
            ),
            MINUTES,
            st.integers(0, 2),
            st.sampled_from([1, 2]),
        ),
        st.builds(
            lambda number, rating: (NOON_MS, f905(0x0B05, trip(trip_no=number, rating=rating))),
            st.integers(1, 3),
            st.integers(0, 5),
        ),
        st.builds(
            lambda number, minute: signed(number, "TEST1", bcd(NOON_MS + minute * MIN, "%Y%m%d%H%M")),
            st.sampled_from([0x0B03, 0x0B04]),
            MINUTES,
        ),
        st.builds(lambda status, minute: card(status, NOON_MS + minute * MIN), st.integers(1, 2), MINUTES),
        st.sampled_from([ride(0x8B00, "01" + bcd(NOON_MS) + "00"), ride(0x0B01), ride(0x0B07)]),
        st.builds(
            lambda index: (
                NOON_MS,
                Frame("jt808", 0x0801, TERMINAL, 50 + index, bytes(40), total=2, index=index),
            ),
            st.integers(1, 2),
        ),
        st.builds(
            lambda at: (NOON_MS, f905(0x0800, f"0000000000050100000004{at:08x}abcd")), st.sampled_from([0, 2])
        ),
    ),
    max_size=24,
)


@given(entries=ENTRIES, cuts=st.lists(st.integers(0, 24), max_size=5))
def test_any_cutting_into_batches_gives_the_same_records(
    entries: list[tuple[int, Frame]], cuts: list[int]
) -> None:
    whole = records_of(entries, WHOSE)
    edges = sorted({0, len(entries), *(min(cut, len(entries)) for cut in cuts)})
    state = State()
    tables: dict[str, list[pd.DataFrame]] = {}
    media: list[Media] = []
    counts = whole.counts.copy()
    counts.clear()
    for start, end in itertools.pairwise(edges):
        part = records_of(entries[start:end], WHOSE, State.from_text(state.to_text()))
        state = part.state
        media += part.media
        counts += part.counts
        for kind, frame in part.tables.items():
            tables.setdefault(kind, []).append(frame)
    assert set(tables) == set(whole.tables)
    for kind, frames in tables.items():
        pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), whole.tables[kind])
    assert tuple(media) == whole.media
    assert counts == +whole.counts
    assert state.to_text() == whole.state.to_text()
