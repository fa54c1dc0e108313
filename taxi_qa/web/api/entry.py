"""Who may ask the API: a token with the scope, at a bearable pace; cookies count for nothing here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, cast

from flask import g, request

from taxi_qa.store.accounts import Account, note_access
from taxi_qa.store.api_tokens import Token, holder_of, note_use
from taxi_qa.store.scope import Scope, scope_of
from taxi_qa.web.api.pace import FOLDER, wait_s
from taxi_qa.web.api.problems import Problem
from taxi_qa.web.permits import TOKENS, View, marked
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, now_ms, settings

SCHEME: Final = "Bearer"
_REALM: Final = 'realm="taxi_qa"'
# Which scope a view asks for, for the description.
NEEDS: Final = "needs_scope"


@dataclass(frozen=True)
class Holder:
    """Who shows a token."""

    token: Token
    account: Account

    @property
    def scope(self) -> Scope:
        """How far he sees."""
        return scope_of(self.account)


def for_tokens(needs: str = "") -> Callable[[View], View]:
    """Let whoever shows a token with this scope ask for a view; "" for any token.

    The mark that `permits.guard` looks for and the check itself are one: a view has both or neither.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def asked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of the view
            g.api_holder = _let_in(needs)
            return view(*args, **kwargs)

        setattr(asked, NEEDS, needs)
        return cast("View", marked(TOKENS)(asked))

    return mark


def holder() -> Holder:
    """Who asked; only behind `for_tokens`."""
    return cast("Holder", g.api_holder)


def note_read(what: str, subject: str) -> None:
    """Keep that a machine read something that is not for everybody's eyes, and by which token."""
    who = holder()
    note_access(home(), who.account, what, subject, f"token {who.token.name}", now_ms())


def _let_in(needs: str) -> Holder:
    said = request.headers.get("Authorization", "")
    scheme, _blank, shown = said.partition(" ")
    if scheme.lower() != SCHEME.lower() or not shown.strip():
        raise _unknown("", _("请在 Authorization 标头中给出令牌：Bearer tqa_…（taxi-qa users token add）。"))
    now = now_ms()
    with home().engine.connect() as connection:
        found = holder_of(connection, shown.strip(), now)
    if found is None:
        raise _unknown(
            ', error="invalid_token"', _("令牌不对、已过期、已撤销，或者其账号已停用；请换一个令牌。")
        )
    token, account = found
    over_s = wait_s(home().derived / FOLDER, token.token_id, settings().api.per_min, now)
    if over_s:
        told = _("每分钟最多 %(most)s 次；请在 %(wait)s 秒后再试。", most=settings().api.per_min, wait=over_s)
        raise Problem(429, told, headers={"Retry-After": str(over_s)})
    if needs and needs not in token.scopes:
        asks = f'{SCHEME} {_REALM}, error="insufficient_scope", scope="{needs}"'
        told = _("这需要权限 %(scope)s；请用带有它的令牌。", scope=needs)
        raise Problem(403, told, headers={"WWW-Authenticate": asks})
    note_use(home(), token, now)
    return Holder(token, account)


def _unknown(error: str, told: str) -> Problem:
    return Problem(401, told, headers={"WWW-Authenticate": f"{SCHEME} {_REALM}{error}"})
