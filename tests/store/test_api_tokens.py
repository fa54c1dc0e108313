"""Tokens of the HTTP API: shown once, kept as a digest, worth nothing once over or revoked."""

import dataclasses
from typing import Any

import pytest
from sqlalchemy import text

from taxi_qa.store import accounts, api_tokens
from taxi_qa.store.home import Home

NOW = 1_750_000_000_000
DAY = 86_400_000


def account(home: Home, name: str = "feed", role: accounts.AccountRole = "administrator") -> accounts.Account:
    company = "C1" if role == "manager" else ""
    return accounts.add(home, accounts.NewAccount(name, role, company_id=company), "no hash", NOW)


def made(home: Home, name: str = "meters", **said: Any) -> str:  # noqa: ANN401 - by the test
    who = accounts.named(home, "feed")
    given: dict[str, Any] = {
        "name": name,
        "scopes": ("ingest", "read:cases"),
        "days": 30,
        "now_ms": NOW,
    } | said
    return api_tokens.make_token(home, account=who, **given)


def holds(home: Home, shown: str, now_ms: int = NOW) -> bool:
    with home.engine.connect() as connection:
        return api_tokens.holder_of(connection, shown, now_ms) is not None


def test_a_token_is_known_until_its_end(home: Home) -> None:
    account(home)
    shown = made(home)
    with home.engine.connect() as connection:
        found = api_tokens.holder_of(connection, shown, NOW + 1)
    assert found is not None
    token, who = found
    assert (token.name, token.scopes, who.name) == ("meters", ("ingest", "read:cases"), "feed")
    assert holds(home, shown, NOW + 30 * DAY - 1)
    assert not holds(home, shown, NOW + 30 * DAY)


def test_the_secret_is_nowhere_in_the_database(home: Home) -> None:
    account(home)
    secret = made(home).rpartition("_")[2]
    with home.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM api_tokens")).all()
    assert len(rows) == 1
    assert secret not in str(rows)


def test_another_secret_opens_nothing(home: Home) -> None:
    account(home)
    shown = made(home)
    other = made(home, "other")
    head, tail = shown.rpartition("_")[0], other.rpartition("_")[2]
    for wrong in ("", "tqa", "tqa_", f"{head}_", f"{head}_{tail}", shown[:-1], shown + "0", f"x{shown}", "é"):
        assert not holds(home, wrong), wrong


def test_revoked_is_over_at_once_and_stays_so(home: Home) -> None:
    account(home)
    shown = made(home)
    api_tokens.revoke(home, "meters", NOW + 5)
    api_tokens.revoke(home, "meters", NOW + 9)
    assert not holds(home, shown)
    [token] = api_tokens.all_tokens(home)
    assert (token.revoked_ms, token.state(NOW)) == (NOW + 5, "revoked")
    with pytest.raises(accounts.AccountError, match="there is no token 'nobody'"):
        api_tokens.revoke(home, "nobody", NOW)


def test_the_token_of_a_disabled_account_is_worth_nothing(home: Home) -> None:
    who = account(home)
    shown = made(home)
    accounts.disable(home, who.account_id, NOW)
    assert not holds(home, shown)
    accounts.disable(home, who.account_id, None)
    assert holds(home, shown)


def test_use_is_kept_every_ten_minutes(home: Home) -> None:
    account(home)
    made(home)
    [token] = api_tokens.all_tokens(home)
    assert token.used_ms is None
    api_tokens.note_use(home, token, NOW + 1)
    used = dataclasses.replace(token, used_ms=NOW + 1)
    api_tokens.note_use(home, used, NOW + 600_000)
    assert api_tokens.all_tokens(home)[0].used_ms == NOW + 1
    api_tokens.note_use(home, used, NOW + 600_001)
    assert api_tokens.all_tokens(home)[0].used_ms == NOW + 600_001


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": " x"}, "1 to 64 characters"),
        ({"scopes": ()}, "without a scope"),
        ({"scopes": ("read:everything",)}, "'read:everything' is no scope; expected some of ingest"),
        ({"days": 0}, "1 to 730 days"),
        ({"days": 731}, "1 to 730 days"),
    ],
)
def test_what_cannot_be_a_token(home: Home, said: dict[str, Any], words: str) -> None:
    account(home)
    with pytest.raises(accounts.AccountError, match=words):
        made(home, **said)


def test_two_tokens_have_two_names(home: Home) -> None:
    account(home)
    made(home)
    with pytest.raises(accounts.AccountError, match="there is a token 'meters' already"):
        made(home)


def test_only_an_administrator_s_token_takes_records_in(home: Home) -> None:
    manager = account(home, "fleet", "manager")
    with pytest.raises(accounts.AccountError, match="fleet is a manager"):
        api_tokens.make_token(home, "x", manager, ("ingest",), days=1, now_ms=NOW)
    assert api_tokens.make_token(home, "x", manager, ("read:cases",), days=1, now_ms=NOW)
