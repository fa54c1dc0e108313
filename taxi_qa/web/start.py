"""The first page after signing in: what waits for the reader, by his role."""

from typing import Final

from flask import Blueprint, current_app, render_template
from sqlalchemy import ColumnElement

from taxi_qa.store.browse import CASES, count_by, soonest
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
_LASTS_MS: Final = 10_000


def _counted(account_id: str, seen: ColumnElement[bool]) -> dict[str, int]:
    """How many cases stand in each state, at most ten seconds old: the lists behind the tiles are exact."""
    kept: dict[str, tuple[int, dict[str, int]]] = current_app.extensions.setdefault("taxi_qa.counted", {})
    now = now_ms()
    at_ms, counted = kept.get(account_id, (-_LASTS_MS, {}))
    if not 0 <= now - at_ms < _LASTS_MS:
        counted = count_by(home(), CASES, seen, "state")
        for old in [name for name, (then, _) in kept.items() if not 0 <= now - then < _LASTS_MS]:
            del kept[old]
        kept[account_id] = now, counted
    return counted


@blueprint.get("/")
@for_everybody
def start() -> str:
    """What waits for the reader."""
    who = viewer()
    account, seen = who.account, who.scope.cases()
    counted = _counted(account.account_id, seen)
    waiting = WAITING[account.role]
    first = soonest(home(), seen, waiting, _FIRST_ROWS)
    if account.role == "driver":
        mine = picture(account.driver_id)
        return render_template("web/me.html", **mine, counted=counted, first=first, now=now_ms())
    return render_template("web/start.html", counted=counted, waiting=waiting, first=first)
