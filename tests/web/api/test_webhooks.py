"""Webhooks: told of what happened and of nothing else, at least once, signed, and only where one may go."""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from taxi_qa.review.desk import step_in
from taxi_qa.review.states import Actor, Ask
from taxi_qa.store import accounts, webhooks
from taxi_qa.web.api import couriers
from tests.review.desks import Hand, desk_of
from tests.web.api.conftest import machine
from tests.web.conftest import City

DAY_MS = 86_400_000


@dataclass
class Receiver:
    """Keeps what it is sent, and answers what it is told to: the statuses in turn, then 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a real socket."""
    kept = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 204)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/told?by=us"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def hook(city: City, receiver: Receiver, name: str = "reviewer", *events: str) -> webhooks.Hook:
    """A webhook of somebody."""
    who = accounts.named(city.home, name)
    return webhooks.add_hook(
        city.home, f"hook of {name}", receiver.url, who, events, allow_private=True, now_ms=city.clock()
    )


def hand(city: City, which: str = "d1 told") -> Hand:
    """Takes steps with a case of the city, now."""
    return Hand(desk_of(city.home), city.cases[which], city.clock())


def deliver(city: City, later_ms: int = 60_000) -> tuple[int, int]:
    """A round of deliveries a while later."""
    city.clock.at_ms += later_ms
    return couriers.deliver_due(city.home, city.clock, timeout_s=2)


