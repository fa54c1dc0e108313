"""Accounts: who may sign in, the tries that failed, and the log of who looked at what.

Passwords come as hashes: this floor never sees one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from taxi_qa.store.account_tables import AccessEntry, AccountRow, SignInTry
from taxi_qa.store.engine import transaction
from taxi_qa.store.fetching import fetch, frame_of
from taxi_qa.store.home import Home
from taxi_qa.store.tables import table_of

AccountRole = Literal[
    "driver", "manager", "inspector", "reviewer", "appeal_reviewer", "administrator", "auditor"
]
ROLES: Final[tuple[AccountRole, ...]] = get_args(AccountRole)
_ID_BYTES: Final = 8
_STAMP_BYTES: Final = 16
# Tries older than this say nothing any more.
TRIES_KEPT_MS: Final = 24 * 3_600_000
_NAME_MOST: Final = 64


class AccountError(ValueError):
    """An account can't be made or changed so; the words say why.

    Attributes:
        code: the same in one word, for those who say it in other languages; "" where only an operator at a
            terminal is told.
    """

    def __init__(self, words: str, code: str = "") -> None:
        """Say why."""
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Account:
    """Who may sign in.

    Attributes:
        account_id: lasts; names the person wherever he decided something.
        name: typed to sign in.
        shown_name: what others see.
        role: what he is here for.
        driver_id: of a driver; "" of everybody else.
        company_id: of a fleet manager; "" of everybody else.
        zone_ids: an inspector's; empty for the whole city.
        password_hash: argon2.
        must_change: the password was given by somebody else.
        stamp: changes with the password; a session of another stamp is over.
        language: zh or en, "" where he never chose.
        created_ms: when.
        disabled_ms: since when he may not sign in, None if he may.
    """

    account_id: str
    name: str
    shown_name: str
    role: AccountRole
    driver_id: str
    company_id: str
    zone_ids: tuple[str, ...]
    password_hash: str
    must_change: bool
    stamp: str
    language: str
    created_ms: int
    disabled_ms: int | None


_FIELDS: Final = tuple(Account.__dataclass_fields__)


@dataclass(frozen=True)
class NewAccount:
    """What an account is made of; see `Account`."""

    name: str
    role: AccountRole
    shown_name: str = ""
    driver_id: str = ""
    company_id: str = ""
    zone_ids: tuple[str, ...] = ()


def add(
    home: Home, made: NewAccount, password_hash: str, now_ms: int, *, must_change: bool = True
) -> Account:
    """Make an account.

    Raises:
        AccountError: the name is taken or no name, or what the role needs is missing or too much.
    """
    _check(made)
    account = Account(
        account_id=f"a-{secrets.token_hex(_ID_BYTES)}",
        name=made.name,
        shown_name=made.shown_name.strip() or made.name,
        role=made.role,
        driver_id=made.driver_id,
        company_id=made.company_id,
        zone_ids=tuple(sorted(set(made.zone_ids))),
        password_hash=password_hash,
        must_change=must_change,
        stamp=secrets.token_hex(_STAMP_BYTES),
        language="",
        created_ms=now_ms,
        disabled_ms=None,
    )
    values = {name: getattr(account, name) for name in _FIELDS} | {"zone_ids": ";".join(account.zone_ids)}
    try:
        with transaction(home.engine) as connection:
            connection.execute(insert(table_of(AccountRow)), [values])
    except IntegrityError:
        raise AccountError(f"there is an account {made.name!r} already; give another name", "taken") from None
    return account


def _check(made: NewAccount) -> None:
    if not made.name or made.name != made.name.strip() or len(made.name) > _NAME_MOST:
        raise AccountError(f"a name has 1 to {_NAME_MOST} characters and no blanks around it", "name")
    if made.role not in ROLES:
        raise AccountError(f"{made.role!r} is no role; expected one of {', '.join(ROLES)}", "role")
    needs: dict[str, tuple[AccountRole, object]] = {
        "driver_id": ("driver", made.driver_id),
        "company_id": ("manager", made.company_id),
    }
    for name, (role, value) in needs.items():
        if bool(value) != (made.role == role):
            words = "needs" if made.role == role else "has no"
            raise AccountError(f"a {made.role} {words} {name}", name)
    if made.zone_ids and made.role != "inspector":
        raise AccountError(f"a {made.role} has no zones", "zones")
    if any(not zone or ";" in zone for zone in made.zone_ids):
        raise AccountError("a zone is named by its zone_id, which holds no ';'", "zones")


def _account(row: tuple[object, ...]) -> Account:
    values = dict(zip(_FIELDS, row, strict=True))
    zones = tuple(filter(None, str(values["zone_ids"]).split(";")))
    return Account(**{**values, "zone_ids": zones, "must_change": bool(values["must_change"])})  # type: ignore[arg-type] # by the table's columns


def all_accounts(home: Home) -> list[Account]:
    """Every account, by name."""
    c = table_of(AccountRow).c
    query = select(*(c[name] for name in _FIELDS)).order_by(c.name)
    with home.engine.connect() as connection:
        return [_account(row) for row in fetch(connection, query)]


def account_of(connection: Connection, *, account_id: str = "", name: str = "") -> Account | None:
    """The account of that id or name, disabled ones too; None where there is none."""
    c = table_of(AccountRow).c
    here = c.account_id == account_id if account_id else c.name == name
    rows = fetch(connection, select(*(c[one] for one in _FIELDS)).where(here))
    return _account(rows[0]) if rows else None


def named(home: Home, name: str) -> Account:
    """The account of that name.

    Raises:
        AccountError: there is none.
    """
    with home.engine.connect() as connection:
        found = account_of(connection, name=name)
    if found is None:
        raise AccountError(f"there is no account {name!r}; `taxi-qa users list` shows them")
    return found


def set_password(home: Home, account_id: str, password_hash: str, *, must_change: bool) -> None:
    """Give an account another password; every session it has is over."""
    said = {
        "password_hash": password_hash,
        "must_change": must_change,
        "stamp": secrets.token_hex(_STAMP_BYTES),
    }
    _change(home, account_id, said)


def keep_hash(home: Home, account_id: str, password_hash: str) -> None:
    """The same password, hashed anew by newer parameters."""
    _change(home, account_id, {"password_hash": password_hash})


def disable(home: Home, account_id: str, at_ms: int | None) -> None:
    """Let an account sign in no more since a moment, or again (None); its sessions are over either way."""
    _change(home, account_id, {"disabled_ms": at_ms, "stamp": secrets.token_hex(_STAMP_BYTES)})


def set_language(home: Home, account_id: str, language: str) -> None:
    """Keep which language somebody chose."""
    _change(home, account_id, {"language": language})


def end_sessions(home: Home, account_id: str) -> None:
    """End every session of an account, on every device."""
    _change(home, account_id, {"stamp": secrets.token_hex(_STAMP_BYTES)})


def _change(home: Home, account_id: str, said: dict[str, object]) -> None:
    table = table_of(AccountRow)
    with transaction(home.engine) as connection:
        connection.execute(update(table).where(table.c.account_id == account_id).values(**said))


# --- tries to sign in -------------------------------------------------------------------------------


def digest_of(home: Home, text: str) -> str:
    """A name or address as it is kept with a failed try: by a key of this home, so nobody looks it up."""
    return hmac.new(secret_key(home), text.strip().casefold().encode(), hashlib.sha256).hexdigest()[:32]


def tries_since(
    connection: Connection, name_digest: str, address_digest: str, since_ms: int
) -> tuple[int, int]:
    """How many tries failed since a moment, by this name and from this address."""
    c = table_of(SignInTry).c
    counts = []
    for column, digest in ((c.name_digest, name_digest), (c.address_digest, address_digest)):
        query = select(func.count()).where(column == digest, c.at_ms > since_ms)
        counts.append(int(fetch(connection, query)[0][0]))
    return counts[0], counts[1]


def note_try(connection: Connection, name_digest: str, address_digest: str, at_ms: int) -> None:
    """Keep a failed try, and forget those that say nothing any more."""
    table = table_of(SignInTry)
    connection.execute(delete(table).where(table.c.at_ms < at_ms - TRIES_KEPT_MS))
    said = {"name_digest": name_digest, "address_digest": address_digest, "at_ms": at_ms}
    connection.execute(insert(table), [said])


def forget_tries(connection: Connection, name_digest: str) -> None:
    """Whoever signed in, or got a new password, begins anew."""
    table = table_of(SignInTry)
    connection.execute(delete(table).where(table.c.name_digest == name_digest))


def secret_key(home: Home) -> bytes:
    """The key this home signs sessions with: made once, readable by its owner only, never in the database."""
    path = home.path / "secret"
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        pass
    except ValueError:
        raise AccountError(f"{path} cannot be read; delete it, and everybody signs in again") from None
    made = secrets.token_bytes(32)
    part = home.path / f".secret.{secrets.token_hex(4)}"
    part.touch(mode=0o600)
    part.write_text(made.hex() + "\n", encoding="ascii")
    try:
        # A link fails where another process was first: then its key counts.
        path.hardlink_to(part)
    except FileExistsError:
        return secret_key(home)
    finally:
        part.unlink()
    return made


# --- who looked at what -----------------------------------------------------------------------------

# Entries of the log read at once.
_PIECE: Final = 20_000
ACCESS_COLUMNS: Final = (
    ("at_ms", "Int64"), ("account_id", "str"), ("name", "str"), ("role", "str"), ("what", "str"),
    ("subject", "str"), ("why", "str"),
)  # fmt: skip


def note_access(home: Home, account: Account, what: str, subject: str, why: str, at_ms: int) -> None:
    """Keep that somebody looked at something that is not for everybody's eyes."""
    said = {
        "at_ms": at_ms, "account_id": account.account_id, "role": account.role, "what": what,
        "subject": subject, "why": why,
    }  # fmt: skip
    with transaction(home.engine) as connection:
        connection.execute(insert(table_of(AccessEntry)), [said])


