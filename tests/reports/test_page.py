import datetime as dt
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.ingest.take import take
from taxi_qa.lab.make import make_city
from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import FIXED, FIXED_SENT, Fixes
from taxi_qa.reports import amounts
from taxi_qa.reports.amounts import Line, Said
from taxi_qa.reports.maps import ActMap, draw
from taxi_qa.reports.page import Report, ReportError, gather, render_report, write_page
from taxi_qa.reports.summary import RuleTitle, Summary, summarise
from taxi_qa.runs.check import check
from taxi_qa.store.home import Home, make_home
from tests.test_cases import cases

ZONE = "Asia/Shanghai"
LAW = read_law("guangzhou")
TITLES = {
    "fare.overcharge": RuleTitle("六.5", "超标准收费", "Charging above the tariff"),
    "fare.late_meter": RuleTitle("六.6", "下客后仍打表", "Meter running after the passengers left"),
    "bonus.bravery": RuleTitle("一.4", "见义勇为", "Bravery"),
    "licence.cloned_plate": RuleTitle("一.1", "疑似套牌", "Suspected cloned plate"),
}
NOON_MS = 1_760_328_000_000  # 2025-10-13 12:00 in Guangzhou


def _finding(number: int, rule: str, **other: object) -> dict[str, object]:
    row: dict[str, object] = {
        "finding_id": f"{number:024x}", "rule": rule, "clause": TITLES[rule].clause, "verdict": "found",
        "stage": "stable", "status": "detected", "vehicle_id": "粤AD0001", "driver_id": "D0001A",
        "company_id": "C01", "trip_id": f"R{number}", "start": "2025-10-13T12:00:00+08:00",
        "end": "2025-10-13T12:10:00+08:00", "lon": 113.26, "lat": 23.13, "measured": 4520.0,
        "allowed": 3320.0, "unit": "fen", "sources": "meter", "evidence": "{}", "leans_on": "",
        "rule_version": 1, "run_id": "run", "title_zh": "", "title_en": "", "missing": "",
    }  # fmt: skip
    return row | other


def _tally(rule: str, examined: int, found: int, cannot_tell: int, excused: int = 0) -> dict[str, object]:
    clean = examined - found - cannot_tell
    return {
        "day": 20374, "bucket": 0, "scope": "day", "rule": rule, "rule_version": 1, "examined": examined,
        "found": found, "clean": clean, "cannot_tell": cannot_tell, "excused": excused,
    }  # fmt: skip


def _summary(rows: list[dict[str, object]], tallies: list[dict[str, object]], *, frames: int = 1) -> Summary:
    whole = pd.DataFrame(rows, columns=list(_finding(0, "fare.overcharge")))
    parts = [whole.iloc[at::frames] for at in range(frames)]
    return summarise(pd.DataFrame(tallies), parts, TITLES, LAW, ZONE)


def _map() -> ActMap:
    """A straight drive of twenty minutes, a position every ten seconds."""
    n = 121
    fixes = Fixes(
        ("粤AD0001",),
        np.array([0, n], dtype=np.int64),
        NOON_MS + np.arange(n, dtype=np.int64) * 10_000,
        np.round((113.26 + np.arange(n) / 1024) * 1e7).astype(np.int32),
        np.full(n, 231_300_000, dtype=np.int32),
        np.full(n, 3600, dtype=np.int32),
        np.zeros(n, dtype=np.int16),
        np.full(n, FIXED_SENT | FIXED, dtype=np.int16),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
    )
    drawn = draw(fixes, NOON_MS + 300_000, NOON_MS + 900_000, moments=[(NOON_MS + 400_000, "上")])
    assert drawn is not None
    return drawn


