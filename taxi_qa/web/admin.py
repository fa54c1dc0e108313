"""Accounts, and the log of who looked at what."""

from typing import Final

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from taxi_qa.store import accounts
from taxi_qa.store.plain import plain_rows
from taxi_qa.web import passwords
from taxi_qa.web.permits import permit
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import shown
from taxi_qa.web.viewer import home, now_ms, viewer
from taxi_qa.web.words import ACCOUNT_REFUSALS, ROLES

blueprint: Final = Blueprint("admin", __name__)
_ROWS: Final = 100
_MOST: Final = 100_000


@blueprint.get("/admin/accounts")
@permit("administrator")
def listed() -> str:
    """Every account."""
    return render_template("web/accounts.html", accounts=accounts.all_accounts(home()), roles=ROLES)


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
