"""Service levels that were promised: of each month what was examined, not kept, or cannot be told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, render_template

from taxi_qa.reports.amounts import amount
from taxi_qa.reports.company_month import answers_of
from taxi_qa.reports.export import Cell
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import company_counts, complaint_desk
from taxi_qa.store.browse import Wanted, count
from taxi_qa.store.complaint_desk import COMPLAINTS
from taxi_qa.store.service_levels import Answered, answered, found_of, unjudged_of
from taxi_qa.values.clock import day_start_ms
from taxi_qa.web.company import Month, company_asked, month_asked, month_of, trips_in
from taxi_qa.web.lists import rows_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import lazy_gettext
from taxi_qa.web.translate import shown as shown_as
from taxi_qa.web.viewer import home, law, today, viewer
from taxi_qa.web.words import rule_title, said

blueprint: Final = Blueprint("sla", __name__)
ANSWERS: Final = {
    "found": lazy_gettext("未达标"),
    "cannot_tell": lazy_gettext("无法判断"),
    "none_found": lazy_gettext("查过，未发现问题"),
    "not_examined": lazy_gettext("没有数据，未检查"),
}
_MONTHS: Final = 4
_NO_COUNTS: Final = (None, None, None)
# How many months back the last one that was judged is looked for.
_LOOKED_BACK: Final = 36
# What a company must have had in a month for a rule to have looked at it.
_OF_COMPLAINTS: Final = frozenset({"sla.first_reply", "sla.closing"})


def rules() -> list[str]:
    """The rules of service levels."""
    return sorted(name for name in catalogue() if name.startswith("sla."))


@blueprint.get("/sla")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown() -> str:
    """Service levels of a company; of the whole city in numbers for whoever sees it."""
    told = _asked()
    return render_template(
        "web/sla.html",
        company_id=told.company_id,
        name=told.companies.get(told.company_id, ""),
        companies=told.companies,
        months=told.months,
        this_month=month_of(today()),
        rules=rules(),
        city=told.city,
        cells=told.cells,
        answers=ANSWERS,
        sees_city=viewer().scope.whole_city,
    )


@blueprint.get("/sla.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown_file(kind: str) -> Response:
    """The same as a file: a row for each month and matter, of the company and then of the city."""
    told = _asked()
    titles = (
        (_("范围"), Cell("of")),
        (_("事项"), Cell("rule")),
        (_("月份"), Cell("month")),
        (_("结果"), Cell("answer")),
        (_("实测"), Cell("measured")),
        (_("允许"), Cell("allowed")),
        (_("检查"), Cell("examined", "whole")),
        (_("未达标"), Cell("found", "whole")),
        (_("无法判断"), Cell("cannot_tell", "whole")),
    )
    rows = [*_company_rows(told), *(_city_rows(told) if viewer().scope.whole_city else ())]
    return rows_file(rows, titles, "sla", kind)


@dataclass(frozen=True)
class _Told:
    """What the page and its file tell of: months (the latest first) of a company, and of the city."""

    company_id: str
    companies: Mapping[str, str]
    months: list[Month]
    city: Mapping[tuple[int, str], Answered]
    cells: Mapping[tuple[int, str], dict[str, Any]]


def _asked() -> _Told:
    scope, company_id = viewer().scope, company_asked()
    last = month_asked()
    if last is None:
        # The last month anybody judged.
        back = months_to(month_of(today()), _LOOKED_BACK)
        answers = answered(home(), rules(), [one.first_day for one in back])
        last = month_of(max((day for day, _rule in answers), default=today()))
    months = months_to(last, _MONTHS)
    city = answered(home(), rules(), [one.first_day for one in months])
    return _Told(
        company_id,
        company_counts.companies(home(), scope),
        months,
        city if scope.whole_city else {},
        of_company(company_id, months, city) if company_id else {},
    )


def _company_rows(told: _Told) -> Iterator[tuple[str | int | None, ...]]:
    for rule in rules() if told.company_id else ():
        for month in told.months:
            cell = told.cells[month.first_day, rule]
            head = (told.company_id, rule_title(rule), month.name, shown_as(ANSWERS, cell["answer"]))
            for measured, allowed in cell["found"] or [(None, None)]:
                yield (*head, *("" if one is None else said(one) for one in (measured, allowed)), *_NO_COUNTS)


def _city_rows(told: _Told) -> Iterator[tuple[str | int | None, ...]]:
    for rule in rules():
        for month in told.months:
            counts = told.city.get((month.first_day, rule))
            head = (_("全市"), rule_title(rule), month.name)
            if counts is None or not counts.examined:
                yield (*head, shown_as(ANSWERS, "not_examined"), "", "", *_NO_COUNTS)
            else:
                yield (*head, "", "", "", counts.examined, counts.found, counts.cannot_tell)


def months_to(last: Month, many: int) -> list[Month]:
    """So many months, the latest first."""
    months = [last]
    while len(months) < many:
        months.append(months[-1].before)
    return months


def of_company(
    company_id: str, months: Sequence[Month], city: Mapping[tuple[int, str], Answered]
) -> dict[tuple[int, str], dict[str, Any]]:
    """(first day of the month, rule) -> answer, and `found`: measured and allowed of each finding, said.

    Args:
        company_id: whose.
        months: the latest first.
        city: what was answered of all companies.
    """
    span = (months[-1].first_day, months[0].first_day)
    found: dict[tuple[int, str], list[Any]] = {}
    for row in found_of(home(), viewer().scope, company_id, rules(), *span):
        said = [
            None if row[name] is None else amount(float(row[name]), row["unit"], law().currency)
            for name in ("measured", "allowed")
        ]
        found.setdefault((int(row["day"]), str(row["rule"])), []).append(said)
    unjudged = unjudged_of(home(), company_id, rules(), [one.first_day for one in months])
    cells: dict[tuple[int, str], dict[str, Any]] = {}
    for month in months:
        day = month.first_day
        # What of all companies was examined says nothing of one that had nothing to examine.
        had = {rule: had_any(company_id, month, rule) if (day, rule) in city else False for rule in rules()}
        told = answers_of(
            [rule for on, rule in found if on == day],
            [rule for on, rule in unjudged if on == day],
            {rule: city[day, rule].examined for rule, any_of_it in had.items() if any_of_it},
        )
        for rule, answer in told.items():
            cells[day, rule] = {"answer": answer, "found": found.get((day, rule), [])}
    return cells


def had_any(company_id: str, month: Month, rule: str) -> bool:
    """Whether a company had anything in a month that a rule could look at: complaints, else trips."""
    if rule not in _OF_COMPLAINTS:
        return trips_in(company_id, month) > 0
    zone = home().timezone
    bounds = [day_start_ms(day, zone) for day in (month.first_day, month.last_day + 1)]
    here = complaint_desk.seen(viewer().scope, company_id)
    received = Wanted(least={"received_ms": bounds[0]}, below={"received_ms": bounds[1]})
    return count(home(), COMPLAINTS, here, received) > 0
