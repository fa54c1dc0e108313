"""A driver's statement: every entry of the cycle, its citation and state, and what follows from it."""

from typing import Final

from taxi_qa.law.parameter import Law, Version
from taxi_qa.reports.amounts import Said
from taxi_qa.reports.paper import Paper
from taxi_qa.reports.scores import notes_of
from taxi_qa.rules.kit import catalogue
from taxi_qa.score.entry import Entry, Line
from taxi_qa.score.standing import Standing
from taxi_qa.score.ways import Way
from taxi_qa.values.clock import date_of, moment_of

STATUS: Final[dict[str, Said]] = {
    "counts": Said("计入", "counts"),
    "over_cap": Said("超出加分上限", "over the bonus cap"),
    "reversed": Said("已撤销", "taken back"),
    "reversal": Said("撤销恢复", "restores"),
    "observation": Said("仅记录", "noted only"),
}
CERTAINTY: Final[dict[str, Said]] = {
    "quoted": Said("有原文", "quoted"),
    "bank": Said("题库", "exam bank"),
    "secondary": Said("转述", "reported"),
    "unverified": Said("未核实", "unverified"),
}
_HEADERS: Final = (
    Said("编号", "no."), Said("行为日期", "act"), Said("事项", "what"), Said("分值", "points"),
    Said("状态", "state"), Said("决定", "decided"), Said("依据", "law"),
)  # fmt: skip


def statement(standing: Standing, name: str, law: Law, as_of_day: int) -> bytes:
    """A PDF for the driver himself.

    Args:
        standing: where he stands.
        name: his name, "" where it is not known.
        law: whose citations stand beside the entries.
        as_of_day: the city day it speaks of.
    """
    day = date_of(as_of_day)
    paper = Paper(
        Said("驾驶员服务质量信誉考核对账单", "Driver's statement of the credit review"),
        day,
        foot=f"{standing.driver_id} · {day.isoformat()}",
    )
    paper.facts(
        [
            (Said("驾驶员", "driver"), f"{name}  {standing.driver_id}".strip()),
            (Said("企业", "company"), standing.company_id or "—"),
            (Said("考核周期", "cycle"), standing.cycle or "—"),
            (Said("截至", "end of"), day.isoformat()),
            (Said("得分", "score"), sum_said(standing)),
            (Said("等级", "grade"), standing.grade or "—"),
        ]
    )
    for note in notes_of(standing):
        paper.text(note)
    paper.heading(Said("明细", "Entries"))
    if standing.lines:
        rows = [entry_row(line, law) for line in standing.lines]
        paper.table(_HEADERS, rows, (1, 2, 5, 1.2, 2, 2.4, 7), ("R", "L", "L", "R", "L", "L", "L"))
    else:
        paper.text(Said("本周期没有任何记录。", "Nothing is entered in this cycle."))
    if standing.ways:
        paper.heading(Said("如何达到更高等级", "What it would take"))
        for way in standing.ways:
            paper.text(way_said(way, law))
    paper.heading(Said("您的权利", "Your rights"))
    paper.text(
        Said(
            "每一项都由人确认，机器的结果只是线索。您可以要求查看证据、答复和申诉；申诉成立，恢复其全部所扣分值。",
            "Every entry was confirmed by a person; what a machine finds is a lead. You may see the "
            "evidence, answer, and appeal; an appeal that is upheld restores exactly what it cost.",
        )
    )
    return paper.finished()


def sum_said(standing: Standing) -> str:
    """20 + 3 − 10 = 13, or a dash for who is not assessed."""
    if not standing.assessed:
        return "—"
    sum_of = f"{standing.base} + {standing.bonus} − {-standing.deductions}"
    raw = standing.base + standing.bonus + standing.deductions
    return f"{sum_of} = {raw}" + ("" if raw == standing.score else f" → {standing.score}")


def entry_row(line: Line, law: Law) -> tuple[str, ...]:
    """An entry as a row of a table: number, day, what, points, state, decision, citation."""
    entry = line.entry
    decided = moment_of(entry.decided_ms, law.timezone)
    return (
        str(entry.entry_id),
        date_of(entry.act_day).isoformat(),
        what_said(entry, law).zh,
        f"{entry.points:+d}".replace("-", "−"),
        STATUS[line.status].zh,
        f"{decided:%Y-%m-%d} {entry.decider}",
        citation(entry, law),
    )


def what_said(entry: Entry, law: Law) -> Said:
    """What an entry is about: the law's item, else the rule."""
    item = law.get(entry.item) if entry.item else None
    if item is not None:
        return Said(item.title_zh, item.title_en)
    rule = catalogue().get(entry.rule)
    return Said(entry.rule) if rule is None else Said(rule.title_zh, rule.title_en)


def citation(entry: Entry, law: Law) -> str:
    """The act an entry leans on, the words that were read, and how sure that is."""
    version = version_of(entry.leans_on, law)
    if version is None:
        return entry.leans_on or "—"
    act = " ".join(part for part in (version.cite.act, version.cite.article) if part)
    sure = CERTAINTY.get(entry.certainty, Said(entry.certainty))
    return f"{act}（{sure.zh}）"


def version_of(name: str, law: Law) -> Version | None:
    """The version of that name, such as `credit.items.refusal@2012-01-01`."""
    parameter = law.get(name.partition("@")[0])
    versions = () if parameter is None else parameter.versions
    return next((version for version in versions if version.name == name), None)


def way_said(way: Way, law: Law) -> Said:
    """A way to the next grade in words."""
    if way.kind == "bonus":
        item = law[way.item]
        return Said(
            f"到 {way.grade} 还差 {way.points} 分：{item.title_zh} {way.times} 次",
            f"{way.points} points to {way.grade}: {way.times} x {item.title_en}",
        )
    if way.kind == "appeal":
        named = ", ".join(str(one) for one in way.entry_ids)
        return Said(
            f"到 {way.grade} 还差 {way.points} 分：如对第 {named} 项申诉成立",
            f"{way.points} points to {way.grade}: if an appeal against entry {named} is upheld",
        )
    first = date_of(way.day or 0)
    return Said(
        f"{first} 起新周期重新计分，等级 {way.grade}", f"a new cycle begins on {first}, grade {way.grade}"
    )