def _report(summary: Summary, **other: object) -> Report:
    view = Report(
        place=Line(Said("城市", "City"), Said("广州", "Guangzhou")),
        first_day="2025-10-13",
        last_day="2025-10-14",
        timezone=ZONE,
        run_id="run",
        made="2025-10-15T08:00:00+08:00",
        counted=(Line(Said("车辆名册", "vehicles"), Said("1")),),
        summary=summary,
        maps=tuple(_map() for _ in summary.worst),
    )
    return replace(view, **other)  # type: ignore[arg-type]


class _Page(HTMLParser):
    """What a browser would fetch, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.fetched += [
            f"{tag} {held[name]}" for name in ("src", "href", "srcset", "data") if held.get(name)
        ]
        if tag == "script":
            self.fetched.append("script")
        self.ids += [value] if (value := held.get("id")) else []
        self.labelled += [value] if (value := held.get("aria-labelledby")) else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A self-closed tag of a drawing opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _parsed(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    assert page.open == []
    return page


@pytest.fixture
def busy() -> Summary:
    law = "fare.per_km@2020-01-01;house.fare.late_s@2010-01-01"
    rows = [
        _finding(
            1, "fare.overcharge", leans_on=law, evidence=json.dumps({"fare_fen": 4520, "waiting_s": 142})
        ),
        _finding(2, "fare.overcharge", measured=3400.0, driver_id="D0002B", status="excused"),
        _finding(3, "fare.late_meter", measured=300.0, allowed=120.0, unit="s", stage="trial"),
        _finding(4, "licence.cloned_plate", driver_id="", measured=9000.0, allowed=60.0, unit="m"),
    ]
    unjudged = {
        "verdict": "cannot_tell", "status": "", "missing": "vehicles.has_seat_sensor", "measured": np.nan,
        "allowed": np.nan,
    }  # fmt: skip
    rows += [_finding(number, "fare.late_meter", **unjudged) for number in range(5, 12)]
    tallies = [
        _tally("fare.overcharge", 60, 1, 0),
        _tally("fare.overcharge", 40, 1, 0, excused=1),
        _tally("fare.late_meter", 100, 1, 7),
        _tally("licence.cloned_plate", 1, 1, 0),
    ]
    return _summary(rows, tallies)


def test_the_answers_of_all_jobs_add_up(busy: Summary) -> None:
    totals = busy.totals
    assert (totals.examined, totals.found, totals.excused, totals.cannot_tell) == (201, 4, 1, 7)
    assert totals.found + totals.clean + totals.cannot_tell == totals.examined
    overcharge = next(row for row in busy.rules if row.rule == "fare.overcharge")
    assert (overcharge.answers.examined, overcharge.answers.accused) == (100, 1)


def test_a_good_deed_is_nobodys_lead(tmp_path: Path) -> None:
    rows = [_finding(1, "bonus.bravery"), _finding(2, "fare.overcharge")]
    summary = _summary(rows, [_tally("bonus.bravery", 3, 1, 0), _tally("fare.overcharge", 9, 1, 0)])
    assert summary.totals.found == 2
    assert summary.good_deeds == 1
    assert [(row.driver_id, row.stable) for row in summary.drivers] == [("D0001A", 1)]
    assert [case.rule for case in summary.worst] == ["fare.overcharge"]
    render_report(_report(summary), tmp_path / "page.html")
    assert "好人好事 1" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_each_missing_input_is_named_and_counted(busy: Summary) -> None:
    late = next(row for row in busy.rules if row.rule == "fare.late_meter")
    (reason,) = late.reasons
    assert (reason.said.zh, reason.rows) == ("车辆名册：座椅传感器", 7)
    assert sum(reason.rows for reason in late.reasons) == late.answers.cannot_tell


def test_missing_inputs_beyond_three_are_summed_up() -> None:
    kinds = ["positions", "trips", "shifts", "zones", "drivers"]
    rows = [
        _finding(n, "fare.late_meter", verdict="cannot_tell", missing=kind)
        for n, kind in enumerate(kind for at, kind in enumerate(kinds) for _ in range(9 - at))
    ]
    summary = _summary(rows, [_tally("fare.late_meter", 50, 0, len(rows))])
    assert [reason.rows for reason in summary.rules[0].reasons] == [9, 8, 7, 6 + 5]


def test_drivers_are_counted_by_stage_and_nobody_is_named_where_nobody_can_be(busy: Summary) -> None:
    by_id = {row.driver_id: row for row in busy.drivers}
    assert (by_id["D0001A"].stable, by_id["D0001A"].trial, by_id["D0001A"].excused) == (1, 1, 0)
    assert (by_id["D0002B"].stable, by_id["D0002B"].excused) == (0, 1)
    assert by_id["D0002B"].about == ()
    assert (busy.nobody.stable, busy.nobody.driver_id) == (1, "")


def test_the_worst_come_one_a_rule_first_and_never_an_excused_one() -> None:
    rows = [_finding(n, "fare.overcharge", measured=3400.0 + n) for n in range(1, 15)]
    rows += [_finding(99, "fare.overcharge", measured=99_999.0, status="excused")]
    rows += [_finding(50, "licence.cloned_plate", measured=61.0, allowed=60.0, unit="m", stage="trial")]
    rows += [_finding(60, "fare.late_meter", verdict="cannot_tell", missing="positions")]
    tallies = [_tally("fare.overcharge", 100, 15, 0, excused=1), _tally("licence.cloned_plate", 9, 1, 0)]
    for frames in (1, 3):
        worst = _summary(rows, tallies, frames=frames).worst
        assert len(worst) == 10
        assert {case.rule for case in worst[:2]} == {"fare.overcharge", "licence.cloned_plate"}
        assert [case.trip_id for case in worst if case.rule == "fare.overcharge"][:3] == ["R14", "R13", "R12"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("judged")
    plan = {"fare.overcharge": {"clear": 1}, "vehicle.gnss_outage": {"clear": 1}}
    first_day = dt.date(2025, 10, 13)
    make_city(
        folder / "lab", vehicles=2, days=1, seed=1, first_day=first_day, offences=plan, city="guangzhou"
    )
    home = make_home(folder / "home", city="guangzhou")
    registers = ("companies", "drivers", "vehicles", "zones")
    files = [path for path in (folder / "lab").iterdir() if path.stem != "truth"]
    take(home, sorted(files, key=lambda path: path.stem not in registers), now_ms=NOON_MS)
    return home


def test_a_judged_home_becomes_a_page_with_its_planted_acts_on_maps(judged: Home, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="taxi-qa check"):
        gather(judged, now_ms=NOON_MS)
    ran = check(judged, now_ms=NOON_MS)
    assert ran is not None
    view = gather(judged, now_ms=NOON_MS)
    assert view.run_id == ran.run_id
    assert view.summary.totals.examined == int(ran.tallies["examined"].sum())
    acts = {"fare.overcharge", "vehicle.gnss_outage"}
    # The company's month, which the outage spoils, stands on its first day, before the day that was judged.
    assert {case.rule for case in view.summary.worst} == acts | {"sla.equipment"}
    for case, drawn in zip(view.summary.worst, view.maps, strict=True):
        assert (drawn is not None and bool(drawn.act or drawn.gaps)) == (case.rule in acts)
    write_page(judged, tmp_path / "page.html", now_ms=NOON_MS)
    assert "2025-10-13" in "".join(_parsed(tmp_path / "page.html").text)


def test_a_run_that_found_nothing_is_a_page_too(tmp_path: Path) -> None:
    summary = _summary([], [_tally("fare.overcharge", 10, 0, 0)])
    assert (summary.worst, summary.drivers) == ((), ())
    render_report(_report(summary), tmp_path / "page.html")
    assert "没有线索" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_page_is_whole_and_fetches_nothing(busy: Summary, tmp_path: Path) -> None:
    render_report(_report(busy), tmp_path / "deep" / "page.html")
    page = _parsed(tmp_path / "deep" / "page.html")
    assert page.fetched == []
    assert set(page.labelled) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    text = "".join(page.text)
    assert "@import" not in text
    assert "url(" not in text
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "page.html"]


def test_the_page_says_what_a_driver_needs_to_check_it(busy: Summary, tmp_path: Path) -> None:
    render_report(_report(busy), tmp_path / "page.html")
    text = re.sub(r"\s+", " ", "".join(_parsed(tmp_path / "page.html").text))
    for said in (
        "线索不是处罚", "A raw hit is a lead, not an offence", "超标准收费", "¥45.20", "¥33.20", "¥12.00",
        "2 分 22 秒", "¥2.60/公里", "house.fare.late_s@2010-01-01", "未指明 nobody named",
        "4 + 190 + 7 = 201",
    ):  # fmt: skip
        assert said in text, said


def test_rules_without_a_record_stand_apart_and_are_never_clean(tmp_path: Path) -> None:
    rows = [_finding(1, "fare.overcharge")]
    summary = _summary(rows, [_tally("fare.overcharge", 60, 1, 0), _tally("fare.late_meter", 0, 0, 0)])
    out = tmp_path / "page.html"
    render_report(_report(summary), out)
    page = out.read_text(encoding="utf-8")
    table, _, apart = page.partition("没有可查的记录")
    assert "1 条规则" in table[-40:]
    assert 'class="en">fare.overcharge' in table
    assert 'class="en">fare.late_meter' not in table
    assert 'class="en">fare.late_meter' in apart


def test_what_records_say_is_never_markup(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>'
    rows = [
        _finding(1, "fare.overcharge", vehicle_id=evil, driver_id=evil, evidence=json.dumps({"place": evil}))
    ]
    render_report(_report(_summary(rows, [_tally("fare.overcharge", 1, 1, 0)])), tmp_path / "page.html")
    assert "<script" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_fails_leaves_the_old_one(busy: Summary, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    render_report(_report(busy), out)
    before = out.read_bytes()
    with pytest.raises(Exception, match="has no element 0"):
        render_report(_report(busy, maps=()), out)
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (1234, "fen", "¥12.34", ""),
        (-50, "fen", "−¥0.50", ""),
        (430, "m", "430 m", ""),
        (4321, "m", "4.32 km", ""),
        (95, "s", "1 分 35 秒", "1 min 35 s"),
        (120, "s", "2 分钟", "2 min"),
        (17_390, "s", "4 小时 49 分 50 秒", "4 h 49 min 50 s"),
        (14_400, "s", "4 小时", "4 h"),
        (3, "days", "3 天", "3 days"),
        (1.138, "ratio", "1.138", ""),
        (43.8, "min", "43.8 分钟", "43.8 min"),
        (300, "h", "300 小时", "300 h"),
        (99.904, "%", "99.90%", ""),
    ],
)
def test_amounts_read_well(value: float, unit: str, zh: str, en: str) -> None:
    assert amounts.amount(value, unit, "CNY") == Said(zh, en)


@pytest.mark.parametrize(
    ("name", "zh"),
    [
        ("law fare.per_km", "法规数值：每公里价"),
        ("law fare.nothing", "法规数值：fare.nothing"),
        ("positions", "定位数据"),
        ("waiting_s", "等候时间"),
        ("something else", "something else"),
        ("clear track", "清晰连续的轨迹"),
    ],
)
def test_missing_inputs_are_said_in_words(name: str, zh: str) -> None:
    assert amounts.missing_said(name, LAW).zh == zh


def test_whatever_any_rule_misses_is_said_in_chinese() -> None:
    named = {str(name) for _, case in cases() for name in case.get("cannot_tell", ())}
    assert len(named) > 50
    bare = [name for name in sorted(named) if not re.search("[一-鿿]", amounts.missing_said(name, LAW).zh)]
    assert not bare
