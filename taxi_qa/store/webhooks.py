"""Webhooks: who is told of what happens to cases, and the outbox of what is still to be told.

An event enters the outbox in its own transaction: it is told if and only if it happened. It is told at least
once; a receiver knows a repeated one by its id. Whoever delivers takes a delivery for a minute first, so that
several processes do not tell the same thing twice.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from taxi_qa.store.account_tables import AccountRow
from taxi_qa.store.accounts import Account, AccountError, account_of
from taxi_qa.store.api_tables import Webhook, WebhookDelivery
from taxi_qa.store.desk_tables import CaseEvent, CaseRow
from taxi_qa.store.engine import transaction
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.scope import scope_of
from taxi_qa.store.tables import table_of

# What is told: the state a step leads to, and steps that change none.
EVENTS: Final = (
    "case.proposed", "case.answered", "case.second_review", "case.confirmed", "case.dismissed",
    "case.appealed", "case.upheld", "case.reversed", "case.expired", "case.queued", "case.extended",
)  # fmt: skip
# After a try that failed; eight tries in less than 21 hours, then the delivery is dead.
WAITS_MS: Final = (10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000)
TAKEN_MS: Final = 60_000
KEPT_MS: Final = 30 * 86_400_000
PREFIX: Final = "whsec_"

_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 24
_NAME_MOST: Final = 64
_URL_MOST: Final = 2_000
_SAID_MOST: Final = 200
_MACHINE: Final = "machine"
# A company that asks the desk to look changes nothing yet.
_MANAGER: Final = "manager"
_MACHINES_STATES: Final = frozenset({"", "detected", "excused", "queued", "quarantined"})
_TOLD: Final = ("case_id", "version", "rule", "action", "from_state", "to_state")
_HOOK: Final = ("webhook_id", "name", "account_id", "url", "secret", "events", "allow_private", "created_ms")


@dataclass(frozen=True)
class Hook:
    """Whom to tell.

    Attributes:
        webhook_id: lasts.
        name: what people call it.
        account_id: as whom it sees: nothing is told of a case the account does not see.
        url: where.
        secret: `whsec_` and the key of its signatures in base64.
        events: of `EVENTS`; empty for all of them.
        allow_private: addresses of the own network are meant.
        created_ms: when it was made; what happened before is not told.
    """

    webhook_id: str
    name: str
    account_id: str
    url: str
    secret: str
    events: tuple[str, ...]
    allow_private: bool
    created_ms: int


@dataclass(frozen=True)
class Delivery:
    """An event that is to be told.

    Attributes:
        delivery_id: lasts over all tries.
        hook: whom.
        tries: that failed.
        event: of `EVENTS`.
        at_ms: when it happened.
        told: what of the case is told: ids, rule and states, nothing of a person.
    """

    delivery_id: int
    hook: Hook
    tries: int
    event: str
    at_ms: int
    told: Mapping[str, Any]


def add_hook(
    home: Home,
    name: str,
    url: str,
    account: Account,
    events: tuple[str, ...],
    *,
    allow_private: bool,
    now_ms: int,
) -> Hook:
    """Make a webhook.

    Raises:
        AccountError: the name is taken or no name, the address is none, or an event is unknown.
    """
    if not name or name != name.strip() or len(name) > _NAME_MOST or not name.isprintable():
        raise AccountError(f"a webhook's name has 1 to {_NAME_MOST} characters and no blanks around it")
    unknown = sorted(set(events) - set(EVENTS))
    if unknown:
        raise AccountError(f"{unknown[0]!r} is no event; expected some of {', '.join(EVENTS)}")
    check_url(url, allow_private=allow_private)
    key = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    made = Hook(
        secrets.token_hex(_ID_BYTES), name, account.account_id, url, PREFIX + key,
        tuple(one for one in EVENTS if one in events), allow_private, now_ms,
    )  # fmt: skip
    row = {field: getattr(made, field) for field in _HOOK} | {"events": " ".join(made.events)}
    try:
        with transaction(home.engine) as connection:
            connection.execute(insert(table_of(Webhook)), [row])
    except IntegrityError:
        raise AccountError(f"there is a webhook {name!r} already; give another name") from None
    return made


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse what is no address of a receiver.

    Raises:
        AccountError: it is none, names a user, or is not HTTPS though outside of the own network.
    """
    wanted = "http or https" if allow_private else "https"
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        named = False
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _URL_MOST
    if not named or not plain or parts.scheme not in wanted.split(" or ") or parts.fragment:
        raise AccountError(
            f"{url[:80]!r} is no address of a receiver; expected {wanted}://HOST/PATH, without a user"
            + ("" if allow_private else " (http only with --allow-private)")
        )


