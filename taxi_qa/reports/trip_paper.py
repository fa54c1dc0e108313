"""What the data show of one trip, on paper, for whoever was complained of: nothing here accuses anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taxi_qa.law.parameter import Law
from taxi_qa.reports.amounts import Said, distance, duration, money
from taxi_qa.reports.case_words import STATES
from taxi_qa.reports.fare_view import FareView
from taxi_qa.reports.paper import Paper
from taxi_qa.rules.kit import catalogue
from taxi_qa.values.clock import MS_PER_S, date_of, moment_of

# States in which nothing is held against anybody.
_NONE: Final = frozenset({"dismissed", "reversed", "expired", "excused"})
_NOTHING: Final = Said("没有记录", "not recorded")


@dataclass(frozen=True)
class TrackSum:
    """A track between getting in and out, in few figures.

    Attributes:
        fixes: positions that can be used.
        driven_m: along them.
        longest_gap_s: the longest time without any, the ends of the ride included.
    """

    fixes: int
    driven_m: float
    longest_gap_s: float


@dataclass(frozen=True)
class TripStory:
    """A trip as the records tell it.

    Attributes:
        trip_id, vehicle_id, driver_id: "" where nobody knows.
        boarded_ms, alighted_ms: when.
        metered_m, fare_fen, paid_fen: of the meter; None where not recorded.
        fare: what it should have cost.
        track: None where no position was sent.
        clean: rules that looked at the car's trips of the day and found nothing on this one.
        cannot_tell: rules that could not judge it, each with what was missing.
        found: rules that found something, each with the state of its case ("" where none was opened).
        judged: whether the day was judged at all.
    """

    trip_id: str
    vehicle_id: str
    driver_id: str
    boarded_ms: int
    alighted_ms: int
    metered_m: float | None
    fare_fen: int | None
    paid_fen: int | None
    fare: FareView
    track: TrackSum | None
    clean: Sequence[str]
    cannot_tell: Sequence[tuple[str, Said]]
    found: Sequence[tuple[str, str]]
    judged: bool


def trip_paper(story: TripStory, complaint_id: str, law: Law, as_of_day: int) -> bytes:
    """A PDF of what the data show of a trip.

    Args:
        story: the trip.
        complaint_id: about which somebody asks.
        law: of the place.
        as_of_day: the city day on which it is made.
    """
    day, zone = date_of(as_of_day), law.timezone
    paper = Paper(
        Said("行程数据说明（供投诉核查）", "What the data show of a trip (for a complaint)"),
        day,
        foot=f"{story.trip_id} · {day.isoformat()}",
    )
    begin, end = moment_of(story.boarded_ms, zone), moment_of(story.alighted_ms, zone)
    paper.facts(
        [
            (Said("投诉编号", "complaint"), complaint_id),
            (Said("行程编号", "trip"), story.trip_id),
            (Said("车辆", "vehicle"), story.vehicle_id),
            (Said("驾驶员", "driver"), story.driver_id or _NOTHING.zh),
            (Said("上车 – 下车", "in – out"), f"{begin:%Y-%m-%d %H:%M:%S} – {end:%H:%M:%S}"),
            (Said("计程", "metered"), _metres(story.metered_m)),
            (Said("车费", "fare"), _yuan(story.fare_fen, law)),
            (Said("实付", "paid"), _yuan(story.paid_fen, law)),
        ]
    )
    _fare(paper, story, law)
    _track(paper, story)
    _verdicts(paper, story)
    paper.text(
        Said(
            "本说明只列数据能说明的事；“无法判断”既不表示有问题，也不表示没有问题。",
            "This tells only what data show; “cannot tell” speaks neither for nor against anybody.",
        ),
        small=True,
    )
    return paper.finished()


def _fare(paper: Paper, story: TripStory, law: Law) -> None:
    paper.heading(Said("车费算式", "The fare, step by step"))
    fare = story.fare
    if fare.missing is not None:
        paper.text(Said(f"无法计算，缺少：{fare.missing.zh}", f"cannot tell, missing: {fare.missing.en}"))
        return
    if fare.doubt is not None:
        paper.text(Said(f"算式可能不适用：{fare.doubt.zh}", f"the sum may not apply: {fare.doubt.en}"))
    paper.table(
        (Said("", ""), Said("项目", "item"), Said("金额", "amount"), Said("依据", "by")),
        [(str(one.mark), one.label.zh, one.value.zh, one.basis) for one in fare.steps],
        (0.5, 4, 2, 4),
    )
    if story.fare_fen is None:
        paper.text(Said("计价器车费没有记录，无法比较。", "No fare was recorded: cannot tell."))
    elif story.fare_fen <= fare.most_fen:
        paper.text(
            Said(
                f"计价器车费 {_yuan(story.fare_fen, law)}，未超过最多可显示的 {_yuan(fare.most_fen, law)}。",
                "The meter showed no more than it lawfully may.",
            )
        )
    else:
        paper.text(
            Said(
                f"计价器车费 {_yuan(story.fare_fen, law)} 高于算式的 {_yuan(fare.most_fen, law)}；"
                "这只是算式，以核查结果和案件为准。",
                "The meter showed more than this sum; what counts are verdicts and cases.",
            )
        )
    if fare.unverified:
        paper.text(Said("所依据的数值有未核实的。", "It leans on numbers nobody has verified."), small=True)


def _track(paper: Paper, story: TripStory) -> None:
    paper.heading(Said("轨迹", "Track"))
    if story.track is None or story.track.fixes == 0:
        paper.text(
            Said("没有可用的定位：行驶路线无法判断。", "No usable position: the way driven cannot be told.")
        )
        return
    track = story.track
    lasted_s = (story.alighted_ms - story.boarded_ms) / MS_PER_S
    paper.facts(
        [
            (Said("可用定位点", "positions"), f"{track.fixes:,}"),
            (Said("沿轨迹行驶", "driven along them"), distance(track.driven_m).zh),
            (Said("计程", "metered"), _metres(story.metered_m)),
            (Said("历时", "lasted"), duration(lasted_s).zh),
            (Said("最长定位间隔", "longest gap"), duration(track.longest_gap_s).zh),
        ]
    )


def _verdicts(paper: Paper, story: TripStory) -> None:
    paper.heading(Said("核查结果", "Verdicts"))
    if not story.judged:
        paper.text(Said("这一天尚未核查：无法判断。", "The day has not been judged: cannot tell."))
        return
    rows = [(_rule(name), "检查过，未发现问题  nothing found") for name in story.clean]
    rows += [(_rule(name), f"无法判断  cannot tell：{missing.zh}") for name, missing in story.cannot_tell]
    rows += [(_rule(name), _became(state)) for name, state in story.found]
    if rows:
        paper.table((Said("规则", "rule"), Said("结果", "answer")), rows, (3, 4))
    else:
        paper.text(Said("没有规则检查过此行程：无法判断。", "No rule has looked at this trip: cannot tell."))


def _became(state: str) -> str:
    """What became of a finding: most of what matters to whoever was wrongly found."""
    if state not in STATES or state == "queued":
        return "有发现，须经人核实  a lead, to be verified"
    said = STATES[state]
    if state in _NONE:
        return f"有过发现，经办理不成立（{said.zh}）  found to be none ({said.en})"
    return f"有发现，{said.zh}  {said.en}"


def _rule(name: str) -> str:
    rule = catalogue().get(name)
    return name if rule is None else rule.title_zh


def _metres(metres: float | None) -> str:
    return _NOTHING.zh if metres is None else distance(metres).zh


def _yuan(fen: int | None, law: Law) -> str:
    return _NOTHING.zh if fen is None else money(fen, law.currency).zh