def access_log(
    home: Home, *, account_id: str = "", subject: str = "", limit: int = 100, offset: int = 0
) -> tuple[pd.DataFrame, int]:
    """Who looked at what, the last first: rows in `ACCESS_COLUMNS`, and how many there are in all."""
    log, c = table_of(AccessEntry).c, table_of(AccountRow).c
    conditions = [
        *([log.account_id == account_id] if account_id else []),
        *([or_(log.subject == subject, log.why == subject)] if subject else []),
    ]
    columns = [c.name if name == "name" else log[name] for name, _ in ACCESS_COLUMNS]
    joined = select(*columns).join_from(
        table_of(AccessEntry), table_of(AccountRow), c.account_id == log.account_id, isouter=True
    )
    rows = joined.where(*conditions).order_by(log.entry_id.desc()).limit(limit).offset(offset)
    with home.engine.connect() as connection:
        total = fetch(connection, select(func.count()).select_from(table_of(AccessEntry)).where(*conditions))
        return frame_of(fetch(connection, rows), ACCESS_COLUMNS), int(total[0][0])


def whole_access_log(home: Home, subject: str = "") -> Iterator[pd.DataFrame]:
    """As `access_log`, all of it in pieces; what is added meanwhile is left out.

    Args:
        home: where.
        subject: only what was looked at, or the reason, where one is given.
    """
    log, c = table_of(AccessEntry).c, table_of(AccountRow).c
    conditions = [or_(log.subject == subject, log.why == subject)] if subject else []
    columns = [c.name if name == "name" else log[name] for name, _ in ACCESS_COLUMNS]
    joined = select(log.entry_id, *columns).join_from(
        table_of(AccessEntry), table_of(AccountRow), c.account_id == log.account_id, isouter=True
    )
    below: int | None = None
    while True:
        here = conditions if below is None else [*conditions, log.entry_id < below]
        piece = joined.where(*here).order_by(log.entry_id.desc()).limit(_PIECE)
        with home.engine.connect() as connection:
            rows = fetch(connection, piece)
        if not rows:
            return
        below = int(rows[-1][0])
        yield frame_of([row[1:] for row in rows], ACCESS_COLUMNS)


def role_of(text: str) -> AccountRole:
    """A role by its name.

    Raises:
        AccountError: there is none of that name.
    """
    if text not in ROLES:
        raise AccountError(f"{text!r} is no role; expected one of {', '.join(ROLES)}", "role")
    return text
