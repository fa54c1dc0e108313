"""The tables of the HTTP API: its tokens, and the answers that were given to posts with a key."""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from taxi_qa.store.tables import Base


class ApiToken(Base, table=True):
    """What a machine shows instead of a password; only a digest of its secret part is kept."""

    __tablename__ = "api_tokens"

    token_id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    account_id: str = Field(foreign_key="accounts.account_id")
    digest: str
    scopes: str = Field(sa_type=Text)
    created_ms: int = Field(sa_type=BigInteger)
    expires_ms: int = Field(sa_type=BigInteger)
    revoked_ms: int | None = Field(sa_type=BigInteger)
    used_ms: int | None = Field(sa_type=BigInteger)


class ApiPost(Base, table=True):
    """The answer to a post with an Idempotency-Key, written in the transaction that took its rows in."""

    __tablename__ = "api_posts"
    __table_args__ = (Index("ix_api_posts_at", "at_ms"),)

    token_id: str = Field(primary_key=True)
    key_digest: str = Field(primary_key=True)
    body_digest: str
    answer: str = Field(sa_type=Text)
    at_ms: int = Field(sa_type=BigInteger)
