"""Service levels that were promised: of each month what was examined, not kept, or cannot be told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, render_template

from taxi_qa.reports.amounts import amount
from taxi_qa.reports.company_month import answers_of
from taxi_qa.rules.kit import catalogue
from taxi_qa.store import company_counts, complaint_desk
from taxi_qa.store.browse import Wanted, count
from taxi_qa.store.complaint_desk import COMPLAINTS
from taxi_qa.store.service_levels import Answered, answered, found_of, unjudged_of
from taxi_qa.values.clock import day_start_ms
from taxi_qa.web.company import Month, company_asked, month_asked, month_of, trips_in
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import lazy_gettext
from taxi_qa.web.viewer import home, law, today, viewer

blueprint: Final = Blueprint("sla", __name__)
ANSWERS: Final = {
    "found": lazy_gettext("未达标"),
    "cannot_tell": lazy_gettext("无法判断"),
    "none_found": lazy_gettext("查过，未发现问题"),
    "not_examined": lazy_gettext("没有数据，未检查"),
}
_MONTHS: Final = 4
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
    scope, company_id = viewer().scope, company_asked()
    known = company_counts.companies(home(), scope)
    last = month_asked()
    if last is None:
        # The last month anybody judged.
        back = months_to(month_of(today()), _LOOKED_BACK)
        told = answered(home(), rules(), [one.first_day for one in back])
        last = month_of(max((day for day, _rule in told), default=today()))
    months = months_to(last, _MONTHS)
    city = answered(home(), rules(), [one.first_day for one in months])
    cells = of_company(company_id, months, city) if company_id else {}
    return render_template(
        "web/sla.html",
        company_id=company_id,
        name=known.get(company_id, ""),
        companies=known,
        months=months,
        this_month=month_of(today()),
        rules=rules(),
        city=city if scope.whole_city else {},
        cells=cells,
        answers=ANSWERS,
        sees_city=scope.whole_city,
    )


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
