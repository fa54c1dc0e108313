"""The credit-review table of a city as a spreadsheet: a row a driver, all entries, and their law."""

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from taxi_qa.law.parameter import Law
from taxi_qa.reports.amounts import Said
from taxi_qa.reports.scores import notes_of
from taxi_qa.reports.statement import CERTAINTY, STATUS, citation, version_of, what_said
from taxi_qa.score.entry import Line
from taxi_qa.score.standing import Standing
from taxi_qa.values.clock import date_of, moment_of

_DRIVERS: Final = (
    ("从业资格证号 driver_id", 20), ("姓名 name", 10), ("企业 company_id", 12), ("考核周期 cycle", 22),
    ("基础分 base", 8), ("扣分 deductions", 8), ("扣分明细 each deduction", 60), ("加分 bonus", 8),
    ("加分明细 each bonus", 40), ("得分 score", 8), ("等级 grade", 8),
    ("参加考核 assessed", 10), ("备注 notes", 60),
)  # fmt: skip
_ENTRIES: Final = (
    ("从业资格证号 driver_id", 20), ("编号 entry_id", 8), ("类别 kind", 12), ("事项 what", 30),
    ("规则 rule", 24), ("行为日期 act_date", 12), ("分值 points", 8),
    ("状态 status", 12), ("决定时间 decided_at", 20),
    ("决定人 decider", 12), ("依据 law", 60),
)  # fmt: skip
_LAW: Final = (
    ("法规数值 number", 40),
    ("名称 title", 40),
    ("出处 act", 60),
    ("确定性 certainty", 14),
    ("引文 quote", 80),
)
_MADE: Final = dt.time(12)


def credit_table(standings: Sequence[Standing], names: Mapping[str, str], law: Law, as_of_day: int) -> bytes:
    """An XLSX file; the same standings give the same bytes.

    Args:
        standings: of the drivers, in their order.
        names: of the drivers, by driver_id.
        law: whose citations stand beside the entries.
        as_of_day: the city day it speaks of.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - only this format needs it

    stream = BytesIO()
    # Text stays text: no formula, no link, no number is made of a string.
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    day = date_of(as_of_day)
    with contextlib.closing(Workbook(stream, options)) as book:
        made = dt.datetime.combine(day, _MADE)
        book.set_properties({"title": f"服务质量信誉考核 {day.isoformat()}", "created": made})
        _sheet(book, "驾驶员 drivers", _DRIVERS, (_driver(one, names, law) for one in standings))
        _sheet(
            book, "明细 entries", _ENTRIES,
            (_entry(one, line, law) for one in standings for line in one.lines),
        )  # fmt: skip
        leaned = sorted({(name, str(sure)) for one in standings for name, sure in one.certainty.items()})
        _sheet(book, "依据 law", _LAW, (_law_row(name, sure, law) for name, sure in leaned))
    return stream.getvalue()


def _sheet(
    book: Any,  # noqa: ANN401 - xlsxwriter has no types
    name: str,
    headers: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[str | int | None]],
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#EEF1F5"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (title, width) in enumerate(headers):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, head)
    for line, values in enumerate(rows, 1):
        for at, value in enumerate(values):
            if isinstance(value, int):
                sheet.write_number(line, at, value, wrapped)
            elif value:
                sheet.write_string(line, at, value, wrapped)


def _driver(one: Standing, names: Mapping[str, str], law: Law) -> tuple[str | int | None, ...]:
    lost, won = (
        "\n".join(
            _detail(line, law) for line in one.lines if line.status in kinds and sign * line.entry.points > 0
        )
        for sign, kinds in ((-1, ("counts",)), (1, ("counts", "over_cap")))
    )
    score = one.score if one.assessed else None
    notes = "\n".join(f"{said.zh} {said.en}" for said in notes_of(one))
    return (
        one.driver_id, names.get(one.driver_id, ""), one.company_id, one.cycle, one.base, one.deductions,
        lost, one.bonus, won, score, one.grade, "是 yes" if one.assessed else "否 no", notes,
    )  # fmt: skip


def _detail(line: Line, law: Law) -> str:
    entry = line.entry
    day = date_of(entry.act_day).isoformat()
    return f"{day} {what_said(entry, law).zh} {entry.points:+d} {citation(entry, law)}"


def _entry(one: Standing, line: Line, law: Law) -> tuple[str | int | None, ...]:
    entry = line.entry
    decided = f"{moment_of(entry.decided_ms, law.timezone):%Y-%m-%d %H:%M:%S}"
    status = STATUS[line.status]
    return (
        one.driver_id, entry.entry_id, entry.kind, what_said(entry, law).zh, entry.rule,
        date_of(entry.act_day).isoformat(), entry.points, f"{status.zh} {status.en}", decided, entry.decider,
        citation(entry, law),
    )  # fmt: skip


def _law_row(name: str, sure: str, law: Law) -> tuple[str, ...]:
    version = version_of(name, law)
    path = name.partition("@")[0]
    title = law[path].title_zh if path in law else ""
    said = CERTAINTY.get(sure, Said(sure))
    if version is None:
        return (name, title, "", f"{said.zh} {said.en}", "")
    act = " ".join(part for part in (version.cite.act, version.cite.article) if part)
    return (name, title, act, f"{said.zh} {said.en}", version.cite.quote)
