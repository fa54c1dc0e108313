"""`taxi-qa users token`: made, listed, revoked, as a person calls it."""

import json
from pathlib import Path

from tests.cli.conftest import Call


def test_a_token_is_shown_once_listed_and_revoked(home: Path, call: Call) -> None:
    assert call("users", "add", "feed", "--role", "administrator", "--home", home)[0] == 0
    told = ("--account", "feed", "--scope", "ingest", "--scope", "read:cases", "--days", "7")
    status, out, err = call("users", "token", "add", "meters", *told, "--home", home)
    assert status == 0, err
    shown = out.strip()
    assert shown.startswith("tqa_")
    assert "shown this once" in err
    status, out, _ = call("users", "token", "list", "--json", "--home", home)
    [row] = json.loads(out)
    assert shown.rpartition("_")[2] not in out
    assert (row["name"], row["account"], row["scopes"]) == ("meters", "feed", "ingest read:cases")
    assert (row["used"], row["state"]) == ("", "ok")
    assert call("users", "token", "revoke", "meters", "--home", home)[:2] == (0, "meters: revoked\n")
    assert "revoked" in call("users", "token", "list", "--home", home)[1]


def test_a_wrong_call_says_what_would_be_right(home: Path, call: Call) -> None:
    call("users", "add", "boss", "--role", "manager", "--company", "C1", "--home", home)
    told = ("--account", "boss", "--scope", "ingest", "--home", home)
    status, out, err = call("users", "token", "add", "x", *told)
    assert (status, out) == (2, "")
    assert "boss is a manager: only a token of an administrator may take records in" in err
    assert call("users", "token", "revoke", "x", "--home", home)[0] == 2
