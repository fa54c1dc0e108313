"""Signing in and out, one's own password and language; sessions that end by themselves."""

from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from taxi_qa.store import accounts
from taxi_qa.store.engine import transaction
from taxi_qa.web import passwords
from taxi_qa.web.api.problems import is_api
from taxi_qa.web.permits import for_everybody, public
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import Viewer, home, now_ms, settings, viewer
from taxi_qa.web.words import LANGUAGES

blueprint: Final = Blueprint("sign_in", __name__)
_BEGAN: Final = "began_ms"
_SEEN: Final = "seen_ms"
# Written anew only so often: a session that is written makes every answer uncacheable.
_SEEN_STEP_MS: Final = 60_000
_MIN_MS: Final = 60_000


def install(app: Flask) -> None:
    """Make sessions of this app ours."""
    manager = LoginManager()
    # His address changes on the road, and a stamp of ours guards the session already.
    manager.session_protection = None
    manager.init_app(app)

    @manager.user_loader
    def load(kept: str) -> Viewer | None:
        account_id, _colon, stamp = kept.partition(":")
        with home().engine.connect() as connection:
            account = accounts.account_of(connection, account_id=account_id)
        if account is None or account.disabled_ms is not None or account.stamp != stamp:
            return None
        return Viewer(account)

    app.before_request(_end_old_session)
    app.register_blueprint(blueprint)


def _end_old_session() -> None:
    """End a session that was idle too long, or lasted too long."""
    if is_api():
        return  # a machine has none
    began, seen = session.get(_BEGAN), session.get(_SEEN)
    if began is None or seen is None:
        if "_user_id" in session:
            session.clear()
        return
    now, limits = now_ms(), settings()
    if now - seen > limits.idle_ms or now - began > limits.longest_ms:
        session.clear()
        flash(_("您已较长时间未操作，请重新登录。"))
    elif now - seen > _SEEN_STEP_MS:
        session[_SEEN] = now


@blueprint.get("/sign-in")
@public
def enter() -> Response | str:
    """The sign-in page."""
    if current_user.is_authenticated:
        return redirect(_inside(request.args.get("next", "")))
    return render_template("web/sign_in.html", demo=settings().demo, name="")


@blueprint.post("/sign-in")
@public
def enter_with() -> Response | tuple[str, int]:
    """Sign in by name and password."""
    name, password = request.form.get("name", "").strip()[:200], request.form.get("password", "")
    kept, limits, now = home(), settings().tries, now_ms()
    by_name = accounts.digest_of(kept, f"name {name}")
    by_address = accounts.digest_of(kept, f"address {request.remote_addr}")
    with kept.engine.connect() as connection:
        tried = accounts.tries_since(connection, by_name, by_address, now - limits.within_ms)
        account = accounts.account_of(connection, name=name) if name else None
    if tried[0] >= limits.by_name or tried[1] >= limits.by_address:
        minutes = limits.within_ms // _MIN_MS
        return _refused(_("尝试次数过多，请 %(minutes)s 分钟后再试。", minutes=minutes), name, 429)
    right = passwords.holds(password, None if account is None else account.password_hash)
    if account is None or not right or account.disabled_ms is not None:
        with transaction(kept.engine) as connection:
            accounts.note_try(connection, by_name, by_address, now)
        # The same words whether the name, the password or the account is wrong.
        return _refused(_("用户名或密码不正确。"), name, 401)
    with transaction(kept.engine) as connection:
        accounts.forget_tries(connection, by_name)
    if passwords.is_old(account.password_hash):
        accounts.keep_hash(kept, account.account_id, passwords.hashed(password))
    _begin(account)
    return redirect(_inside(request.form.get("next", "")))


def _begin(account: accounts.Account) -> None:
    """A session of its own: nothing of the one before, so that nobody can have planted it."""
    session.clear()
    login_user(Viewer(account))
    session[_BEGAN] = session[_SEEN] = now_ms()
    if account.language:
        session["language"] = account.language


def _refused(words: str, name: str, status: int) -> tuple[str, int]:
    return render_template("web/sign_in.html", demo=settings().demo, name=name, refusal=words), status


def _inside(address: str) -> str:
    """An address of this web, whatever was asked for; never another host's."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith(("//", "/\\")):
        return url_for("start.start")
    return address


@blueprint.post("/sign-out")
@for_everybody
def leave() -> Response:
    """End the session; with `everywhere` those on other devices, too."""
    if request.form.get("everywhere"):
        accounts.end_sessions(home(), viewer().account.account_id)
    logout_user()
    session.clear()
    return redirect(url_for("sign_in.enter"))


@blueprint.route("/password", methods=["GET", "POST"])
@for_everybody
def password() -> Response | str | tuple[str, int]:
    """Choose another password; on first use one has to."""
    account = viewer().account
    if request.method == "GET":
        return render_template("web/password.html", first=account.must_change, least=passwords.LEAST)
    refusal = _wrong_with(account)
    if refusal:
        shown = {"first": account.must_change, "least": passwords.LEAST, "refusal": refusal}
        return render_template("web/password.html", **shown), 400
    kept = home()
    changed = passwords.hashed(request.form["chosen"])
    accounts.set_password(kept, account.account_id, changed, must_change=False)
    _begin(accounts.named(kept, account.name))
    flash(_("密码已更改，其他设备上的登录已失效。"))
    return redirect(url_for("start.start"))


def _wrong_with(account: accounts.Account) -> str:
    """Why the form's passwords are not taken, "" if they are."""
    chosen = request.form.get("chosen", "")
    if not passwords.holds(request.form.get("present", ""), account.password_hash):
        return _("当前密码不正确。")
    if chosen != request.form.get("again", ""):
        return _("两次输入的新密码不一致。")
    if chosen == request.form.get("present", ""):
        return _("新密码不能与当前密码相同。")
    try:
        passwords.check(chosen, account.name)
    except passwords.PasswordError as error:
        return {
            "short": _("新密码至少 %(least)s 个字符。", least=passwords.LEAST),
            "long": _("新密码太长。"),
            "simple": _("新密码太简单：不能包含用户名，也不能只用几个字符重复。"),
        }[str(error)]
    return ""


@blueprint.post("/language")
@public
def language() -> Response:
    """Choose a language, for this session and the account."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
        if current_user.is_authenticated:
            accounts.set_language(home(), viewer().account.account_id, chosen)
    return redirect(_inside(request.form.get("next", "")))
