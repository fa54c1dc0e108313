"""`taxi-qa webhooks`: made, listed, tried and removed, as a person calls it."""

import json
import socket
from pathlib import Path

from tests.cli.conftest import Call


def test_a_webhook_is_made_tried_listed_and_removed(home: Path, call: Call) -> None:
    call("users", "add", "boss", "--role", "administrator", "--home", home)
    with socket.socket() as nobody:
        # Bound and not listening: whoever calls there is refused at once.
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        told = ("--account", "boss", "--event", "case.confirmed", "--allow-private", "--home", home)
        status, out, err = call("webhooks", "add", "office", url, *told)
        assert status == 0, err
        assert out.startswith("whsec_")
        status, tried, _ = call("webhooks", "test", "office", "--home", home)
        assert (status, tried) == (1, "office: ConnectionRefusedError\n")
    listed = call("webhooks", "list", "--json", "--home", home)[1]
    assert out.strip() not in listed
    expected = {"name": "office", "url": url, "events": "case.confirmed", "waiting": 0, "sent": 0, "dead": 0}
    assert json.loads(listed) == [expected]
    assert call("webhooks", "list", "--dead", "--home", home)[0] == 0
    assert call("webhooks", "deliver", "--dead", "--home", home)[:2] == (0, "0 taken, 0 not\n")
    assert call("webhooks", "remove", "office", "--home", home)[:2] == (0, "office: removed\n")
    assert json.loads(call("webhooks", "list", "--json", "--home", home)[1]) == []


def test_a_wrong_call_says_what_would_be_right(home: Path, call: Call) -> None:
    call("users", "add", "boss", "--role", "administrator", "--home", home)
    told = ("--account", "boss", "--home", home)
    status, _, err = call("webhooks", "add", "x", "http://a.example/", *told)
    assert status == 2
    assert "expected https://HOST/PATH, without a user (http only with --allow-private)" in err
    status, _, err = call("webhooks", "add", "x", "https://a.example/", "--event", "case.eaten", *told)
    assert status == 2
    assert "'case.eaten' is no event; expected some of case.proposed" in err
    assert call("webhooks", "test", "nobody", "--home", home)[0] == 2
