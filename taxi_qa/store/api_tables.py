"""The tables of the HTTP API: tokens, answers given to posts with a key, webhooks and their outbox."""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from taxi_qa.store.tables import Base, BigKey


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


class Webhook(Base, table=True):
    """Whom to tell of what happens to cases; the secret is kept as it is, for it signs every delivery."""

    __tablename__ = "webhooks"

    webhook_id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    account_id: str = Field(foreign_key="accounts.account_id")
    url: str = Field(sa_type=Text)
    secret: str
    events: str = Field(sa_type=Text)
    allow_private: bool
    created_ms: int = Field(sa_type=BigInteger)


class WebhookDelivery(Base, table=True):
    """An event on its way to a webhook, written in the transaction of the event itself."""

    __tablename__ = "webhook_outbox"
    __table_args__ = (
        Index("ix_webhook_outbox_next", "next_ms"),
        Index("ix_webhook_outbox_webhook", "webhook_id", "delivery_id"),
    )

    delivery_id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    webhook_id: str = Field(foreign_key="webhooks.webhook_id")
    case_id: str
    version: int
    event: str
    tries: int
    next_ms: int | None = Field(sa_type=BigInteger)
    ended_ms: int | None = Field(sa_type=BigInteger)
    sent: bool
    said: str