def all_hooks(home: Home) -> list[Hook]:
    """Every webhook, by name."""
    with home.engine.connect() as connection:
        return _hooks(connection)


def _hooks(connection: Connection) -> list[Hook]:
    c = table_of(Webhook).c
    return [_hook(row) for row in fetch(connection, select(*(c[name] for name in _HOOK)).order_by(c.name))]


def _hook(row: tuple[Any, ...]) -> Hook:
    values = dict(zip(_HOOK, row, strict=True))
    return Hook(**{**values, "events": tuple(str(values["events"]).split()),
                   "allow_private": bool(values["allow_private"])})  # fmt: skip


def hook_named(home: Home, name: str) -> Hook:
    """The webhook of that name.

    Raises:
        AccountError: there is none.
    """
    for hook in all_hooks(home):
        if hook.name == name:
            return hook
    raise AccountError(f"there is no webhook {name!r}; `taxi-qa webhooks list` shows them")


def remove_hook(home: Home, name: str) -> None:
    """Tell a webhook nothing any more; what was still to be told is dropped."""
    hook, outbox, hooks = hook_named(home, name), table_of(WebhookDelivery), table_of(Webhook)
    with transaction(home.engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.webhook_id == hook.webhook_id))
        connection.execute(delete(hooks).where(hooks.c.webhook_id == hook.webhook_id))


# --- the outbox -------------------------------------------------------------------------------------


def queue_event(connection: Connection, case_id: str, event: Mapping[str, Any]) -> None:
    """Let every webhook that sees this case be told of its newest event, in the event's transaction.

    What the machine does with leads of its own nobody is told: they accuse nobody.
    """
    before, after = str(event["from_state"]), str(event["to_state"])
    if event["role"] == _MACHINE and before in _MACHINES_STATES:
        return
    if event["role"] == _MANAGER:
        return
    name = "case.extended" if before == after else f"case.{after}"
    if name not in EVENTS:
        return
    rows = [
        {"webhook_id": hook.webhook_id, "case_id": case_id, "version": event["version"], "event": name,
         "tries": 0, "next_ms": event["at_ms"], "ended_ms": None, "sent": False, "said": ""}
        for hook in _hooks(connection)
        if (not hook.events or name in hook.events) and _sees(connection, hook, case_id)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(table_of(WebhookDelivery)), rows)


def _sees(connection: Connection, hook: Hook, case_id: str) -> bool:
    account = account_of(connection, account_id=hook.account_id)
    if account is None or account.disabled_ms is not None:
        return False
    c = table_of(CaseRow).c
    return bool(
        connection.execute(select(c.case_id).where(c.case_id == case_id, scope_of(account).cases())).first()
    )


def take_due(home: Home, now_ms: int, limit: int = 50) -> list[Delivery]:
    """The deliveries whose time has come, taken by the caller for `TAKEN_MS`; the oldest first.

    Those of an account that is disabled wait.
    Whoever takes them and is killed leaves them to the next one after that.
    """
    outbox = table_of(WebhookDelivery)
    o, e, c = outbox.c, table_of(CaseEvent).c, table_of(CaseRow).c
    h, a = table_of(Webhook).c, table_of(AccountRow).c
    query = (
        select(o.delivery_id, o.webhook_id, o.tries, o.event, o.next_ms, o.case_id, o.version,
               e.at_ms, e.action, e.from_state, e.to_state, c.rule)
        .join_from(outbox, table_of(CaseEvent), (e.case_id == o.case_id) & (e.version == o.version))
        .join(table_of(CaseRow), c.case_id == o.case_id)
        .join(table_of(Webhook), h.webhook_id == o.webhook_id)
        .join(table_of(AccountRow), a.account_id == h.account_id)
        .where(o.next_ms <= now_ms, a.disabled_ms.is_(None))
        .order_by(o.delivery_id)
        .limit(limit)
    )  # fmt: skip
    with home.engine.connect() as connection:
        due = connection.execute(query).mappings().all()
        if not due:
            return []
        hooks = {hook.webhook_id: hook for hook in _hooks(connection)}
    taken = []
    with transaction(home.engine) as connection:
        for row in due:
            mine = (o.delivery_id == row["delivery_id"], o.next_ms == row["next_ms"])
            held = connection.execute(update(outbox).where(*mine).values(next_ms=now_ms + TAKEN_MS))
            if held.rowcount == 1 and row["webhook_id"] in hooks:
                told = {name: row[name] for name in _TOLD}
                hook = hooks[row["webhook_id"]]
                taken.append(
                    Delivery(row["delivery_id"], hook, row["tries"], row["event"], row["at_ms"], told)
                )
    return taken


