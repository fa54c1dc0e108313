import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from taxi_qa.findings.finding import Outcome
from taxi_qa.store.casebook import findings_kept, keep_all, keep_outcomes, tallies
from taxi_qa.store.engine import transaction
from taxi_qa.store.export import EXPORT_COLUMNS, RuleAbout, findings, iso_texts
from taxi_qa.store.home import Home
from taxi_qa.store.run_log import Job, RunHead, finish_run, jobs_done, reopen_run, runs, start_run
from taxi_qa.store.said import Said, said_of
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


def test_several_findings_may_change_at_once(home: Home) -> None:
    keep_outcomes(home, begin(home), JOB, [outcome(*(finding(name) for name in "ABC"))])
    other = [
        finding(name, measured=measured) for name, measured in zip("AB", (1_400.0, 1_500.0), strict=True)
    ]
    keep_outcomes(home, begin(home, "run 2"), JOB, [outcome(*other, finding("C"))])
    frame = export(home).sort_values("trip_id")
    assert frame[["trip_id", "measured", "run_id"]].to_numpy().tolist() == [
        ["A", 1_400.0, "run 2"],
        ["B", 1_500.0, "run 2"],
        ["C", 1_300.0, "run 2"],
    ]


def say(job: Job, *outcomes: Outcome) -> list[Said]:
    return [said_of(one, {job.bucket: one.examined}, lambda _: job.bucket)[job.bucket] for one in outcomes]


def standing(home: Home) -> list[tuple[object, ...]]:
    with home.engine.connect() as connection:
        query = "SELECT trip_id, day, bucket, run_id, withdrawn_by FROM findings ORDER BY trip_id, day"
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize("turned", [False, True])
def test_an_act_that_moves_within_one_transaction_stands_once(home: Home, *, turned: bool) -> None:
    earlier, later = Job(20_717, 1, "trips"), Job(20_718, 1, "trips")
    keep_all(home, begin(home), {earlier: say(earlier, outcome(finding("A"))), later: say(later, outcome())})
    moved = outcome(finding("A", start_ms=1_790_086_400_000))
    said = {earlier: say(earlier, outcome()), later: say(later, moved)}
    if turned:
        said = dict(reversed(said.items()))
    for run_id in ("run 2", "run 3"):
        keep_all(home, begin(home, run_id), said)
        assert standing(home) == [("A", 20_718, 1, run_id, None)]


def test_an_act_claimed_by_two_jobs_belongs_to_the_later(home: Home) -> None:
    one, two = Job(20_717, 1, "trips"), Job(20_717, 2, "trips")
    claims = {
        one: say(one, outcome(finding("A"))),
        two: say(two, outcome(finding("A", vehicle_id="粤T99999"))),
    }
    for run_id in ("run 1", "run 2"):
        keep_all(home, begin(home, run_id), claims)
        assert standing(home) == [("A", 20_717, 2, run_id, None)]
    # Where the other one comes later it keeps it from then on.
    for run_id in ("run 3", "run 4"):
        keep_all(home, begin(home, run_id), {two: claims[two], one: claims[one]})
        assert standing(home) == [("A", 20_717, 1, run_id, None)]


def test_a_decided_case_is_not_overwritten_from_another_job_either(home: Home) -> None:
    keep_outcomes(home, begin(home), JOB, [outcome(finding("A"))])
    decide(home, "A", "confirmed")
    moved = finding("A", start_ms=1_790_086_400_000)
    keep_outcomes(home, begin(home, "run 2"), Job(20_718, 1, "trips"), [outcome(moved)])
    assert standing(home) == [("A", 20_717, 1, "run 1", None)]
    assert export(home)[["start", "status"]].to_numpy().tolist() == [
        ["2026-09-21T22:13:20+08:00", "confirmed"]
    ]


