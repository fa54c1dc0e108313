"""One case: what speaks for and against it, and the steps its reader may take.

A step is taken by the desk (`review.desk`), which says what is allowed; the page only asks. Who decided on an
old view of the case is told so.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from taxi_qa.reports.case_file import CaseStory, case_file
from taxi_qa.reports.case_view import case_view
from taxi_qa.reports.falls import falls_said
from taxi_qa.reports.track_view import track_view
from taxi_qa.review import desk as desks
from taxi_qa.review.charges import charge_by
from taxi_qa.review.precision import fallen, staged
from taxi_qa.review.states import Actor, Ask, RefusedError
from taxi_qa.review.terms import terms_on
from taxi_qa.store import desk as kept
from taxi_qa.store.accounts import Account
from taxi_qa.store.browse import one_case
from taxi_qa.store.device_media import digests_in, held
from taxi_qa.store.evidence import EvidenceError, path_of
from taxi_qa.store.plain import plain_rows
from taxi_qa.store.standing import findings_that_stand
from taxi_qa.web.permits import for_everybody, permit
from taxi_qa.web.refusals import FILE_REFUSALS, REFUSALS
from taxi_qa.web.step_forms import fits, step_forms
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language
from taxi_qa.web.translate import shown as named
from taxi_qa.web.viewer import home, law, leads_now, live_labels, note_look, now_ms, settings, today, viewer
from taxi_qa.web.words import STATES

blueprint: Final = Blueprint("case_page", __name__)
# Which steps a role takes; the appeal is decided by others than the first reviews.
MAY: Final[Mapping[str, frozenset[str]]] = {
    "driver": frozenset({"answer", "appeal"}),
    "manager": frozenset({"refer"}),
    "inspector": frozenset({"dismiss", "propose", "confirm", "quarantine", "release", "extend"}),
    "reviewer": frozenset({"dismiss", "propose", "confirm", "quarantine", "release", "extend"}),
    "appeal_reviewer": frozenset({"uphold", "reject", "extend"}),
    "administrator": frozenset(),
    "auditor": frozenset(),
}
_NOTE_MOST: Final = 2_000
# Of what devices sent a browser shows these itself; all else is handed down as a file.
_SHOWN: Final = frozenset({"image/jpeg", "image/png", "video/mp4"})


def desk_now(leads: frozenset[str] | None = None) -> desks.Desk:
    """The desk by the terms and the law of this moment.

    Args:
        leads: the rules that have fallen back, to show what could be done; looked at anew for a step.
    """
    kept_home, at_ms = home(), now_ms()
    binding = law()
    leads = fallen(kept_home, binding) if leads is None else leads
    return desks.Desk(kept_home, terms_on(binding, at_ms), charge_by(binding), leads)


def _story(case_id: str) -> tuple[kept.Kept, CaseStory]:
    """A case the reader may see; others are as if they were not there."""
    if not one_case(home(), viewer().scope, case_id):
        abort(404)
    with home().engine.connect() as connection:
        one = kept.kept_case(connection, case_id)
        events, said = kept.events(connection, case_id), kept.answers(connection, case_id)
    live, leads = live_labels(), leads_now()
    (findings,) = staged([findings_that_stand(home(), one.case.finding_ids)], leads)
    return one, CaseStory(
        one.case,
        one.state,
        findings,
        plain_rows(events),
        said,
        leads=falls_said(live, one.case.rules, home().timezone),
        is_lead=desks.stage_now(one.case, leads) != "stable",
    )


@blueprint.get("/cases/<case_id>")
@for_everybody
def shown(case_id: str) -> str:
    """The page of a case."""
    return _page(case_id, {})


def _page(case_id: str, typed: Mapping[str, str]) -> str:
    """The page, with what somebody had typed into its form."""
    return render_template("web/case.html", **page_values(case_id), typed=typed)


def page_values(case_id: str) -> dict[str, Any]:
    """What a page about a case shows; that the reader looks at it is kept."""
    one, story = _story(case_id)
    account = viewer().account
    note_look("case", case_id, _why_looking(account))
    desk, at_ms = desk_now(leads_now()), now_ms()
    with home().engine.connect() as connection:
        offered = desks.offers(connection, desk, one, _actor(account), at_ms, MAY[account.role])
    g.tile_host = tile_host(settings().tiles)
    return {
        "one": one,
        "case": one.case,
        "story": story,
        "findings": plain_rows(story.findings),
        "offers": offered.steps,
        "forms": step_forms(offered.steps, one.state, desk.terms, offered.points),
        "points": offered.points,
        "why_free": offered.why_free,
        "terms": desk.terms,
        "now": at_ms,
        "view": case_view(story, law()),
        "seen": [held(home(), one) for one in _digests(story)],
        "is_referred": any(event["action"] == "refer" for event in story.events),
        "track_url": url_for("case_page.track", case_id=case_id),
        "english": language() == "en",
        "tiles": settings().tiles,
        "tiles_attribution": settings().tiles_attribution,
    }


@blueprint.get("/cases/<case_id>/track.json")
@for_everybody
def track(case_id: str) -> Response:
    """The track of a case for its map and curves: of the act and the minutes around it alone."""
    _one, story = _story(case_id)
    note_look("track", case_id, _why_looking(viewer().account))
    datum = settings().tiles_datum if settings().tiles else "wgs84"
    return jsonify(track_view(home(), story, law(), datum=datum).as_json())


def tile_host(address: str) -> str:
    """Where pictures of map tiles may come from, as a content security policy says it; "" without tiles."""
    parts = urlsplit(address.replace("{s}", "*"))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _why_looking(account: Account) -> str:
    return {"driver": "own case", "manager": "own company"}.get(account.role, "office")


def _actor(account: Account) -> Actor:
    """Who takes a step: a driver by his licence, others by their account and, if any, their company."""
    if account.role == "driver":
        return Actor(account.driver_id, "driver")
    if account.role == "manager":
        return Actor(account.account_id, "manager", account.company_id)
    return Actor(account.account_id, "reviewer", account.company_id)


@blueprint.post("/cases/<case_id>/steps")
@permit("driver", "manager", "inspector", "reviewer", "appeal_reviewer")
def stepped(case_id: str) -> AnyResponse:
    """Take a step with a case."""
    account = viewer().account
    if not one_case(home(), viewer().scope, case_id):
        abort(404)
    form = request.form
    action, seen = form.get("action", ""), form.get("seen", "")
    if action not in MAY[account.role]:
        abort(403)
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):  # noqa: PLR2004 - no history is that long
        abort(400, _("页面已失效，请重新打开案件。"))
    by_driver = account.role == "driver"
    note = form.get("note", "")[:_NOTE_MOST]
    ask = Ask(action, _actor(account), now_ms(), form.get("reason", ""), note, form.get("accepts") == "yes")
    try:
        if not fits(action, ask.reason):
            raise RefusedError(f"{ask.reason!r} is no reason to {action}", "reason")  # noqa: TRY301 - one way back
        with tempfile.TemporaryDirectory(prefix="taxi_qa_") as folder:
            files = uploads(Path(folder), request.files.getlist("files"))
            said = desks.Words(note, files) if by_driver else None
            event = desks.step(desk_now(), case_id, ask, int(seen), said)
    except kept.StaleError:
        flash(
            _("案件在您查看期间已有变动，请看过最新情况再办理。您填写的内容没有提交，仍在下面的表格里。"),
            "refused",
        )
    except RefusedError as error:
        flash(_("没有办理：%(why)s", why=_refusal(error)), "refused")
    except EvidenceError as error:
        why = f"{error.name}: {named(FILE_REFUSALS, error.code)}"
        flash(_("附件没有收下，陈述也没有提交：%(why)s", why=why), "refused")
    else:
        flash(_("已办理，案件现为“%(state)s”。", state=named(STATES, event.to_state)), "done")
        if by_driver:
            return redirect(url_for("case_page.receipt", case_id=case_id, version=event.version))
        return redirect(_next_place(case_id, form.get("queue", "")))
    # What was typed is not lost: the page comes again with it, on the case as it stands now.
    typed = {"action": action, "note": note, "reason": ask.reason, "accepts": "yes" if ask.accepts else ""}
    return Response(_page(case_id, typed), 409)


@blueprint.get("/cases/<case_id>/receipts/<int:version>")
@for_everybody
def receipt(case_id: str, version: int) -> str:
    """What a driver said with one step, as it was received: moment, words, digests of files."""
    one, story = _story(case_id)
    found = [said for said in story.answers if said["version"] == version]
    if not found:
        abort(404)
    note_look("receipt", f"{case_id} {version}", _why_looking(viewer().account))
    return render_template("web/receipt.html", case=one.case, one=one, said=found[0])


def _next_place(case_id: str, place: str) -> str:
    """Where whoever decided goes on: in a queue the next case stands where the decided one was."""
    if place.isascii() and place.isdigit() and len(place) < 10:  # noqa: PLR2004 - no queue is that long
        return url_for("queue.shown", at=place)
    return url_for("case_page.shown", case_id=case_id)


def _refusal(error: RefusedError) -> str:
    return named(REFUSALS, error.code)


def uploads(folder: Path, sent: list[FileStorage]) -> tuple[Path, ...]:
    """Files of the form under names of ours; the desk looks at what they are."""
    found = []
    for number, one in enumerate(sent):
        if one.filename:
            ending = Path(one.filename.replace("\\", "/")).suffix.lower()[:8]
            # A folder each, so that the name a person gave can be kept without ever being a path.
            place = folder / str(number)
            place.mkdir()
            stem = "".join(
                c for c in Path(one.filename.replace("\\", "/")).stem if c.isalnum() or c in "-_ "
            )[:80]
            target = place / f"{stem or 'file'}{ending if ending[1:].isalnum() else ''}"
            one.save(target)
            found.append(target)
    return tuple(found)


@blueprint.get("/cases/<case_id>/case.pdf")
@for_everybody
def paper(case_id: str) -> Response:
    """The file of a case, to print or send."""
    _one, story = _story(case_id)
    note_look("case file", case_id, _why_looking(viewer().account))
    binding = law()
    day = today()
    answer = make_response(case_file(story, binding, day))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="case-{case_id}.pdf"'
    return answer


@blueprint.get("/cases/<case_id>/media/<sha256>")
@for_everybody
def device_media(case_id: str, sha256: str) -> AnyResponse:
    """A picture or clip of a device that a finding of the case names."""
    _one, story = _story(case_id)
    if sha256 not in _digests(story):
        abort(404)
    file = held(home(), sha256)
    if file.path is None:
        abort(404)
    note_look("media", f"{case_id} {sha256[:12]}", _why_looking(viewer().account))
    answer = send_file(file.path, mimetype=file.media_type, conditional=True)
    kind = "inline" if file.media_type in _SHOWN else "attachment"
    answer.headers["Content-Disposition"] = f'{kind}; filename="{sha256[:12]}"'
    return answer


def _digests(story: CaseStory) -> list[str]:
    """The digests its findings name, each once."""
    return list(dict.fromkeys(one for told in story.findings["evidence"] for one in digests_in(str(told))))


@blueprint.get("/cases/<case_id>/files/<sha256>")
@for_everybody
def evidence(case_id: str, sha256: str) -> AnyResponse:
    """A file the driver sent along."""
    _one, story = _story(case_id)
    files: dict[str, Any] = {file["sha256"]: file for said in story.answers for file in said["files"]}
    if sha256 not in files:
        abort(404)
    note_look("evidence", f"{case_id} {sha256[:12]}", _why_looking(viewer().account))
    answer = make_response(path_of(home(), sha256).read_bytes())
    answer.mimetype = files[sha256]["media_type"]
    answer.headers["Content-Disposition"] = "attachment"
    return answer
