"""Tokens of the HTTP API: what a machine may do, as which account, and until when.

A token is `tqa_ID_SECRET`. The secret is 192 random bits, so that a plain SHA-256 of it is enough: there is
nothing to guess. It is shown once; nobody can read it out of the database.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from taxi_qa.store.accounts import Account, AccountError, account_of
from taxi_qa.store.api_tables import ApiToken
from taxi_qa.store.engine import transaction
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.tables import table_of

SCOPES: Final = ("ingest", "read:findings", "read:cases", "read:scores", "webhooks")
PREFIX: Final = "tqa"
MS_PER_DAY: Final = 86_400_000
DAYS_MOST: Final = 730
# The moment of last use is written no more often than this: a read must not wait for whoever writes.
USED_EVERY_MS: Final = 600_000

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 24
_NAME_MOST: Final = 64
_FIELDS: Final = (
    "token_id", "name", "account_id", "scopes", "created_ms", "expires_ms", "revoked_ms", "used_ms",
)  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A token without its secret.

    Attributes:
        token_id: lasts; stands in the token itself.
        name: what people call it.
        account_id: as whom it reads.
        scopes: what it may do, of `SCOPES`.
        created_ms, expires_ms: from when until when.
        revoked_ms: since when it is worth nothing, None while it is.
        used_ms: when it was used last, to `USED_EVERY_MS`; None if never.
    """

    token_id: str
    name: str
    account_id: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int
    revoked_ms: int | None
    used_ms: int | None

    def state(self, now_ms: int) -> str:
        """ok, expired or revoked."""
        if self.revoked_ms is not None:
            return "revoked"
        return "ok" if now_ms < self.expires_ms else "expired"


def make_token(
    home: Home, name: str, account: Account, scopes: tuple[str, ...], *, days: int, now_ms: int
) -> str:
    """Make a token.

    Args:
        home: where.
        name: what people call it.
        account: as whom it reads: its company, zones or driver bound what is seen.
        scopes: what it may do.
        days: how long it counts, 1 to `DAYS_MOST`.
        now_ms: the present moment.

    Returns:
        The token itself, which is kept nowhere.

    Raises:
        AccountError: the name is taken or no name, a scope is unknown or not for that account.
    """
    _check(name, account, scopes, days)
    token_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    row = {
        "token_id": token_id, "name": name, "account_id": account.account_id, "digest": _digest(secret),
        "scopes": " ".join(one for one in SCOPES if one in scopes), "created_ms": now_ms,
        "expires_ms": now_ms + days * MS_PER_DAY, "revoked_ms": None, "used_ms": None,
    }  # fmt: skip
    try:
        with transaction(home.engine) as connection:
            connection.execute(insert(table_of(ApiToken)), [row])
    except IntegrityError:
        raise AccountError(f"there is a token {name!r} already; give another name") from None
    return f"{PREFIX}_{token_id}_{secret}"


def _check(name: str, account: Account, scopes: tuple[str, ...], days: int) -> None:
    if not name or name != name.strip() or len(name) > _NAME_MOST or not name.isprintable():
        raise AccountError(f"a token's name has 1 to {_NAME_MOST} characters and no blanks around it")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        told = f"{unknown[0]!r} is no scope" if unknown else "a token without a scope may do nothing"
        raise AccountError(f"{told}; expected some of {', '.join(SCOPES)}")
    if "ingest" in scopes and account.role != "administrator":
        # Records are not of one company: whoever may send some may send any driver's.
        raise AccountError(
            f"{account.name} is a {account.role}: only a token of an administrator may take records in"
        )
    if not 1 <= days <= DAYS_MOST:
        raise AccountError(f"a token counts 1 to {DAYS_MOST} days, not {days}")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: tuple[object, ...]) -> Token:
    values = dict(zip(_FIELDS, row, strict=True))
    return Token(**{**values, "scopes": tuple(str(values["scopes"]).split())})  # type: ignore[arg-type] # by the table's columns


def all_tokens(home: Home) -> list[Token]:
    """Every token, by name."""
    c = table_of(ApiToken).c
    with home.engine.connect() as connection:
        return [
            _token(row) for row in fetch(connection, select(*(c[one] for one in _FIELDS)).order_by(c.name))
        ]


def holder_of(connection: Connection, shown: str, now_ms: int) -> tuple[Token, Account] | None:
    """The token somebody shows and the account it reads as; None where it counts no more, or never did."""
    prefix, _, rest = shown.partition("_")
    token_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not token_id or not secret or not shown.isascii():
        return None
    c = table_of(ApiToken).c
    query = select(*(c[one] for one in _FIELDS), c.digest).where(c.token_id == token_id)
    for *row, digest in fetch(connection, query):
        token = _token(tuple(row))
        if not hmac.compare_digest(str(digest), _digest(secret)) or token.state(now_ms) != "ok":
            return None
        account = account_of(connection, account_id=token.account_id)
        return None if account is None or account.disabled_ms is not None else (token, account)
    return None


def note_use(home: Home, token: Token, now_ms: int) -> None:
    """Keep that a token was used, where that was not kept lately."""
    if token.used_ms is None or now_ms - token.used_ms >= USED_EVERY_MS:
        _change(home, token.token_id, {"used_ms": now_ms})


def revoke(home: Home, name: str, now_ms: int) -> None:
    """Let a token count no more, from this moment on; one that is revoked stays so.

    Raises:
        AccountError: there is none of that name.
    """
    for token in all_tokens(home):
        if token.name == name:
            if token.revoked_ms is None:
                _change(home, token.token_id, {"revoked_ms": now_ms})
            return
    raise AccountError(f"there is no token {name!r}; `taxi-qa users token list` shows them")


def _change(home: Home, token_id: str, said: dict[str, object]) -> None:
    table = table_of(ApiToken)
    with transaction(home.engine) as connection:
        connection.execute(update(table).where(table.c.token_id == token_id).values(**said))
