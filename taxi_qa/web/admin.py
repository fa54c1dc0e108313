"""Accounts, and the log of who looked at what."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from taxi_qa.reports.export import Cell
from taxi_qa.store import accounts
from taxi_qa.store.plain import plain_rows
from taxi_qa.web import passwords
from taxi_qa.web.lists import FileKind, rows_file, table_file
from taxi_qa.web.permits import permit
from taxi_qa.web.refusals import ACCOUNT_REFUSALS
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import lazy_gettext, shown
from taxi_qa.web.viewer import home, note_look, now_ms, viewer
from taxi_qa.web.words import LOOKED_AT, LOOKED_WHY, ROLES, iso

blueprint: Final = Blueprint("admin", __name__)
_ROWS: Final = 100
STATES: Final = {
    "disabled": lazy_gettext("已停用"),
    "must change": lazy_gettext("待首次改密"),
    "usual": lazy_gettext("可登录"),
}
_MOST: Final = 100_000


@blueprint.get("/admin/accounts")
@permit("administrator")
def listed() -> str:
    """Every account."""
    return render_template(
        "web/accounts.html", accounts=accounts.all_accounts(home()), roles=ROLES, states=STATES,
        scope_of=scope_of, state_of=state_of,
    )  # fmt: skip


@blueprint.get("/admin/accounts.<any(csv, xlsx):kind>")
@permit("administrator")
def listed_file(kind: str) -> Response:
    """The same accounts as a file; nothing of a password is in it."""
    rows = [
        (one.name, one.shown_name, shown(ROLES, one.role), scope_of(one), shown(STATES, state_of(one)))
        for one in accounts.all_accounts(home())
    ]
    titles = (
        (_("用户名"), Cell("name")),
        (_("显示名称"), Cell("shown_name")),
        (_("身份"), Cell("role")),
        (_("范围"), Cell("scope")),
        (_("状态"), Cell("state")),
    )
    return rows_file(rows, titles, "accounts", kind)


def scope_of(account: accounts.Account) -> str:
    """Whom an account is of: a driver, a company, or zones."""
    return account.driver_id or account.company_id or "; ".join(account.zone_ids)


def state_of(account: accounts.Account) -> str:
    """A key of `STATES`."""
    return "disabled" if account.disabled_ms else "must change" if account.must_change else "usual"


@blueprint.post("/admin/accounts")
@permit("administrator")
def add() -> Response | tuple[str, int] | str:
    """Make an account; its first password is shown once."""
    form = request.form
    zones = tuple(
        filter(None, (zone.strip() for zone in form.get("zone_ids", "").replace("；", ";").split(";")))
    )
    given = passwords.made_up()
    try:
        made = accounts.NewAccount(
            name=form.get("name", "").strip(),
            role=accounts.role_of(form.get("role", "")),
            shown_name=form.get("shown_name", "")[:64],
            driver_id=form.get("driver_id", "").strip(),
            company_id=form.get("company_id", "").strip(),
            zone_ids=zones,
        )
        account = accounts.add(home(), made, passwords.hashed(given), now_ms())
    except accounts.AccountError as error:
        flash(_("没有建立账号：%(why)s", why=shown(ACCOUNT_REFUSALS, error.code)), "refused")
        return redirect(url_for("admin.listed"))
    return render_template("web/account_made.html", made=account, given=given)


@blueprint.post("/admin/accounts/<account_id>")
@permit("administrator")
def change(account_id: str) -> Response | str:
    """Disable an account, let it in again, or give it another first password."""
    with home().engine.connect() as connection:
        found = accounts.account_of(connection, account_id=account_id)
    if found is None:
        abort(404)
    action = request.form.get("action", "")
    if action == "password":
        given = passwords.made_up()
        accounts.set_password(home(), account_id, passwords.hashed(given), must_change=True)
        return render_template("web/account_made.html", made=found, given=given)
    if account_id == viewer().account.account_id:
        flash(_("不能停用自己的账号。"), "refused")
    elif action == "disable":
        accounts.disable(home(), account_id, now_ms())
        flash(_("账号已停用，其登录已失效。"), "done")
    elif action == "enable":
        accounts.disable(home(), account_id, None)
        flash(_("账号已恢复。"), "done")
    else:
        abort(400)
    return redirect(url_for("admin.listed"))


@blueprint.get("/admin/access")
@permit("administrator")
def access() -> str:
    """Who looked at what, the last first."""
    page = request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 1 <= int(page[:6]) <= _MOST else 1
    subject = request.args.get("q", "").strip()[:100]
    rows, total = accounts.access_log(home(), subject=subject, limit=_ROWS, offset=(number - 1) * _ROWS)
    pages = max(-(-total // _ROWS), 1)
    return render_template(
        "web/access.html", rows=plain_rows(rows), total=total, number=number, pages=pages, subject=subject
    )


@blueprint.get("/admin/access.<any(csv, xlsx):kind>")
@permit("administrator")
def access_file(kind: str) -> Response:
    """All entries the page would show, as a file; that it was taken is an entry itself."""
    subject = request.args.get("q", "").strip()[:100]
    titles = (
        (_("时间"), Cell("at")),
        (_("人员"), Cell("who")),
        (_("身份"), Cell("role")),
        (_("查看"), Cell("what")),
        (_("对象"), Cell("subject")),
        (_("原因"), Cell("why")),
    )
    note_look("access log", subject, "export")
    total = accounts.access_log(home(), subject=subject, limit=0)[1]
    log = accounts.whole_access_log(home(), subject)
    return table_file(log, total, titles, _access_cells, "access", cast("FileKind", kind))


def _access_cells(row: Mapping[str, Any]) -> Sequence[str]:
    return (
        iso(row["at_ms"]), row["name"] or row["account_id"], shown(ROLES, row["role"]),
        shown(LOOKED_AT, row["what"]), row["subject"], shown(LOOKED_WHY, row["why"]),
    )  # fmt: skip
