"""Which roles may ask for a view; a view that does not say is refused before the server starts."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, Response, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from taxi_qa.store.accounts import ROLES, AccountRole

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC: Final = frozenset({"public"})
# Views of the API ask for a token themselves (`api.entry.for_tokens`); no session opens them.
TOKENS: Final = frozenset({"token"})
ANYBODY: Final = frozenset(ROLES)
# Who sees cases of more than himself.
OFFICE: Final = ANYBODY - {"driver"}
# What an auditor may change: his own password, language and session.
_OWN_AFFAIRS: Final = frozenset({"sign_in.leave", "sign_in.password", "sign_in.language"})
_ATTRIBUTE: Final = "permitted"
_CHANGES_NOTHING: Final = ("GET", "HEAD", "OPTIONS")


def permit(*roles: AccountRole) -> Callable[[View], View]:
    """Let these roles ask for a view; an auditor may look at whatever somebody else may look at."""
    return marked(frozenset(roles) | {"auditor"})


def for_drivers(view: View) -> View:
    """Let drivers ask for what is about themselves; for others there is a page about any driver."""
    return marked(frozenset({"driver"}))(view)


def for_everybody(view: View) -> View:
    """Let whoever is signed in ask for a view."""
    return marked(ANYBODY)(view)


def public(view: View) -> View:
    """Let whoever comes ask for a view."""
    return marked(PUBLIC)(view)


def marked(roles: frozenset[str]) -> Callable[[View], View]:
    """Write down on a view who may ask for it."""

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, roles)
        return view

    return mark


def permitted(app: Flask, endpoint: str) -> frozenset[str]:
    """The roles that may ask for an endpoint.

    Raises:
        LookupError: its view does not say; a mistake of ours.
    """
    if endpoint == "static":
        return PUBLIC
    roles: frozenset[str] | None = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    if roles is None:
        raise LookupError(f"the view {endpoint} does not say who may ask for it: mark it by permits.permit")
    return roles


def guard(app: Flask) -> None:
    """Ask before every request; called when every blueprint is there.

    Raises:
        LookupError: a view does not say who may ask for it.
    """
    for endpoint in app.view_functions:
        permitted(app, endpoint)

    @app.before_request
    def ask() -> AnyResponse | None:
        if request.endpoint is None:
            return None  # no such page: the error says so
        roles = permitted(app, request.endpoint)
        if roles in (PUBLIC, TOKENS):
            return None
        if not current_user.is_authenticated:
            return _to_sign_in()
        account = current_user.account
        if account.must_change and request.endpoint not in _OWN_AFFAIRS:
            return redirect(url_for("sign_in.password"))
        if account.role not in roles:
            abort(403)
        changes = request.method not in _CHANGES_NOTHING and request.endpoint not in _OWN_AFFAIRS
        if account.role == "auditor" and changes:
            abort(403)
        return None


def _to_sign_in() -> AnyResponse:
    """A person is led to the sign-in page; what a script asked for is refused in words."""
    if request.method not in _CHANGES_NOTHING or request.accept_mimetypes.best == "application/json":
        return Response("sign in first\n", status=401, mimetype="text/plain")
    return redirect(url_for("sign_in.enter", next=request.full_path.rstrip("?")))
