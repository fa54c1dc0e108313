"""A company's month as a page: grades of its drivers, cases, service levels, what people enter."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from taxi_qa.reports.amounts import Said
from taxi_qa.reports.paper import Paper
from taxi_qa.reports.statement import CERTAINTY
from taxi_qa.rules.kit import catalogue
from taxi_qa.score.company import Answer, Entered, EnteredError, Rating
from taxi_qa.values.clock import date_of

_NAMES: Final[dict[str, Said]] = {
    "management": Said("企业管理", "management"),
    "safety": Said("安全运营", "safe operation"),
    "conduct": Said("经营行为", "conduct of business"),
    "service": Said("运营服务", "service"),
    "social": Said("社会责任", "social duty"),
}
_ANSWERS: Final[dict[Answer, Said]] = {
    "found": Said("未达标", "not kept"),
    "cannot_tell": Said("无法判断", "cannot tell"),
    "none_found": Said("未发现问题", "nothing found"),
    "not_examined": Said("没有数据，未检查", "no data, not examined"),
}
_MEASURES: Final[dict[str, Said]] = {
    "aa_share": Said("AA级及以上驾驶员占比", "share of drivers at AA or better"),
    "lowest_share": Said("B级驾驶员占比", "share of drivers at B"),
    "confirmed_per_10k_trips": Said("万趟确认案件数", "confirmed cases per 10,000 trips"),
}
_COLUMNS: Final = ("dimension", "points", "by", "proof")


def company_month(rating: Rating, name: str, as_of_day: int) -> bytes:
    """A PDF of a company's figures.

    Args:
        rating: of the company.
        name: its name, "" where it is not known.
        as_of_day: at the end of this city day.
    """
    day = date_of(as_of_day)
    paper = Paper(
        Said("企业服务质量信誉考核概要", "Outline of a company's credit review"),
        day,
        foot=f"{rating.company_id} · {day.isoformat()}",
    )
    span = f"{date_of(rating.from_day)} – {date_of(rating.to_day)}"
    grades = "  ".join(
        f"{grade} {rating.grades[grade]}" for grade in ("AAA", "AA", "A", "B") if grade in rating.grades
    )
    paper.facts(
        [
            (Said("企业", "company"), f"{name}  {rating.company_id}".strip()),
            (Said("期间", "span"), span),
            (Said("截至", "end of"), day.isoformat()),
            (Said("驾驶员", "drivers"), f"{rating.drivers:,}"),
            (Said("等级", "grades"), grades or "—"),
            (_MEASURES["aa_share"], _share(rating.aa_share)),
            (_MEASURES["lowest_share"], _share(rating.lowest_share)),
            (Said("计价营运趟次", "metered trips"), f"{rating.trips:,}"),
            (Said("确认案件", "confirmed cases"), f"{rating.confirmed:,}"),
            (_MEASURES["confirmed_per_10k_trips"], _number(rating.confirmed_per_10k_trips)),
        ]
    )
    paper.heading(Said("服务承诺", "Service levels"))
    known = catalogue()
    paper.table(
        (Said("事项", "what"), Said("结果", "answer")),
        [
            (
                f"{known[rule].title_zh}  {known[rule].title_en}",
                f"{_ANSWERS[answer].zh}  {_ANSWERS[answer].en}",
            )
            for rule, answer in rating.sla.items()
        ],
        (5, 3),
    )
    paper.heading(Said("考核指标", "Dimensions"))
    paper.table(
        (Said("指标", "dimension"), Said("满分", "most"), Said("得分", "points"),
            Said("数据", "measured by"), Said("录入", "entered")),
        [
            (
                "  ".join(filter(None, (_NAMES[one.name].zh, _NAMES[one.name].en))),
                "未知" if one.most is None else str(one.most),
                "待录入" if one.entered is None else str(one.entered.points),
                "、".join(_measure(name) for name in one.measures) or "—",
                "—" if one.entered is None else f"{one.entered.by}：{one.entered.proof}",
            )
            for one in rating.dimensions
        ],
        (3, 1, 1.3, 6, 4),
    )  # fmt: skip
    total = "待录入" if rating.total is None else f"{rating.total} / {rating.most}"
    paper.facts([(Said("总分", "total"), total)])
    sure = "" if rating.certainty is None else CERTAINTY[str(rating.certainty)].zh
    paper.text(
        Said(
            f"指标分值依据：{sure or '无'}。数据只给出度量，分值由人按证明录入；缺一项即无总分。",
            "Data give measures; points are entered by people with their proof, and without one of them "
            "there is no total.",
        ),
        small=True,
    )
    return paper.finished()


def entered_in(path: Path, company_id: str) -> list[Entered]:
    """What people entered for a company: CSV with company_id, dimension, points, by, proof.

    Raises:
        EnteredError: a column is missing or points are no whole number; names the line.
    """
    found = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            missing = [name for name in ("company_id", *_COLUMNS) if row.get(name) is None]
            if missing:
                raise EnteredError(f"{path.name}, line {line}: {', '.join(missing)} missing")
            if row["company_id"] != company_id:
                continue
            if not row["points"].strip().isdigit():
                raise EnteredError(
                    f"{path.name}, line {line}: points {row['points']!r}, expected a whole number"
                )
            found.append(Entered(row["dimension"].strip(), int(row["points"]), row["by"], row["proof"]))
    return found


def answers_of(
    found: Sequence[str], unjudged: Sequence[str], examined: Mapping[str, int]
) -> dict[str, Answer]:
    """What the company-month rules say of a company.

    Args:
        found: rules with a finding of the company.
        unjudged: rules with a row of the company that could not be judged.
        examined: how many rows each rule examined in the span, whoever's.
    """
    rules = [name for name in catalogue() if name.startswith("sla.")]
    return {
        rule: "found" if rule in found
        else "cannot_tell" if rule in unjudged
        else "none_found" if examined.get(rule) else "not_examined"
        for rule in rules
    }  # fmt: skip


def _measure(name: str) -> str:
    return _MEASURES[name].zh if name in _MEASURES else catalogue()[name].title_zh


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
