import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from taxi_qa.store.casebook import (
    Job,
    RunHead,
    findings_kept,
    finish_run,
    jobs_done,
    keep_outcomes,
    reopen_run,
    runs,
    start_run,
    tallies,
)
from taxi_qa.store.engine import transaction
from taxi_qa.store.export import EXPORT_COLUMNS, RuleAbout, findings, iso_texts
from taxi_qa.store.home import Home
from taxi_qa.values.clock import iso_of
from tests.store.making import RULE, finding, outcome, unjudged

JOB = Job(20_717, 1, "trips")
ABOUT = {RULE: RuleAbout("六.5", "stable", "多收费", "Overcharging")}


def begin(home: Home, run_id: str = "run 1") -> str:
    start_run(home, RunHead(run_id, 20_717, 20_718, (RULE,), (), None, 1_790_000_000_000))
    return run_id


def export(home: Home, **cut: object) -> pd.DataFrame:
    frames = list(findings(home, about=ABOUT, **cut))  # type: ignore[arg-type]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"trip_id": [], "start": []})


def decide(home: Home, trip_id: str, status: str) -> None:
    """What the desk of reviewers will do."""
    with transaction(home.engine) as connection:
        connection.execute(
            text("UPDATE findings SET status = :s WHERE trip_id = :t"), {"s": status, "t": trip_id}
        )


def test_an_export_has_exactly_the_columns_of_the_contract(home: Home) -> None:
    keep_outcomes(home, begin(home), JOB, [outcome(finding("A"))])
    frame = export(home)
    assert tuple(frame.columns) == EXPORT_COLUMNS
    (row,) = frame.replace({np.nan: None}).to_dict("records")
    assert row == {
        "finding_id": finding("A").finding_id, "rule": RULE, "clause": "六.5", "verdict": "found",
        "stage": "stable", "status": "detected", "vehicle_id": "粤T12345", "driver_id": "D1",
        "company_id": "C1", "trip_id": "A",
        "start": "2026-09-21T22:13:20+08:00", "end": "2026-09-21T22:23:20+08:00",
        "lon": 113.38, "lat": None, "measured": 1_300.0, "allowed": 1_200.0, "unit": "fen",
        "sources": "meter", "evidence": '{"paid_fen": 1300}', "leans_on": "fare.per_km@2022-07-01",
        "rule_version": 1,
        "run_id": "run 1", "title_zh": "多收费", "title_en": "Overcharging",
    }  # fmt: skip


def test_the_same_outcomes_again_change_nothing(home: Home) -> None:
    begin(home)
    said = [outcome(finding("A"), finding("B"), cannot_tell=unjudged("C"))]
    keep_outcomes(home, "run 1", JOB, said)
    before = export(home, with_cannot_tell=True)
    keep_outcomes(home, "run 1", JOB, said)
    pd.testing.assert_frame_equal(export(home, with_cannot_tell=True), before)
    assert tallies(home, "run 1").to_dict("records") == [
        {"day": 20_717, "bucket": 1, "scope": "trips", "rule": RULE, "rule_version": 1, "examined": 10,
         "found": 2, "clean": 7, "cannot_tell": 1, "excused": 0}
    ]  # fmt: skip


def test_what_is_not_found_any_more_is_withdrawn_and_may_come_back(home: Home) -> None:
    keep_outcomes(home, begin(home), JOB, [outcome(finding("A"), finding("B"))])
    keep_outcomes(home, begin(home, "run 2"), JOB, [outcome(finding("B", measured=1_500.0))])
    frame = export(home)
    assert frame[["trip_id", "measured", "run_id"]].to_numpy().tolist() == [["B", 1_500.0, "run 2"]]
    keep_outcomes(home, begin(home, "run 3"), JOB, [outcome(finding("A"))])
    assert export(home)[["trip_id", "run_id"]].to_numpy().tolist() == [["A", "run 3"]]


def test_other_jobs_rules_and_vehicles_are_left_alone(home: Home) -> None:
    begin(home)
    other_rule = finding("A", rule="fare.early_meter")
    others = finding("B", vehicle_id="粤T99999")
    keep_outcomes(
        home, "run 1", JOB,
        [
            outcome(finding("A"), others, cannot_tell=unjudged("C")),
            outcome(other_rule, rule="fare.early_meter"),
        ],
    )  # fmt: skip
    keep_outcomes(home, "run 1", Job(20_718, 1, "trips"), [outcome(finding("D"))])
    # Only one vehicle is judged again, and nothing is found of it.
    keep_outcomes(home, "run 1", JOB, [outcome()], vehicles=["粤T12345"])
    frame = export(home, with_cannot_tell=True)
    assert sorted(zip(frame["rule"], frame["trip_id"], strict=True)) == [
        ("fare.early_meter", "A"), (RULE, "B"), (RULE, "D"),
    ]  # fmt: skip
    keep_outcomes(home, "run 1", JOB, [outcome(cannot_tell=unjudged("E"))], vehicles=["粤T12345"])
    assert set(export(home, with_cannot_tell=True)["trip_id"]) == {"A", "B", "D", "E"}


