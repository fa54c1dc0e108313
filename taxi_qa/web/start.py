"""The first page after signing in: what waits for the reader, by his role."""

from typing import Final

from flask import Blueprint, render_template

from taxi_qa.store.browse import CASES, count_by, referred, soonest
from taxi_qa.web.drivers import picture
from taxi_qa.web.permits import for_everybody
from taxi_qa.web.viewer import home, now_ms, viewer

blueprint: Final = Blueprint("start", __name__)
# What waits for whom, the most urgent first.
WAITING: Final = {
    "driver": ("proposed", "confirmed"),
    "manager": ("proposed", "confirmed", "appealed"),
    "inspector": ("queued", "second_review", "answered"),
    "reviewer": ("queued", "answered", "second_review"),
    "appeal_reviewer": ("appealed",),
    "administrator": ("queued", "appealed"),
    "auditor": ("queued", "appealed"),
}
_FIRST_ROWS: Final = 8
# Who is shown what companies ask for.
_FIRST_REVIEWERS: Final = frozenset({"inspector", "reviewer", "auditor"})


@blueprint.get("/")
@for_everybody
def start() -> str:
    """What waits for the reader."""
    who = viewer()
    account, seen = who.account, who.scope.cases()
    counted = count_by(home(), CASES, seen, "state")
    waiting = WAITING[account.role]
    first = soonest(home(), seen, waiting, _FIRST_ROWS)
    if account.role == "driver":
        mine = picture(account.driver_id)
        return render_template("web/me.html", **mine, counted=counted, first=first, now=now_ms())
    asked = referred(home(), seen, _FIRST_ROWS) if account.role in _FIRST_REVIEWERS else []
    return render_template("web/start.html", counted=counted, waiting=waiting, first=first, asked=asked)
