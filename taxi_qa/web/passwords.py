"""Passwords: argon2id by argon2-cffi with its own parameters (RFC 9106, the second recommended set)."""

import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST: Final = 10
MOST: Final = 200
# Letters and digits nobody takes for another one.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
# One hash takes 64 MiB and a fifth of a second: two at once a process, the others wait.
_at_once: Final = threading.BoundedSemaphore(2)
_hasher: Final = PasswordHasher()
# What is verified where there is no such account, so that the answer takes as long.
_NOBODYS: Final = _hasher.hash(secrets.token_hex(16))


class PasswordError(ValueError):
    """A password is not taken; the words say why."""


def hashed(password: str) -> str:
    """The hash of a password."""
    with _at_once:
        return _hasher.hash(password)


def holds(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; None takes as long and never is.

    A password longer than any that was taken is refused before it is hashed.
    """
    with _at_once:
        try:
            _hasher.verify(password_hash or _NOBODYS, password[: MOST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_old(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def check(password: str, name: str) -> None:
    """Whether a password may be chosen: long, and not the name (NIST SP 800-63B: length, no rules of signs).

    Raises:
        PasswordError: it may not.
    """
    if len(password) < LEAST:
        raise PasswordError("short")
    if len(password) > MOST:
        raise PasswordError("long")
    if name.casefold() in password.casefold() or len(set(password)) < LEAST // 2:
        raise PasswordError("simple")


def made_up() -> str:
    """A password to be handed over and changed on first use: 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(_GROUPS))
