import random
import traceback
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home, make_home, writing
from taxi_qa.store.inbox import Counts, source_by_sha, sources
from taxi_qa.store.library import data_span, partitions, records, rows_kept
from taxi_qa.store.presence import delivered, delivered_ever
from tests.store.conftest import Put
from tests.store.making import delivery, refused, rows, trip

DAY_MS = 86_400_000


def paid(home: Home) -> dict[str, int]:
    frame = records(home, "trips")
    return dict(zip(frame["trip_id"], frame["paid_fen"], strict=True))


def test_the_same_row_twice_is_once(home: Home, put: Put) -> None:
    assert put("trips", trip("A"), trip("B"), trip("A")) == Counts(2, 1, 0, 0)
    assert put("trips", trip("B"), trip("C")) == Counts(1, 1, 0, 0)
    assert paid(home) == {"A": 1_200, "B": 1_200, "C": 1_200}


def test_other_content_is_a_correction_and_both_are_kept(home: Home, put: Put) -> None:
    put("trips", trip("A", paid_fen=1_000), trip("B"))
    assert put("trips", trip("A", paid_fen=1_100)) == Counts(0, 0, 1, 0)
    assert paid(home) == {"A": 1_100, "B": 1_200}
    versions = records(home, "trips", all_versions=True)
    of_a = versions[versions["trip_id"] == "A"]
    assert of_a["paid_fen"].to_list() == [1_000, 1_100]
    assert of_a["superseded_by"].to_list() == [of_a["id"].iloc[1], pd.NA]


def test_a_correction_touches_the_day_it_leaves_and_the_day_it_goes_to(home: Home, put: Put) -> None:
    before, after = 1_790_000_000_000, 1_790_000_000_000 + 2 * DAY_MS
    first = before // DAY_MS
    put("trips", trip("A"), trip("B", boarded_ms=before - 2 * DAY_MS))
    one = delivered(home, first - 5, first + 5)
    put("trips", trip("A", boarded_ms=after))
    two = delivered(home, first - 5, first + 5)
    changed = {day for (kind, day, _), number in two.items() if one.get((kind, day, _)) != number}
    (day_before,) = {day for _, day, _ in one if abs(day - first) <= 1}
    assert changed == {day_before, day_before + 2}
    assert set(two.values()) == {1, 2}
    assert delivered_ever(home) == {"trips": 2}
    put("trips", trip("A", boarded_ms=after))
    assert delivered(home, first - 5, first + 5) == two, "what is there already touches nothing"


def test_corrections_within_one_file_go_by_its_order(home: Home, put: Put) -> None:
    a_day_later = 1_790_000_000_000 + DAY_MS
    # The middle version lies on another day: the order of arrival counts, not that of the days.
    counts = put(
        "trips",
        trip("A", paid_fen=3),
        trip("A", paid_fen=2, boarded_ms=a_day_later),
        trip("A", paid_fen=1),
        trip("A", paid_fen=2, boarded_ms=a_day_later),
    )
    assert counts == Counts(1, 1, 2, 0)
    assert paid(home) == {"A": 1}


def test_an_old_file_sent_again_does_not_undo_a_correction(home: Home, put: Put) -> None:
    put("trips", trip("A", paid_fen=1))
    put("trips", trip("A", paid_fen=2))
    assert put("trips", trip("A", paid_fen=1)) == Counts(0, 1, 0, 0)
    assert paid(home) == {"A": 2}


def test_a_key_of_several_columns_is_one_key(home: Home, put: Put) -> None:
    state = {"vehicle_id": "V", "device": "meter", "from_ms": 1_790_000_000_000, "state": "down"}
    other = state | {"device": "camera"}
    assert put("device_status", state, other) == Counts(2, 0, 0, 0)
    assert put("device_status", state | {"to_ms": 1_790_000_060_000}, other) == Counts(0, 1, 1, 0)
    frame = records(home, "device_status")
    assert frame["device"].to_list() == ["camera", "meter"]
    assert frame["to_ms"].to_list() == [pd.NA, 1_790_000_060_000]