def settle(home: Home, one: Delivery, now_ms: int, said: str, *, sent: bool, gone: bool = False) -> None:
    """Write down how a try went.

    Args:
        home: where.
        one: what was tried.
        now_ms: the present moment.
        said: the status, or why there was none.
        sent: it was taken.
        gone: the receiver wants nothing any more: no further try.
    """
    over = sent or gone or one.tries >= len(WAITS_MS)
    values = {
        "tries": one.tries + 1,
        "next_ms": None if over else now_ms + WAITS_MS[one.tries],
        "ended_ms": now_ms if over else None,
        "sent": sent,
        "said": said[:_SAID_MOST],
    }
    _change(home, one.delivery_id, values)


def give_back(home: Home, one: Delivery, now_ms: int) -> None:
    """Leave a delivery that was taken but not tried to a later round; those of others go first."""
    _change(home, one.delivery_id, {"next_ms": now_ms + WAITS_MS[0]})


def _change(home: Home, delivery_id: int, values: dict[str, Any]) -> None:
    outbox = table_of(WebhookDelivery)
    with transaction(home.engine) as connection:
        connection.execute(update(outbox).where(outbox.c.delivery_id == delivery_id).values(**values))


def forget_old(home: Home, now_ms: int) -> None:
    """Forget deliveries that ended a month ago."""
    outbox = table_of(WebhookDelivery)
    with transaction(home.engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.ended_ms < now_ms - KEPT_MS))


def revive_dead(home: Home, now_ms: int) -> int:
    """Begin anew with the deliveries nobody took; how many there are."""
    outbox = table_of(WebhookDelivery)
    dead = (outbox.c.ended_ms.is_not(None), outbox.c.sent.is_(False))
    with transaction(home.engine) as connection:
        return int(
            connection.execute(
                update(outbox).where(*dead).values(next_ms=now_ms, ended_ms=None, tries=0)
            ).rowcount
        )


def outbox_counted(home: Home) -> dict[str, dict[str, int]]:
    """webhook_id -> how many deliveries wait, were sent, are dead."""
    o = table_of(WebhookDelivery).c
    query = select(o.webhook_id, o.ended_ms.is_(None), o.sent, func.count()).group_by(
        o.webhook_id, o.ended_ms.is_(None), o.sent
    )
    found: dict[str, dict[str, int]] = {}
    with home.engine.connect() as connection:
        for webhook_id, waits, sent, many in connection.execute(query):
            kept = found.setdefault(str(webhook_id), {"waiting": 0, "sent": 0, "dead": 0})
            kept["waiting" if waits else "sent" if sent else "dead"] += int(many)
    return found


def dead_ones(home: Home, limit: int = 100) -> list[dict[str, Any]]:
    """Deliveries nobody took, the newest first: webhook, event, case_id, version, tries, ended_ms, said."""
    o, h = table_of(WebhookDelivery).c, table_of(Webhook).c
    query = (
        select(h.name.label("webhook"), o.event, o.case_id, o.version, o.tries, o.ended_ms, o.said)
        .join_from(table_of(WebhookDelivery), table_of(Webhook), h.webhook_id == o.webhook_id)
        .where(o.ended_ms.is_not(None), o.sent.is_(False))
        .order_by(o.delivery_id.desc())
        .limit(limit)
    )
    with home.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
