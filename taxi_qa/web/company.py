"""A company at a glance: what needs doing today, how its month went, and whom to talk to."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flask import Blueprint, Response, abort, current_app, render_template, request
from sqlalchemy import and_

from taxi_qa.reports.export import Cell
from taxi_qa.store import company_counts, complaint_desk, equipment_now
from taxi_qa.store.browse import CASES, INDICES, STANDINGS, Wanted, count, count_by, rows_of
from taxi_qa.store.equipment_now import VEHICLES
from taxi_qa.store.presence import POSITIONS, delivered_ever, feeds
from taxi_qa.values.clock import MS_PER_DAY, city_day, date_of, day_of, day_start_ms
from taxi_qa.web.coaching import UNITS, with_cases
from taxi_qa.web.complaints import terms_s
from taxi_qa.web.drivers import GRADES, training_at
from taxi_qa.web.lists import rows_file
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, now_ms, today, viewer
from taxi_qa.web.words import day

blueprint: Final = Blueprint("company", __name__)
# States as a manager counts them: still open, held, and found to be none.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("quarantined", "queued", "proposed", "answered", "second_review", "appealed"),
    "held": ("confirmed", "upheld"),
    "none": ("dismissed", "reversed", "expired", "excused"),
}
_WEEKS: Final = 8
_SOON_D: Final = 3
_SHOWN: Final = 5
_PER_TRIPS: Final = 10_000
_WEEK_D: Final = 7
# 1970-01-01 was a Thursday.
_MONDAY: Final = 3


@dataclass(frozen=True)
class Month:
    """A month of the city's calendar.

    Attributes:
        first_day, last_day: city days, both included.
    """

    first_day: int
    last_day: int

    @property
    def name(self) -> str:
        """2025-10."""
        return date_of(self.first_day).isoformat()[:7]

    @property
    def before(self) -> "Month":
        """The month before."""
        return month_of(self.first_day - 1)

    @property
    def after(self) -> "Month":
        """The month after."""
        return month_of(self.last_day + 1)


def month_of(day: int) -> Month:
    """The month in which a city day lies."""
    first = date_of(day).replace(day=1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return Month(day_of(first), day_of(following) - 1)


def month_asked() -> Month | None:
    """The month of the address, 2025-10, None where it names none; anything else is refused."""
    text = request.args.get("month", "").strip()
    if not text:
        return None
    try:
        return month_of(day_of(dt.date.fromisoformat(f"{text}-01")))
    except ValueError:
        abort(400, _("月份应写作 2026-10。"))


def company_asked() -> str:
    """The company of the address, or the reader's own; "" where one is still to be chosen."""
    asked, scope = request.args.get("company", "").strip(), viewer().scope
    company_id = asked or scope.company_id
    if company_id and not scope.sees_company(company_id):
        abort(404)
    return company_id


@blueprint.get("/company")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def shown() -> str:
    """A company at a glance; who belongs to none chooses one."""
    scope, company_id = viewer().scope, company_asked()
    known = company_counts.companies(home(), scope)
    if not company_id:
        return render_template("web/companies.html", companies=known)
    if company_id not in known:
        abort(404)
    last_ms = company_counts.last_case_ms(home(), scope, company_id)
    month, told = month_asked(), month_of(today())
    if month is None:
        # The month of the last case where this one has none: said on the page.
        last_day = None if last_ms is None else int(city_day(np.array([last_ms]), home().timezone)[0])
        month = told if last_day is None or last_day >= told.first_day else month_of(last_day)
    own = {"company_id": (company_id,)}
    worst, _total = rows_of(
        home(),
        STANDINGS,
        scope.standings(),
        Wanted(equal={**own, "assessed": (True,)}, below={"deductions": 0}, sort="score", limit=_SHOWN),
    )
    talks, talks_total = rows_of(
        home(),
        INDICES,
        scope.indices(),
        Wanted(equal={**own, "beside_fleet": ("above",)}, sort="-excess", limit=_SHOWN),
    )
    return render_template(
        "web/company.html",
        company_id=company_id,
        name=known[company_id],
        month=month,
        this_month=told,
        weeks=weeks_of(company_id, month),
        groups=GROUPS,
        grades=count_by(home(), STANDINGS, scope.standings(), "grade", Wanted(equal=own)),
        order=GRADES,
        rates=[rate_of(company_id, one) for one in (month, month.before)],
        today=to_do(company_id),
        soon_d=_SOON_D,
        worst=worst,
        talks=with_cases(talks),
        talks_total=talks_total,
        units=UNITS,
    )


