"""What the web is told from outside: the clock, lengths of sessions, tiles, a demonstration's sign-ins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

MS_PER_MIN = 60_000


@dataclass(frozen=True)
class DemoSignIn:
    """One of the sign-ins of a demonstration, shown on its sign-in page."""

    name: str
    password: str
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class Tries:
    """How many tries to sign in may fail in a while.

    Attributes:
        within_ms: the while.
        by_name: of one name, from wherever.
        by_address: from one address, by whatever name; a depot's drivers share one.
    """

    within_ms: int = 15 * MS_PER_MIN
    by_name: int = 5
    by_address: int = 50


@dataclass(frozen=True)
class ApiLimits:
    """What the HTTP API allows.

    Attributes:
        per_min: requests of one token in a minute; as many may come at once.
        body_bytes: of one post, as it is sent.
        unpacked_bytes: of one post, once unpacked.
        wait_s: how long a post waits while somebody else is writing.
    """

    per_min: int = 600
    body_bytes: int = 32 << 20
    unpacked_bytes: int = 256 << 20
    wait_s: float = 20.0


@dataclass(frozen=True)
class Settings:
    """How the web is set up.

    Attributes:
        now_ms: the present moment (ms since 1970 UTC).
        secure_cookies: cookies travel by HTTPS only.
        proxies: how many proxies of ours stand before the server; their headers are believed.
        idle_ms: a session nobody used for so long is over.
        longest_ms: a session is over after so long, used or not.
        tries: to sign in.
        upload_bytes: most bytes of one request.
        tiles: address of map tiles with {z}, {x} and {y}, "" for none.
        tiles_datum: in which datum they are drawn.
        tiles_attribution: whose they are, as their owner wants it said.
        demo: sign-ins to show; empty but for a demonstration.
        per_page: rows of a list.
        api: what the HTTP API allows.
    """

    now_ms: Callable[[], int]
    secure_cookies: bool = False
    proxies: int = 0
    idle_ms: int = 30 * MS_PER_MIN
    longest_ms: int = 12 * 60 * MS_PER_MIN
    tries: Tries = field(default_factory=Tries)
    upload_bytes: int = 120_000_000
    tiles: str = ""
    tiles_datum: Literal["wgs84", "gcj02"] = "wgs84"
    tiles_attribution: str = ""
    demo: tuple[DemoSignIn, ...] = ()
    per_page: int = 50
    api: ApiLimits = field(default_factory=ApiLimits)
