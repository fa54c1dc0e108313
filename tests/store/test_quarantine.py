import pandas as pd

from taxi_qa.store.home import Home, writing
from taxi_qa.store.quarantine import EXPORT_COLUMNS, exported, listed, retry_batches, summary
from tests.store.making import delivery, refused, rows, trip


def refuse(home: Home, *raws: str, name: str = "trips.csv", layout: str = "") -> int:
    """Refuse rows of one file; how many were reported."""
    with writing(home), delivery(home, name=name, sha256=name) as going_in:
        going_in._source["layout"] = layout
        going_in.refuse(refused(*raws))
        return going_in.commit().quarantined


def test_a_refused_row_keeps_its_place_its_reason_and_its_text(home: Home) -> None:
    refuse(home, "A,213,\x00")
    (row,) = listed(home).to_dict("records")
    assert row == {
        "id": 1, "file": "trips.csv", "kind": "trips", "row": 2, "record": 1, "column": "lon",
        "reason": "213 is no longitude", "raw": "A,213,\\x00", "state": "open", "profile": "",
        "datum": "wgs84",
    }  # fmt: skip


def test_two_equal_bad_lines_of_a_file_are_two_and_the_file_again_brings_none(home: Home) -> None:
    assert refuse(home, "x", "y", "x") == 3
    assert refuse(home, "x", "y", "x", "z", name="longer.csv") == 4
    assert listed(home)["raw"].to_list() == ["x", "y", "x", "z"]
    assert summary(home)[["file", "rows", "first_row"]].to_numpy().tolist() == [
        ["longer.csv", 1, 5],
        ["trips.csv", 3, 2],
    ]


def test_retry_gives_back_the_rows_of_each_source_with_how_to_read_them(home: Home) -> None:
    refuse(home, "x", "y", name="a.csv", layout="header a")
    refuse(home, "z", name="b.csv", layout="header b")
    batches = list(retry_batches(home))
    assert [(b.file, b.kind, b.layout, b.rows["raw"].to_list()) for b in batches] == [
        ("a.csv", "trips", "header a", ["x", "y"]),
        ("b.csv", "trips", "header b", ["z"]),
    ]
    mended = pd.DataFrame({"id": [2, 99], "raw": ["y mended", "of nobody"]})
    (batch,) = retry_batches(home, mended)
    assert batch.rows.to_dict("records") == [{"id": 2, "row": 3, "record": 2, "raw": "y mended"}]


def test_rows_that_got_in_are_accepted_and_the_others_say_why_not(home: Home) -> None:
    refuse(home, "x", "y")
    with writing(home), delivery(home, sha256="again") as going_in:
        going_in.add_records("trips", rows("trips", trip("X")))
        still = pd.DataFrame(
            {"id": [2], "column": ["lat"], "reason": ["91 is no latitude"], "raw": ["y mended"]}
        )
        going_in.settle([1], still)
        going_in.commit()
    assert listed(home)[["state", "column", "raw"]].to_numpy().tolist() == [
        ["accepted", "lon", "x"],
        ["still refused", "lat", "y mended"],
    ]
    assert listed(home, state="accepted")["id"].to_list() == [1]
    assert [batch.rows["id"].to_list() for batch in retry_batches(home)] == [[2]]
    refuse(home, "x", "y", name="sent again.csv")
    assert len(listed(home)) == 2


def test_an_abandoned_second_try_settles_nothing(home: Home) -> None:
    refuse(home, "x")
    with writing(home), delivery(home, sha256="again") as going_in:
        going_in.settle([1], pd.DataFrame({"id": [], "column": [], "reason": [], "raw": []}))
    assert listed(home)["state"].to_list() == ["open"]


def test_an_export_holds_every_row_once(home: Home) -> None:
    refuse(home, *(f"raw {n}" for n in range(45_000)))
    frames = list(exported(home, kind="trips", state="open"))
    assert [len(frame) for frame in frames] == [20_000, 20_000, 5_000]
    assert list(frames[0].columns) == [name for name, _ in EXPORT_COLUMNS]
    assert pd.concat(frames)["raw"].nunique() == 45_000
    assert list(exported(home, kind="orders")) == []