@blueprint.get("/company/<company_id>/weeks.<any(csv, xlsx):kind>")
@permit("manager", "inspector", "reviewer", "appeal_reviewer", "administrator")
def weeks_file(company_id: str, kind: str) -> Response:
    """The weeks of a company's page as a file; empty cells where no data were heard of."""
    if company_id not in company_counts.companies(home(), viewer().scope):
        abort(404)
    rows = []
    for week in weeks_of(company_id, month_asked() or month_of(today())):
        known = week["heard_days"] or week["total"]
        counts = [week[name] if known else None for name in ("total", *GROUPS)]
        rows.append((day(week["first_day"]), day(week["last_day"]), week["heard_days"], *counts))
    titles = (
        (_("自"), Cell("from")),
        (_("至"), Cell("to")),
        (_("有数据的天数"), Cell("heard", "whole")),
        (_("合计"), Cell("total", "whole")),
        (_("办理中"), Cell("open", "whole")),
        (_("已确认"), Cell("held", "whole")),
        (_("未成立"), Cell("none", "whole")),
    )
    return rows_file(rows, titles, "weeks", kind)


def to_do(company_id: str) -> dict[str, Any]:
    """What waits today: answers due soon, equipment down, complaints whose clocks run, training due."""
    scope, at_ms = viewer().scope, now_ms()
    own = {"company_id": (company_id,)}
    asked = {**own, "state": ("proposed",)}
    here = complaint_desk.seen(scope, company_id)
    cars = and_(equipment_now.seen(scope), equipment_now.not_working(at_ms))
    limit, training = training_at(), None
    if limit is not None:
        low = Wanted(equal={**own, "assessed": (True,)}, below={"score": limit + 1})
        training = count(home(), STANDINGS, scope.standings(), low)
    return {
        "answers": count(home(), CASES, scope.cases(), Wanted(equal=asked)),
        "soon": count(
            home(),
            CASES,
            scope.cases(),
            Wanted(equal=asked, below={"deadline_ms": at_ms + _SOON_D * MS_PER_DAY}),
        ),
        "cars": count(home(), VEHICLES, cars, Wanted(equal=own)),
        "complaints": complaint_desk.clocks(home(), here, at_ms, *terms_s(at_ms)),
        "training": training,
        "training_at": limit,
    }


def weeks_of(company_id: str, month: Month) -> list[dict[str, Any]]:
    """Cases by week and group of states: the weeks up to the end of a month, the latest first.

    Returns:
        `first_day`, `last_day`, the groups of `GROUPS`, `total`, `heard_days` (days of which the home holds
        trips or positions at all: without any, no case is no all clear), `most` (of all weeks, for bars).
    """
    last = min(month.last_day, today())
    monday = last - (last + _MONDAY) % _WEEK_D
    firsts = [monday - _WEEK_D * back for back in reversed(range(_WEEKS))]
    bounds = [day_start_ms(day, home().timezone) for day in (*firsts, monday + _WEEK_D)]
    told = company_counts.cases_by_span(home(), viewer().scope, company_id, bounds)
    held = feeds(home(), firsts[0], monday + _WEEK_D - 1)
    heard = held.get("trips", frozenset()) | held.get(POSITIONS, frozenset())
    rows = [
        {
            "first_day": first,
            "last_day": first + _WEEK_D - 1,
            **{name: sum(states.get(one, 0) for one in of) for name, of in GROUPS.items()},
            "total": sum(states.values()),
            "heard_days": sum(day in heard for day in range(first, first + _WEEK_D)),
        }
        for first, states in zip(firsts, told, strict=True)
    ]
    most = max((int(row["total"]) for row in rows), default=0)
    return [{**row, "most": max(most, 1)} for row in reversed(rows)]


def rate_of(company_id: str, month: Month) -> dict[str, Any]:
    """Confirmed cases of a month per 10,000 metered trips; `rate` None where no trip is known."""
    span = (month.first_day, month.last_day)
    trips = trips_in(company_id, month)
    confirmed = company_counts.confirmed_of(home(), company_id, *span, now_ms())
    rate = confirmed * _PER_TRIPS / trips if trips else None
    return {"month": month, "trips": trips, "confirmed": confirmed, "rate": rate}


def trips_in(company_id: str, month: Month) -> int:
    """Metered trips of a company in a month, counted once a delivery: they are millions of rows."""
    kept: dict[tuple[str, int, int], int] = current_app.extensions.setdefault("taxi_qa.company_trips", {})
    last = delivered_ever(home()).get("trips", 0)
    key = (company_id, month.first_day, last)
    if key not in kept:
        for old in [one for one in kept if one[2] != last]:
            kept.pop(old, None)
        span = (month.first_day, month.last_day)
        kept[key] = company_counts.trips_of(home(), company_id, *span, now_ms()) if last else 0
    return kept[key]