def test_several_jobs_are_kept_as_each_by_itself_would_be(home: Home) -> None:
    """Two days, three cars each, the second time for one car only: its own rows go, all others stay."""
    days = (20_717, 20_718)

    def said(names: str, cannot: str) -> dict[Job, list[Said]]:
        jobs = {}
        for day in days:
            job = Job(day, 1, "trips")
            found = [finding(f"{name}{day}", vehicle_id=f"粤T{name}") for name in names]
            untold = [unjudged(f"{name}{day}", vehicle_id=f"粤T{name}") for name in cannot]
            cannot_tell = pd.concat(untold, ignore_index=True) if untold else None
            jobs[job] = say(job, outcome(*found, cannot_tell=cannot_tell))
        return jobs

    keep_all(home, begin(home), said("ABC", "DEF"))
    assert len(export(home, with_cannot_tell=True)) == 12
    keep_all(home, begin(home, "run 2"), said("D", "A"), vehicles=["粤TA", "粤TD"])
    frame = export(home, with_cannot_tell=True)
    told = sorted(zip(frame["trip_id"], frame["verdict"], strict=True))
    assert told == [
        ("A20717", "cannot_tell"), ("A20718", "cannot_tell"), ("B20717", "found"), ("B20718", "found"),
        ("C20717", "found"), ("C20718", "found"), ("D20717", "found"), ("D20718", "found"),
        ("E20717", "cannot_tell"), ("E20718", "cannot_tell"), ("F20717", "cannot_tell"),
        ("F20718", "cannot_tell"),
    ]  # fmt: skip
    counted = tallies(home, "run 2")[["day", "found", "clean", "cannot_tell"]].to_numpy().tolist()
    assert counted == [[20_717, 1, 8, 1], [20_718, 1, 8, 1]]
    keep_all(home, "run 2", said("", ""))
    assert export(home, with_cannot_tell=True).empty


def test_what_a_run_does_not_ask_keeps_its_run_and_its_rows(home: Home) -> None:
    other = "fare.early_meter"
    begin(home)
    for bucket in (1, 2):
        both = [
            outcome(finding(f"A{bucket}"), cannot_tell=unjudged(f"C{bucket}")),
            outcome(finding(f"B{bucket}", rule=other), cannot_tell=unjudged(f"D{bucket}"), rule=other),
        ]
        keep_outcomes(home, "run 1", Job(20_717, bucket, "trips"), both)
    again = outcome(finding("A1"), cannot_tell=unjudged("E1"))
    keep_outcomes(home, begin(home, "run 2"), Job(20_717, 1, "trips"), [again])
    frame = export(home, with_cannot_tell=True).sort_values("trip_id")
    assert frame[["trip_id", "run_id"]].to_numpy().tolist() == [
        ["A1", "run 2"], ["A2", "run 1"], ["B1", "run 1"], ["B2", "run 1"],
        ["C2", "run 1"], ["D1", "run 1"], ["D2", "run 1"], ["E1", "run 2"],
    ]  # fmt: skip


def test_a_digest_is_the_same_in_every_version() -> None:
    """Another digest of the same content would cast doubt on every decided case at the next run."""
    plain = finding("A")
    odd = finding(
        "A", lon=None, measured=float("nan"),
        evidence={"waiting_s": np.float64(240.5), "place": "白云机场", "kind": "it's"},
    )  # fmt: skip
    (said,) = say(JOB, outcome(plain, odd))
    assert [row[-1] for row in said.found] == [3_061_448_603_135_968_033, -7_390_934_356_415_480_931]


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


def test_a_week_and_a_month_are_exported_with_each_of_their_days(home: Home) -> None:
    begin(home)
    # 20,717 is Monday 2026-09-21: its week ends on 20,723, its month began on 20,697 and ends on 20,726.
    for scope, day in (("week", 20_717), ("city-month", 20_697)):
        keep_outcomes(home, "run 1", Job(day, 0, scope), [outcome(finding(scope))])
    days = {day: set(export(home, from_day=day, to_day=day)["trip_id"]) for day in (20_716, 20_717, 20_723)}
    assert days == {20_716: {"city-month"}, 20_717: {"week", "city-month"}, 20_723: {"week", "city-month"}}
    assert set(export(home, from_day=20_724)["trip_id"]) == {"city-month"}
    assert export(home, from_day=20_727).empty


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "America/St_Johns", "UTC"])
def test_times_are_written_as_the_clock_writes_them(zone: str) -> None:
    instants = np.array([0, 1_790_000_000_000, 1_790_000_000_123, 1_772_953_200_000, 1_772_956_800_000])
    assert list(iso_texts(instants, zone)) == [iso_of(int(i), zone) for i in instants]
