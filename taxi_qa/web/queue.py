"""The queue: one case after another, the nearest deadline first, by keyboard or without.

A key never decides: it leads to the form of a step, and the person sends it.
"""

from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.web.case_page import page_values
from taxi_qa.web.permits import permit
from taxi_qa.web.step_forms import AGAINST as DROPPED
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, viewer

blueprint: Final = Blueprint("queue", __name__)
# What waits for whom.
WAITING: Final = {
    "inspector": ("queued", "answered", "second_review"),
    "reviewer": ("queued", "answered", "second_review"),
    "appeal_reviewer": ("appealed",),
    "auditor": ("queued", "answered", "second_review", "appealed"),
}
# Steps that hold somebody to the case, and those that let him go; the first of each has a key.
FOR: Final = ("propose", "confirm", "reject")
AGAINST: Final = ("dismiss", "uphold")


@blueprint.get("/queue")
@permit("inspector", "reviewer", "appeal_reviewer")
def shown() -> str | AnyResponse:
    """The case at a place of the queue, the first where none is named."""
    text = request.args.get("at", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - no queue is that long
        abort(400, _("“%(name)s”应为整数。", name="at"))
    at, who = int(text), viewer()
    waiting = WAITING[who.account.role]
    wanted = Wanted(equal={"state": waiting}, sort="deadline_ms", limit=1, offset=at)
    frame, total = page(home(), CASES, who.scope.cases(), wanted)
    if not total:
        return render_template("web/queue_empty.html")
    if frame.empty:
        return redirect(url_for("queue.shown", at=total - 1))
    values = page_values(str(frame["case_id"].iloc[0]))
    steps = {offer.action for offer in values["offers"] if not offer.refusal}
    return render_template(
        "web/queue.html",
        **values,
        at=at,
        total=total,
        hold=next((step for step in FOR if step in steps), ""),
        drop=next((step for step in AGAINST if step in steps), ""),
        dropped=DROPPED,
    )