def test_an_event_is_told_signed_and_without_anything_of_a_person(both: City, receiver: Receiver) -> None:
    made = hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    assert deliver(both) == (1, 0)
    [(headers, body)] = receiver.got
    told = json.loads(body)
    assert told["type"] in {"case.answered", "case.second_review"}
    assert set(told["data"]) == {"case_id", "version", "rule", "action", "from_state", "to_state"}
    assert told["data"]["case_id"] == both.cases["d1 told"]
    assert "D1" not in body.decode().replace(both.cases["d1 told"], "")
    assert "粤" not in body.decode()
    # As a receiver checks it, by the words of the documentation alone.
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(both.clock() // 1000)
    assert deliver(both) == (0, 0)
    assert webhooks.outbox_counted(both.home)[made.webhook_id] == {"waiting": 0, "sent": 1, "dead": 0}


def test_what_failed_is_tried_again_under_the_same_id(both: City, receiver: Receiver) -> None:
    hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    receiver.statuses = [500, 302]
    assert deliver(both) == (0, 1)
    assert deliver(both, 9_000) == (0, 0)
    assert deliver(both, 1_000) == (0, 1)
    assert deliver(both, 59_000) == (0, 0)
    assert deliver(both, 1_000) == (1, 0)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert len(receiver.got) == 3


def test_after_eight_tries_in_less_than_a_day_it_is_dead_and_listed(both: City, receiver: Receiver) -> None:
    made = hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    receiver.statuses = [503] * 8
    began = both.clock()
    assert deliver(both) == (0, 1)
    for wait_ms in webhooks.WAITS_MS:
        assert deliver(both, wait_ms) == (0, 1)
    assert both.clock() - began < DAY_MS
    assert deliver(both, DAY_MS) == (0, 0)
    [dead] = webhooks.dead_ones(both.home)
    assert (dead["webhook"], dead["tries"], dead["said"]) == (made.name, 8, "HTTP 503")
    assert webhooks.revive_dead(both.home, both.clock()) == 1
    assert deliver(both) == (1, 0)
    assert webhooks.dead_ones(both.home) == []


def test_a_receiver_that_is_gone_is_left_alone(both: City, receiver: Receiver) -> None:
    hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    receiver.statuses = [410]
    assert deliver(both) == (0, 1)
    assert deliver(both, DAY_MS) == (0, 0)
    assert len(webhooks.dead_ones(both.home)) == 1


def test_a_step_that_did_not_happen_is_not_told(both: City, receiver: Receiver) -> None:
    hook(both, receiver)
    one = hand(both)
    ask = Ask("answer", Actor("D1", "driver"), both.clock(), "road_closed")
    with both.home.engine.connect() as connection, connection.begin() as step:
        step_in(connection, one.desk, one.case_id, ask, 3)
        step.rollback()
    assert webhooks.outbox_counted(both.home) == {}
    one("answer", "D1", "road_closed")
    assert len(webhooks.outbox_counted(both.home)) == 1


def test_each_hears_what_its_account_sees(both: City, receiver: Receiver) -> None:
    hooks = {
        name: hook(both, receiver, name) for name in ("m1", "m2", "d1", "d2", "reviewer", "inspector-hub")
    }
    picky = webhooks.add_hook(
        both.home, "picky", receiver.url, accounts.named(both.home, "reviewer"), ("case.confirmed",),
        allow_private=True, now_ms=both.clock(),
    )  # fmt: skip
    hand(both, "d1 lead")("propose", "somebody")
    counted = webhooks.outbox_counted(both.home)
    heard = {name for name, made in hooks.items() if made.webhook_id in counted}
    assert heard == {"m1", "d1", "reviewer"}
    assert picky.webhook_id not in counted
    accounts.disable(both.home, hooks["m1"].account_id, both.clock())
    assert deliver(both) == (2, 0)
    accounts.disable(both.home, hooks["m1"].account_id, None)
    assert deliver(both) == (1, 0)


def test_what_the_machine_does_alone_is_not_told(both: City, receiver: Receiver) -> None:
    made = hook(both, receiver)
    with both.home.engine.begin() as connection:
        for before, after in (("queued", "excused"), ("queued", "dismissed"), ("queued", "expired")):
            event = {"role": "machine", "from_state": before, "to_state": after, "version": 3, "at_ms": 1}
            webhooks.queue_event(connection, both.cases["d1 lead"], event)
    assert webhooks.outbox_counted(both.home) == {}
    assert made.events == ()


def test_two_couriers_tell_nothing_twice(both: City, receiver: Receiver) -> None:
    hook(both, receiver)
    for which in ("d1 told", "d2 told"):
        hand(both, which)("answer", which[:2].upper(), "road_closed")
    both.clock.at_ms += 60_000
    threads = [
        threading.Thread(target=couriers.deliver_due, args=(both.home, both.clock, 2)) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == len(set(ids)) == 2


def test_a_courier_that_was_killed_leaves_it_to_the_next(both: City, receiver: Receiver) -> None:
    hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    both.clock.at_ms += 60_000
    assert len(webhooks.take_due(both.home, both.clock())) == 1
    assert deliver(both, 59_999) == (0, 0)
    assert deliver(both, 1) == (1, 0)


def test_the_courier_beside_a_server_delivers(own_city: Any, receiver: Receiver) -> None:  # noqa: ANN401 - makes a city
    city = own_city()
    hook(city, receiver)
    courier = couriers.Courier(city.home, city.clock, every_s=0.02)
    courier.start()
    hand(city)("answer", "D1", "road_closed")
    city.clock.at_ms += 60_000
    waited = threading.Event()
    for _ in range(500):
        if receiver.got or waited.wait(0.01):
            break
    courier.end()
    assert not courier.is_alive()
    assert len(receiver.got) == 1


def test_a_receiver_that_drips_its_answer_is_cut_off(own_city: Any) -> None:  # noqa: ANN401 - makes a city
    city, ended = own_city(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(b"HTTP/1.1 ")
                while not ended.wait(0.02):
                    line.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        made = hook(city, Receiver(f"http://127.0.0.1:{server.getsockname()[1]}/"))
        began_s = time.monotonic()
        went = couriers.send(made, "msg", b"{}", city.clock(), timeout_s=0.3)
        took_s = time.monotonic() - began_s
        ended.set()
        thread.join()
    assert not went.taken
    assert took_s < 5


def test_who_speaks_no_tls_is_told_nothing(own_city: Any, receiver: Receiver) -> None:  # noqa: ANN401
    city = own_city()
    made = hook(city, Receiver(receiver.url.replace("http://", "https://")))
    went = couriers.send(made, "msg", b"{}", city.clock(), timeout_s=2)
    assert (went.taken, went.said, receiver.got) == (False, "SSLError", [])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_nothing_goes_into_the_own_network_unless_it_is_meant(address: str) -> None:
    with pytest.raises(couriers.NotSentError, match="own network"):
        couriers.checked_address(address, 443, allow_private=False)


def test_public_addresses_are_spoken_to() -> None:
    for address in ("1.1.1.1", "2606:4700:4700::1111"):
        assert couriers.checked_address(address, 443, allow_private=False) == address


def test_a_private_receiver_gets_nothing(own_city: Any, receiver: Receiver) -> None:  # noqa: ANN401
    city = own_city()
    made = hook(city, receiver)
    public = webhooks.Hook(**{**vars(made), "allow_private": False})
    went = couriers.send(public, "msg", b"{}", city.clock())
    assert (went.taken, receiver.got) == (False, [])
    assert "own network" in went.said


@pytest.mark.parametrize(
    "url",
    ["http://a.example/", "ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x",
     "https://a.example:99999/", "https://a.example/ b", "", "https://[::1", "https://é.example/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(own_city: Any, url: str) -> None:  # noqa: ANN401
    city = own_city()
    who = accounts.named(city.home, "admin")
    with pytest.raises(accounts.AccountError, match="no address of a receiver"):
        webhooks.add_hook(city.home, "x", url, who, (), allow_private=False, now_ms=0)


def test_a_token_lists_the_webhooks_of_its_account(own_city: Any, receiver: Receiver) -> None:  # noqa: ANN401
    city = own_city()
    made = hook(city, receiver)
    answer = machine(city, "reviewer", "webhooks").get("/webhooks")
    assert [one["name"] for one in answer.json["rows"]] == [made.name]
    assert made.secret not in answer.text
    assert machine(city, "admin", "webhooks").get("/webhooks").json["rows"] == []


def test_a_removed_webhook_hears_nothing(both: City, receiver: Receiver) -> None:
    made = hook(both, receiver)
    hand(both)("answer", "D1", "road_closed")
    webhooks.remove_hook(both.home, made.name)
    assert deliver(both) == (0, 0)
    assert (webhooks.all_hooks(both.home), receiver.got) == ([], [])