def test_neither_absent_columns_nor_their_order_make_a_correction(home: Home, put: Put) -> None:
    put("trips", trip("A", order_id=None, rating=None))
    assert put("trips", dict(reversed(trip("A").items()))) == Counts(0, 1, 0, 0)
    assert put("trips", trip("A", order_id="")) == Counts(0, 1, 0, 0)
    assert len(records(home, "trips", all_versions=True)) == 1


def test_late_rows_are_just_rows(home: Home, put: Put) -> None:
    put("trips", trip("B", boarded_ms=1_790_000_000_000))
    put("trips", trip("A", boarded_ms=1_790_000_000_000 - 3 * DAY_MS))
    assert list(paid(home)) == ["A", "B"]
    # 1,790,000,000,000 ms = 2026-09-21 22:13:20 +08:00, city day 20,717; bucket of the plate by CRC-32 mod 4.
    assert data_span(home) == (20_714, 20_717)
    days = [day for day, _ in partitions(home, 0, 99_999)]
    assert days == [20_714, 20_717]
    assert partitions(home, 20_715, 20_716) == []


def test_rows_without_a_vehicle_are_in_no_bucket(home: Home, put: Put) -> None:
    complaint = {"complaint_id": "1", "received_ms": 1_790_000_000_000, "category": "detour"}
    put("complaints", complaint, complaint | {"complaint_id": "2", "vehicle_id": "V"})
    assert len(records(home, "complaints")) == 2
    in_buckets = [records(home, "complaints", bucket=bucket)["complaint_id"].to_list() for bucket in range(4)]
    assert sorted(in_buckets) == [[], [], [], ["2"]]


def test_nothing_is_visible_before_the_commit_and_nothing_after_abandoning(home: Home, put: Put) -> None:
    put("trips", trip("A"))
    with writing(home):
        with delivery(home) as going_in:
            going_in.add_records("trips", rows("trips", trip("B"), trip("A", paid_fen=9)))
            going_in.refuse(refused("x,y"))
            assert paid(home) == {"A": 1_200}
        assert paid(home) == {"A": 1_200}
        assert source_by_sha(home, "sha") is None
        with pytest.raises(RuntimeError, match="ended"):
            going_in.commit()


def test_the_caller_must_hold_the_lock(home: Home) -> None:
    with pytest.raises(RuntimeError, match="writing"):
        delivery(home)


def test_an_identical_file_is_known_by_its_bytes(home: Home) -> None:
    with writing(home), delivery(home) as going_in:
        going_in.note_unknown(["colour", "天气"])
        going_in.add_records("trips", rows("trips", trip("A"), trip("A")))
        going_in.refuse(refused("x,y"))
        counts = going_in.commit()
    known = source_by_sha(home, "sha", kind="trips", profile="", datum="wgs84")
    assert known is not None
    assert known.counts == counts == Counts(accepted=1, duplicates=1, corrections=0, quarantined=1)
    assert known.unknown_columns == ("colour", "天气")
    assert source_by_sha(home, "sha", datum="gcj02") is None
    assert [source.name for source in sources(home)] == ["trips.csv"]


def test_more_rows_than_a_chunk_go_in_and_are_sorted_out_across_chunks(home: Home) -> None:
    n = 60_000
    frame = pd.concat([rows("trips", trip("A"))] * n, ignore_index=True)
    frame["trip_id"] = pd.array([f"T{i % 40_000}" for i in range(n)], dtype="str")
    frame.loc[n - 1, "paid_fen"] = 5
    with writing(home), delivery(home) as going_in:
        going_in.add_records("trips", frame)
        assert going_in.commit() == Counts(40_000, 19_999, 1, 0)
    assert paid(home)["T19999"] == 5
    assert rows_kept(home)["rows"].to_list() == [40_000]


