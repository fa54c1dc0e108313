"""The laboratory's own sums, on keys and findings a person can count."""

import pandas as pd

from taxi_qa.lab.score import TABLE, innocents, matched, scored

BEGIN = pd.Timestamp("2026-10-20T00:00:00Z")


def acts(*rows: tuple[str, str, str, str, str, int, int]) -> pd.DataFrame:
    """rule, label, car, driver, trip, from and to (minutes of the day)."""
    names = ["rule", "label", "vehicle_id", "driver_id", "trip_id", "start", "end"]
    return timed(pd.DataFrame(rows, columns=names)).assign(note="")


def said(*rows: tuple[str, str, str, str, str, int, int]) -> pd.DataFrame:
    """rule, verdict/status/stage, car, driver, trip, from and to (minutes of the day)."""
    names = ["rule", "how", "vehicle_id", "driver_id", "trip_id", "start", "end"]
    frame = timed(pd.DataFrame(rows, columns=names))
    frame[["verdict", "status", "stage"]] = frame.pop("how").str.split("/", expand=True)
    return frame


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    for name in ("start", "end"):
        frame[name] = BEGIN + pd.to_timedelta(frame[name], unit="min")
    return frame


KEY = acts(
    ("r", "clear", "A", "D1", "T1", 10, 20),
    ("r", "clear", "A", "D1", "T2", 30, 40),
    ("r", "clear", "B", "D2", "", 10, 20),
    ("r", "clear", "B", "D2", "T9", 500, 510),
    ("r", "near_miss", "C", "D3", "T3", 10, 20),
    ("r", "look_alike", "C", "D3", "T4", 30, 40),
    ("s", "clear", "A", "D1", "T1", 10, 20),
)


def test_every_kind_of_answer_is_counted_once() -> None:
    findings = said(
        ("r", "found/detected/stable", "A", "D1", "T1", 10, 20),
        # The same act once more, by another name of the trip's car: a duplicate.
        ("r", "found/detected/stable", "A", "D1", "T1", 11, 12),
        ("r", "cannot_tell//", "A", "D1", "T2", 30, 40),
        # No trip is named: the car and the time (9 minutes off) tell.
        ("r", "found/detected/trial", "B", "D2", "", 29, 31),
        ("r", "found/detected/stable", "C", "D3", "T3", 10, 20),
        ("r", "found/excused/stable", "C", "D3", "T4", 30, 40),
        ("r", "found/detected/stable", "E", "D5", "T7", 30, 40),
    )
    told = scored(KEY, findings).loc["r"]
    # planted, found, cannot tell, missed, near misses, look-alikes, wrongly found, duplicates
    assert list(told.loc[list(TABLE[:-2])]) == [4, 2, 1, 1, 1, 0, 1, 1]
    assert told["recall"] == 2 / 4
    assert told["precision"] == 2 / 4
    nothing = scored(KEY, findings).loc["s"]
    assert (nothing["planted"], nothing["missed"], nothing["recall"]) == (1, 1, 0.0)
    assert pd.isna(nothing["precision"])
    accused = innocents(KEY, findings)
    assert list(accused["driver_id"]) == ["D3", "D5"]


def test_another_trip_or_a_later_hour_is_another_act() -> None:
    findings = said(
        ("r", "found/detected/stable", "A", "D1", "T8", 10, 20),
        ("r", "found/detected/stable", "B", "D2", "", 31, 33),
        ("r", "found/detected/stable", "A", "D1", "T2", 700, 710),
    )
    # A trip's name tells more than its time.
    assert matched(KEY, findings).tolist() == [-1, -1, 1]


def test_an_act_without_a_car_is_the_driver_s() -> None:
    key = acts(("r", "clear", "", "D1", "", 0, 60))
    findings = said(("r", "found/detected/stable", "A", "D1", "", 10, 20))
    assert matched(key, findings).tolist() == [0]
    assert scored(key, findings).loc["r", "recall"] == 1


def test_nothing_said_is_nothing_found() -> None:
    told = scored(KEY, said(("r", "found/detected/stable", "Z", "D9", "T0", 0, 1)).iloc[:0])
    assert told["found"].sum() == 0
    assert told["missed"].sum() == 5


def test_two_acts_of_a_car_have_a_finding_each() -> None:
    key = acts(
        ("r", "clear", "A", "", "", 10, 10),
        ("r", "clear", "A", "", "", 10, 20),
        ("r", "look_alike", "A", "", "", 21, 22),
    )
    findings = said(
        # Both fit the second act better than the first; the one that fits it better still has it.
        ("r", "found/detected/stable", "A", "D1", "", 12, 14),
        ("r", "found/detected/stable", "A", "D1", "", 11, 19),
        # No clear act is left: the third is the second's again, and not the look-alike's beside it.
        ("r", "found/detected/stable", "A", "D1", "", 16, 17),
        # What was excused, and what nobody could tell, take no accusation's act away.
        ("r", "found/excused/stable", "A", "D1", "", 10, 20),
        ("r", "cannot_tell//", "A", "D1", "", 10, 20),
    )
    assert matched(key, findings).tolist() == [0, 1, 1, 1, 1]
    told = scored(key, findings).loc["r"]
    # planted, found, cannot tell, missed, near misses, look-alikes, wrongly found, duplicates
    assert list(told.loc[list(TABLE[:-2])]) == [2, 2, 0, 0, 0, 0, 0, 1]


def test_one_document_judged_by_two_rules_is_one_act() -> None:
    key = acts(
        ("record.inspection_refused", "clear", "A", "D1", "", 10, 10),
        ("record.inspection_refused", "look_alike", "B", "D2", "", 10, 10),
        ("hub.inspection_refused", "clear", "C", "D3", "", 10, 10),
    )
    rows = [
        (rule, "found/detected/stable", car, driver, "", 10, 10)
        for rule in ("record.inspection_refused", "hub.inspection_refused")
        for car, driver in (("A", "D1"), ("B", "D2"), ("C", "D3"))
    ]
    findings = said(*rows)
    # The hub's act is no document of the register: only what is on record is judged twice.
    assert matched(key, findings).tolist() == [0, 1, -1, 0, 1, 2]
    hub = scored(key, findings).loc["hub.inspection_refused"]
    assert list(hub.loc[list(TABLE[:-2])]) == [1, 1, 0, 0, 0, 1, 0, 0]
    assert list(innocents(key, findings)["driver_id"]) == ["D2", "D3", "D2"]
