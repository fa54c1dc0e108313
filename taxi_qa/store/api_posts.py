"""Answers to posts with a key: the same post again is answered alike, and nothing is taken in twice."""

import hashlib
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from taxi_qa.store.api_tables import ApiPost
from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home
from taxi_qa.store.tables import table_of

# A sender that did not hear back tries again within hours, not weeks.
KEPT_MS: Final = 7 * 86_400_000


def kept_answer(home: Home, token_id: str, key: str) -> tuple[str, str] | None:
    """Digest of the body and the answer (JSON) of the post with this key, None where there was none."""
    c = table_of(ApiPost).c
    query = select(c.body_digest, c.answer).where(c.token_id == token_id, c.key_digest == _digest(key))
    with home.engine.connect() as connection:
        rows = fetch(connection, query)
    return (str(rows[0][0]), str(rows[0][1])) if rows else None


def keep_answer(
    connection: Connection, token_id: str, key: str, body_digest: str, answer: str, at_ms: int
) -> None:
    """Keep an answer in the transaction that takes its rows in, and forget those older than `KEPT_MS`."""
    table = table_of(ApiPost)
    connection.execute(delete(table).where(table.c.at_ms < at_ms - KEPT_MS))
    row = {
        "token_id": token_id, "key_digest": _digest(key), "body_digest": body_digest, "answer": answer,
        "at_ms": at_ms,
    }  # fmt: skip
    connection.execute(insert(table), [row])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