def test_text_of_any_kind_comes_back_as_it_was(home: Home, put: Put) -> None:
    words = "引号\"'; DROP TABLE trips; --\t\\N \\ 😀 %s ? :a\nzweite"
    put(
        "complaints",
        {"complaint_id": "1", "received_ms": 1, "category": "other", "text": words, "cooperated": True},
    )
    frame = records(home, "complaints")
    assert frame["text"].to_list() == [words]
    assert frame["cooperated"].to_list() == [True]
    assert str(frame["cooperated"].dtype) == "boolean"


def test_every_kind_keeps_its_columns_and_dtypes(home: Home) -> None:
    from taxi_qa.store.tables import RECORD_KINDS  # noqa: PLC0415

    for name, kind in RECORD_KINDS.items():
        frame = records(home, name)
        assert frame.dtypes.astype("str").to_dict() == {c.inside: c.dtype for c in kind.columns}


versions = st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 3)), min_size=1, max_size=12)


@settings(max_examples=12)
@given(files=st.lists(versions, min_size=1, max_size=4), data=st.data())
def test_the_latest_first_seen_content_counts_however_the_rows_are_cut_into_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    arrivals = [version for file in files for version in file]
    expected = dict(iter(dict.fromkeys(arrivals)))  # each content counts from its first arrival
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arrivals)), max_size=3)))
    edges = [0, *cuts, len(arrivals)]
    home = make_home(tmp_path_factory.mktemp("home"), buckets=4)
    with writing(home):
        for start, stop in pairwise(edges):
            with delivery(home) as going_in:
                records_in = [trip(key, paid_fen=content) for key, content in arrivals[start:stop]]
                if records_in:
                    going_in.add_records("trips", rows("trips", *records_in))
                going_in.commit()
    assert paid(home) == expected
    home.engine.dispose()


@settings(max_examples=12)
@given(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_unambiguous_rows_give_the_same_whatever_their_order_and_repetition(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], shuffler: random.Random
) -> None:
    found = []
    for order in (sorted(set(keys)), shuffler.sample(keys, len(keys))):
        home = make_home(tmp_path_factory.mktemp("home"), buckets=4)
        with writing(home):
            for key in order:
                with delivery(home) as going_in:
                    going_in.add_records("trips", rows("trips", trip(key, paid_fen=ord(key))))
                    going_in.commit()
        found.append(records(home, "trips"))
        home.engine.dispose()
    pd.testing.assert_frame_equal(found[0], found[1])


def test_errors_of_the_database_print_no_rows(home: Home) -> None:
    broken = rows("trips", trip("A", vehicle_id="粤T秘密1")).drop(columns="fare_fen")
    with writing(home), delivery(home) as going_in, pytest.raises(Exception, match="fare_fen") as caught:
        going_in.add_records("trips", broken)
    said = "".join(traceback.format_exception(caught.value))
    assert "NOT NULL" in said.upper().replace("-", " ")
    assert "秘密" not in said


def test_errors_of_a_statement_print_no_rows(home: Home) -> None:
    statement = text("INSERT INTO settings (name, value) VALUES (:n, :v)")
    values = {"n": "city", "v": "粤T秘密1"}
    with pytest.raises(IntegrityError) as caught, transaction(home.engine) as connection:
        connection.execute(statement, values)
    assert "秘密" not in "".join(traceback.format_exception(caught.value))


def test_a_home_in_a_strange_place_works(tmp_path: Path) -> None:
    place = tmp_path / "100% ?#; 家'\""
    home = make_home(place)
    with writing(home), delivery(home) as going_in:
        going_in.add_records("trips", rows("trips", trip("A")))
        going_in.commit()
    assert (place / "taxi_qa.db").is_file()
    assert paid(home) == {"A": 1_200}
    home.engine.dispose()
