import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.law.read import read_law
from taxi_qa.records.fixes import FIXED, FIXED_SENT, Fixes, empty_fixes
from taxi_qa.reports import amounts
from taxi_qa.reports.amounts import Line, Said
from taxi_qa.reports.maps import HEIGHT, WIDTH, Outline, draw
from taxi_qa.reports.page import Report, joined, outlines, render_report
from taxi_qa.reports.summary import RuleTitle, Summary, summarise

ZONE = "Asia/Shanghai"
LAW = read_law("guangzhou")
TITLES = {
    "fare.overcharge": RuleTitle("六.5", "超标准收费", "Charging above the tariff"),
    "fare.late_meter": RuleTitle("六.6", "下客后仍打表", "Meter running after the passengers left"),
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


def _drive(*, jump_at: int | None = None, silent: range = range(0), ghost: bool = False) -> Fixes:
    """A car that drives east for an hour at 36 km/h, a position every ten seconds."""
    seconds = np.array([s for s in range(0, 3600, 10) if s not in silent])
    lon = 113.26 + seconds * 10 / 102_400
    lat = np.full(seconds.size, 23.13)
    if jump_at is not None:
        lon[jump_at] += 0.2
    if ghost:  # a second car 15 km north sends in between
        seconds = np.sort(np.concatenate((seconds, seconds + 5)))
        lon, lat = np.repeat(lon, 2), np.repeat(lat, 2)
        lat[1::2] += 0.135
    n = seconds.size
    return Fixes(
        ("粤AD0001",),
        np.array([0, n], dtype=np.int64),
        NOON_MS + seconds.astype(np.int64) * 1000,
        np.round(lon * 1e7).astype(np.int32),
        np.round(lat * 1e7).astype(np.int32),
        np.full(n, 3600, dtype=np.int32),
        np.zeros(n, dtype=np.int16),
        np.full(n, FIXED_SENT | FIXED, dtype=np.int16),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
    )


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
        maps=tuple(draw(_drive(), NOON_MS + 600_000, NOON_MS + 1_200_000) for _ in summary.worst),
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
        "线索不是处罚", "A raw hit is a lead, not an offence", "超标准收费", "¥45.20", "¥33.20", "¥12.00", "2 分 22 秒",
        "¥2.60/公里", "house.fare.late_s@2010-01-01", "未指明 nobody named", "4 + 190 + 7 = 201",
    ):  # fmt: skip
        assert said in text, said


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


def _numbers(path: str) -> np.ndarray:
    return np.array(
        [[float(x) for x in pair.split()] for pair in re.split("[ML]", path.replace(" M", "M"))[1:]]
    )


def test_the_map_shows_the_act_in_its_true_shape_and_scale() -> None:
    drawn = draw(_drive(), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    act = _numbers(drawn.act)
    # Ten minutes at 10 m/s are 6 km eastwards and one step more at either end, by the map's own scale bar.
    metres_per_px = {"1 km": 1000, "2 km": 2000, "5 km": 5000}[drawn.bar_text] / drawn.bar_px
    assert np.ptp(act[:, 0]) * metres_per_px == pytest.approx(6200, rel=0.02)
    assert np.ptp(act[:, 1]) < 1
    assert drawn.start.x < drawn.end.x
    assert drawn.fixes == 61
    assert not drawn.stands
    assert act.min() >= 0 and act[:, 0].max() <= WIDTH and act[:, 1].max() <= HEIGHT


def test_a_silence_is_drawn_as_a_gap_from_its_last_to_its_next_position() -> None:
    silent = range(605, 1195)
    drawn = draw(_drive(silent=silent), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    gap = _numbers(drawn.gaps)
    assert np.ptp(gap[:, 0]) > WIDTH / 3


def test_an_impossible_position_is_a_cross_and_bends_no_line() -> None:
    clean = draw(_drive(), NOON_MS + 600_000, NOON_MS + 1_200_000)
    with_jump = draw(_drive(jump_at=90), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert clean is not None
    assert with_jump is not None
    assert np.ptp(_numbers(with_jump.act)[:, 1]) < 1
    assert with_jump.bar_text == clean.bar_text


def test_two_cars_under_one_plate_are_two_lines() -> None:
    drawn = draw(_drive(ghost=True), NOON_MS + 600_000, NOON_MS + 1_200_000)
    assert drawn is not None
    first, second = _numbers(drawn.act), _numbers(drawn.second)
    assert abs(first[:, 1].mean() - second[:, 1].mean()) > HEIGHT / 4


def test_without_positions_there_is_no_map() -> None:
    assert draw(empty_fixes(), NOON_MS, NOON_MS + 1) is None
    assert draw(_drive(), NOON_MS + 90_000_000, NOON_MS + 90_600_000) is None


def test_days_are_joined_in_order() -> None:
    day = _drive()
    later = replace(day, time_ms=day.time_ms + 86_400_000)
    both_days = joined([day, later])
    assert len(both_days) == 2 * len(day)
    assert (np.diff(both_days.time_ms) > 0).all()
    assert len(joined([])) == 0


def test_outlines_take_cities_tunnels_and_hubs_with_all_their_parts() -> None:
    ring = [[113.2, 23.1], [113.3, 23.1], [113.3, 23.2], [113.2, 23.1]]
    zones = pd.DataFrame(
        {
            "kind": ["city", "bay", "tunnel"],
            "name": ["a", "b", "c"],
            "geometry": [
                json.dumps({"type": "MultiPolygon", "coordinates": [[ring], [ring]]}),
                json.dumps({"type": "Polygon", "coordinates": [ring]}),
                json.dumps({"type": "Polygon", "coordinates": [ring]}),
            ],
        }
    )
    made = outlines(zones)
    assert [outline.kind for outline in made] == ["city", "city", "tunnel"]
    drawn = draw(_drive(), NOON_MS, NOON_MS + 3_600_000, [Outline("city", "a", made[0].ring)])
    assert drawn is not None
    assert drawn.outlines[0][0] == "city"


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
    ],
)
def test_missing_inputs_are_said_in_words(name: str, zh: str) -> None:
    assert amounts.missing_said(name, LAW).zh == zh
