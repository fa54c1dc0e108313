"""Deliveries to webhooks: signed, to checked addresses only, tried again for most of a day.

The form is that of Standard Webhooks: `webhook-id`, `webhook-timestamp` (s since 1970), `webhook-signature`:
`v1,` and base64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY", by the key that stands in base64 behind `whsec_`.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from taxi_qa import __version__
from taxi_qa.store.home import Home
from taxi_qa.store.webhooks import PREFIX, Delivery, Hook, forget_old, give_back, settle, take_due
from taxi_qa.values.clock import iso_of

log: Final = logging.getLogger("taxi_qa.webhooks")
TIMEOUT_S: Final = 10.0
LOOK_EVERY_S: Final = 5.0
# The receiver wants nothing any more.
_GONE: Final = 410
_TAKEN: Final = range(200, 300)
_CARRYING: Final = tuple(
    ipaddress.IPv6Network(one)
    for one in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class NotSentError(Exception):
    """A delivery did not reach its receiver, or must not; the words say why."""


@dataclass(frozen=True)
class Sent:
    """How a try ended.

    Attributes:
        taken: the receiver said so (2xx).
        gone: it said that it wants nothing any more (410).
        said: its status, or why there was none.
    """

    taken: bool
    gone: bool
    said: str


def signature(secret: str, message_id: str, at_s: int, body: bytes) -> str:
    """The signature of a message, `v1,` and base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def send(hook: Hook, message_id: str, body: bytes, at_ms: int, timeout_s: float = TIMEOUT_S) -> Sent:
    """Send one message to a receiver; no redirect is followed, of the answer only the status is read."""
    at_s = at_ms // 1000
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"taxi-qa/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": signature(hook.secret, message_id, at_s, body),
    }
    try:
        status = _posted(hook, body, headers, timeout_s)
    except NotSentError as error:
        return Sent(taken=False, gone=False, said=str(error))
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        # The class alone: an answer that cannot be read must not get into a table.
        return Sent(taken=False, gone=False, said=type(error).__name__)
    return Sent(taken=status in _TAKEN, gone=status == _GONE, said=f"HTTP {status}")


def _posted(hook: Hook, body: bytes, headers: Mapping[str, str], timeout_s: float) -> int:
    parts = urlsplit(hook.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = checked_address(host, port, allow_private=hook.allow_private)
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    # To the very address that was checked: asked a second time, a name might say another one.
    line = socket.create_connection((address, port), timeout_s)
    if parts.scheme == "https":
        line = ssl.create_default_context().wrap_socket(
            line, server_hostname=host, do_handshake_on_connect=False
        )
    # A timeout is one of every single byte: whoever drips them one by one would hold up all others.
    cut = threading.Timer(timeout_s, _cut, (line,))
    cut.start()
    try:
        if isinstance(line, ssl.SSLSocket):
            line.do_handshake()
        connection.sock = line
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=dict(headers))
        return connection.getresponse().status
    finally:
        cut.cancel()
        connection.close()
        line.close()


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def checked_address(host: str, port: int, *, allow_private: bool) -> str:
    """An address of a host that may be spoken to: where one of its addresses is private, none may.

    Raises:
        NotSentError: it has none, or one within the own network though nobody allowed that.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotSentError("the host has no address") from None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    if not allow_private and not all(_is_public(address) for address in addresses):
        raise NotSentError("an address within the own network; --allow-private says that it is meant")
    return addresses[0]


def _is_public(address: str) -> bool:
    told = ipaddress.ip_address(address)
    # Addresses that carry one of the other family lead wherever a gateway takes them.
    carries = isinstance(told, ipaddress.IPv6Address) and any(told in one for one in _CARRYING)
    return told.is_global and not told.is_multicast and not carries


def body_of(kind: str, at: str, data: Mapping[str, Any]) -> bytes:
    """A message as it is sent."""
    return json.dumps({"type": kind, "timestamp": at, "data": dict(data)}, ensure_ascii=False).encode()


def deliver_due(home: Home, now_ms: Callable[[], int], timeout_s: float = TIMEOUT_S) -> tuple[int, int]:
    """Try what is due, once each; how many were taken and how many were not.

    A receiver that fails is left alone for the rest of the round: one that hangs must not hold up the others.
    """
    taken = failed = 0
    failing: set[str] = set()
    for one in take_due(home, now_ms()):
        if one.hook.webhook_id in failing:
            give_back(home, one, now_ms())
            continue
        went = send(one.hook, message_id(one), _message(home, one), now_ms(), timeout_s)
        settle(home, one, now_ms(), went.said, sent=went.taken, gone=went.gone)
        if went.taken:
            taken += 1
        else:
            failed += 1
            failing.add(one.hook.webhook_id)
    return taken, failed


def message_id(one: Delivery) -> str:
    """The same over all tries: a receiver knows by it what it has had."""
    return f"msg_{one.hook.webhook_id}_{one.delivery_id}"


def _message(home: Home, one: Delivery) -> bytes:
    return body_of(one.event, iso_of(one.at_ms, home.timezone), one.told)


class Courier(threading.Thread):
    """Delivers beside a server, for as long as that runs."""

    def __init__(self, home: Home, now_ms: Callable[[], int], every_s: float = LOOK_EVERY_S) -> None:
        """Not started yet."""
        super().__init__(name="webhooks", daemon=True)
        self._home, self._now_ms, self._every_s = home, now_ms, every_s
        self._ended = threading.Event()

    def run(self) -> None:
        """Look again and again; what the database refuses now it may take later."""
        while not self._ended.wait(self._every_s):
            try:
                taken, failed = deliver_due(self._home, self._now_ms)
                if taken:
                    forget_old(self._home, self._now_ms())
            except SQLAlchemyError as error:
                log.warning("%s", json.dumps({"webhooks": type(error).__name__}))
            else:
                if failed:
                    log.warning("%s", json.dumps({"webhooks": "not taken", "deliveries": failed}))

    def end(self) -> None:
        """Stop after the round under way."""
        self._ended.set()
        with contextlib.suppress(RuntimeError):
            self.join(TIMEOUT_S)
