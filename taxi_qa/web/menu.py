"""What the head of every page shows: where a reader may go, and where he is."""

from dataclasses import dataclass
from typing import Any, Final

from flask import current_app, request
from flask_login import current_user

from taxi_qa.web.permits import permitted
from taxi_qa.web.translate import lazy_gettext


@dataclass(frozen=True)
class Place:
    """A place of the menu."""

    endpoint: str
    title: Any


# In the order in which somebody's day goes; each role sees those it may ask for.
PLACES: Final = (
    Place("start.start", lazy_gettext("首页")),
    Place("company.shown", lazy_gettext("企业")),
    Place("cases.listed", lazy_gettext("案件")),
    Place("queue.shown", lazy_gettext("办案队列")),
    Place("drivers.listed", lazy_gettext("驾驶员")),
    Place("hub_luck.mine", lazy_gettext("候客台账")),
    Place("coaching.listed", lazy_gettext("辅导")),
    Place("vehicles.listed", lazy_gettext("车辆")),
    Place("complaints.listed", lazy_gettext("投诉")),
    Place("sla.shown", lazy_gettext("服务承诺")),
    Place("lookup.found", lazy_gettext("查车")),
    Place("inspections.listed", lazy_gettext("现场检查")),
    Place("zones.listed", lazy_gettext("枢纽区域")),
    Place("trips.tariff", lazy_gettext("运价计算")),
    Place("texts.rules", lazy_gettext("规则")),
    Place("texts.numbers", lazy_gettext("法规数据")),
    Place("texts.pledge", lazy_gettext("承诺覆盖")),
    Place("admin.listed", lazy_gettext("账号")),
    Place("admin.access", lazy_gettext("查看记录")),
)


# What each role goes to every day; the rest stands behind one word, so that a phone has room.
FIRST: Final[dict[str, tuple[str, ...]]] = {
    "driver": ("start.start", "cases.listed", "hub_luck.mine", "trips.tariff"),
    "manager": ("company.shown", "cases.listed", "drivers.listed", "vehicles.listed", "complaints.listed"),
    "inspector": ("lookup.found", "inspections.listed", "zones.listed", "queue.shown"),
    "reviewer": ("start.start", "queue.shown", "cases.listed", "drivers.listed"),
    "appeal_reviewer": ("start.start", "cases.listed", "queue.shown", "drivers.listed"),
    "administrator": ("start.start", "cases.listed", "drivers.listed", "admin.listed"),
    "auditor": ("start.start", "cases.listed", "drivers.listed", "admin.access"),
}


def shown() -> dict[str, Any]:
    """For every template: the menu, and who reads."""
    if not current_user.is_authenticated or current_user.account.must_change:
        return {"menu": (), "account": getattr(current_user, "account", None)}
    account = current_user.account
    places = [
        {
            "endpoint": one.endpoint, "title": one.title, "here": request.endpoint == one.endpoint,
            "first": one.endpoint in FIRST[account.role],
        }
        for one in PLACES
        if one.endpoint in current_app.view_functions and account.role in permitted(current_app, one.endpoint)
    ]  # fmt: skip
    return {"menu": places, "account": account}