def test_a_decided_case_is_never_overwritten_but_doubts_are_noted(home: Home) -> None:
    keep_outcomes(home, begin(home), JOB, [outcome(finding("A"), finding("B"), finding("C"))])
    decide(home, "A", "confirmed")
    decide(home, "B", "queued")
    decide(home, "C", "queued")

    def noted() -> dict[str, str | None]:
        with home.engine.connect() as connection:
            rows = connection.execute(text("SELECT trip_id, unsettled_by FROM findings"))
            return {str(trip_id): by for trip_id, by in rows}

    keep_outcomes(home, begin(home, "run 2"), JOB, [outcome(finding("B", measured=9.0), finding("C"))])
    frame = export(home)
    assert frame.sort_values("trip_id")[["trip_id", "status", "measured", "run_id"]].to_numpy().tolist() == [
        ["A", "confirmed", 1_300.0, "run 1"],
        ["B", "queued", 1_300.0, "run 1"],
        ["C", "queued", 1_300.0, "run 1"],
    ]
    assert noted() == {"A": "run 2", "B": "run 2", "C": None}
    keep_outcomes(home, "run 1", JOB, [outcome(finding("A"), finding("B"), finding("C"))])
    assert noted() == {"A": None, "B": None, "C": None}


def test_an_act_that_moved_to_another_job_stands_once(home: Home) -> None:
    begin(home)
    keep_outcomes(home, "run 1", JOB, [outcome(finding("A"))])
    moved = finding("A", start_ms=1_790_086_400_000)
    later = Job(20_718, 1, "trips")
    keep_outcomes(home, "run 1", later, [outcome(moved)])
    keep_outcomes(home, "run 1", JOB, [outcome()])
    assert export(home)["start"].to_list() == ["2026-09-22T22:13:20+08:00"]


def test_a_rule_that_names_two_acts_alike_is_a_mistake(home: Home) -> None:
    with pytest.raises(ValueError, match="two acts"):
        keep_outcomes(home, begin(home), JOB, [outcome(finding("A"), finding("A"))])
    assert jobs_done(home, "run 1") == set()
    assert export(home).empty


def test_a_run_remembers_its_jobs(home: Home) -> None:
    begin(home)
    begin(home)
    keep_outcomes(home, "run 1", JOB, [])
    assert jobs_done(home, "run 1") == {JOB}
    finish_run(home, "run 1", 1_790_000_001_000)
    assert runs(home)["finished_ms"].to_list() == [1_790_000_001_000]
    reopen_run(home, "run 1")
    assert jobs_done(home, "run 1") == set()
    assert runs(home)["finished_ms"].isna().all()


def test_an_export_is_ordered_by_start_over_found_and_unjudged(home: Home) -> None:
    begin(home)
    rng = np.random.default_rng(7)
    starts = (1_790_000_000_000 + rng.integers(0, 5 * 86_400_000, 60)).tolist()
    for n in range(0, 60, 2):
        job = Job(20_717 + n // 20, n % 4, "trips")
        found = finding(f"F{n}", start_ms=starts[n])
        keep_outcomes(
            home, "run 1", job,
            [outcome(found, rule=RULE, cannot_tell=unjudged(f"U{n}", start_ms=starts[n + 1]))],
        )  # fmt: skip
    frame = export(home, with_cannot_tell=True)
    kept = frame[["start", "finding_id"]].to_numpy().tolist()
    assert kept == sorted(kept)
    assert (frame["missing"] == "").sum() == len(export(home))
    assert set(frame.loc[frame["verdict"] == "cannot_tell", "missing"]) == {"metered_m"}


def test_an_export_is_cut_by_day_and_rule(home: Home) -> None:
    begin(home)
    for day in (20_716, 20_717, 20_718):
        found = finding(str(day)), finding(f"other {day}", rule="fare.early_meter")
        keep_outcomes(
            home, "run 1", Job(day, 0, "trips"),
            [outcome(found[0]), outcome(found[1], rule="fare.early_meter")],
        )  # fmt: skip
    assert len(export(home)) == 6
    cut = export(home, from_day=20_717, to_day=20_717, rules=[RULE], with_cannot_tell=True)
    assert cut["trip_id"].to_list() == ["20717"]
    kept = findings_kept(home)
    assert dict(zip(kept["rule"], kept["findings"], strict=True)) == {"fare.early_meter": 3, RULE: 3}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "America/St_Johns", "UTC"])
def test_times_are_written_as_the_clock_writes_them(zone: str) -> None:
    instants = np.array([0, 1_790_000_000_000, 1_790_000_000_123, 1_772_953_200_000, 1_772_956_800_000])
    assert list(iso_texts(instants, zone)) == [iso_of(int(i), zone) for i in instants]
