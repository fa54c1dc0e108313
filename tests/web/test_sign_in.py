"""Signing in: hashes, sessions that end, tries that are counted, headers."""

from collections.abc import Callable

import pytest

from taxi_qa.store import accounts
from taxi_qa.web import passwords
from taxi_qa.web.settings import Tries
from tests.review.desks import NOON
from tests.web.conftest import HASH, PASSWORD, City, post, token

MIN = 60_000
OwnCity = Callable[..., City]


def test_a_session_is_made_anew_on_signing_in(city: City) -> None:
    client = city.client()
    client.get("/sign-in")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    post(client, "/sign-in", {"name": "m1", "password": PASSWORD})
    with client.session_transaction() as session:
        assert "planted" not in session
    assert client.get("/").status_code == 200


def test_wrong_name_and_wrong_password_are_told_alike(own_city: OwnCity) -> None:
    client = own_city().client()
    told = {
        post(client, "/sign-in", {"name": name, "password": "no such password"}).text.replace(name, "")
        for name in ("m1", "zz")
    }
    words = {text[text.index("flash") : text.index("</p>", text.index("flash"))] for text in told}
    assert len(words) == 1


def test_tries_are_counted_by_name_across_clients(own_city: OwnCity) -> None:
    city = own_city(tries=Tries(by_name=3, by_address=100))
    for _ in range(3):
        answer = post(city.client(), "/sign-in", {"name": "m1", "password": "wrong wrong"})
        assert answer.status_code == 401
    # The right password does not help any more, from anywhere; another name is let in.
    assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 429
    assert post(city.client(), "/sign-in", {"name": "m2", "password": PASSWORD}).status_code == 302
    city.clock.at_ms += 15 * MIN + 1
    assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 302


def test_tries_are_counted_by_address(own_city: OwnCity) -> None:
    city = own_city(tries=Tries(by_name=100, by_address=2))
    for name in ("a", "b"):
        post(city.client(), "/sign-in", {"name": name, "password": "wrong wrong"})
    assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 429


def test_whoever_signed_in_begins_anew(own_city: OwnCity) -> None:
    city = own_city(tries=Tries(by_name=2, by_address=100))
    for _ in range(3):
        post(city.client(), "/sign-in", {"name": "m1", "password": "wrong wrong"})
        city.clock.at_ms += 15 * MIN + 1
        assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(("idle_min", "status"), [(29, 200), (31, 302)])
def test_an_idle_session_ends(own_city: OwnCity, idle_min: int, status: int) -> None:
    city = own_city()
    client = city.client("m1")
    city.clock.at_ms += idle_min * MIN
    assert client.get("/cases").status_code == status


def test_a_session_that_is_used_ends_all_the_same_after_twelve_hours(own_city: OwnCity) -> None:
    city = own_city()
    client = city.client("m1")
    # 48 steps of 15 minutes are 12 hours; the next one is beyond.
    for _ in range(48):
        city.clock.at_ms += 15 * MIN
        assert client.get("/password").status_code == 200
    city.clock.at_ms += 15 * MIN
    assert client.get("/password").status_code == 302


def test_another_password_ends_sessions_on_other_devices(own_city: OwnCity) -> None:
    city = own_city()
    here, there = city.signed_in("m1"), city.signed_in("m1")
    form = {"present": PASSWORD, "chosen": "another long password", "again": "another long password"}
    assert post(here, "/password", form, page="/password").status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize(
    ("chosen", "again"),
    [
        ("short", "short"),
        ("a long new password", "another one"),
        (PASSWORD, PASSWORD),
        ("m1m1m1m1m1m1", "m1m1m1m1m1m1"),
        ("x" * 201, "x" * 201),
    ],
)
def test_a_password_that_will_not_do(city: City, chosen: str, again: str) -> None:
    client = city.client("m1")
    form = {"present": PASSWORD, "chosen": chosen, "again": again}
    assert post(client, "/password", form, page="/password").status_code == 400


def test_a_disabled_account_is_out_at_once(own_city: OwnCity) -> None:
    city = own_city()
    client = city.client("m1")
    accounts.disable(city.home, accounts.named(city.home, "m1").account_id, NOON)
    assert client.get("/").status_code == 302
    assert post(city.client(), "/sign-in", {"name": "m1", "password": PASSWORD}).status_code == 401


def test_the_first_password_has_to_be_changed(own_city: OwnCity) -> None:
    city = own_city()
    accounts.add(city.home, accounts.NewAccount("new", "reviewer"), HASH, NOON)
    client = city.client("new")
    for address in ("/", "/cases", "/cases.csv", "/rules"):
        assert client.get(address).headers["Location"] == "/password", address
    form = {"present": PASSWORD, "chosen": "my very own words", "again": "my very own words"}
    post(client, "/password", form, page="/password")
    assert client.get("/cases").status_code == 200


@pytest.mark.parametrize(
    "next_", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_elsewhere(city: City, next_: str) -> None:
    client = city.client()
    answer = post(client, "/sign-in", {"name": "m1", "password": PASSWORD, "next": next_})
    assert answer.headers["Location"] == "/"


def test_headers_of_every_page(city: City) -> None:
    client = city.client("m1")
    for address in ("/", "/cases", "/static/site.css", "/no/such/page", "/health"):
        with client.get(address) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, address
        assert "script-src 'self';" in policy, address
        assert "unsafe" not in policy, address
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert client.get("/cases").headers["Cache-Control"] == "no-store"
    cookie = city.client().get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_no_page_holds_anything_inline(city: City) -> None:
    client = city.client("reviewer")
    for address in (
        "/",
        "/cases",
        f"/cases/{city.cases['d1 told']}",
        "/drivers/D1",
        "/rules",
        "/law",
        "/sign-in",
    ):
        text = client.get(address).text
        assert "style=" not in text, address
        assert "onclick=" not in text, address
        assert "<script>" not in text, address
        assert "<style" not in text, address


def test_a_look_at_a_case_is_logged(own_city: OwnCity) -> None:
    city = own_city()
    _rows, before = accounts.access_log(city.home)
    city.client("reviewer").get(f"/cases/{city.cases['d1 told']}")
    rows, total = accounts.access_log(city.home)
    assert total == before + 1
    assert rows.iloc[0][["name", "role", "what", "subject"]].tolist() == [
        "reviewer", "reviewer", "case", city.cases["d1 told"],
    ]  # fmt: skip


def test_hashes_are_argon2id_and_names_are_not_kept_with_tries(own_city: OwnCity) -> None:
    city = own_city()
    assert accounts.named(city.home, "m1").password_hash.startswith("$argon2id$")
    post(city.client(), "/sign-in", {"name": "张三的账号", "password": "wrong wrong"})
    with city.home.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM sign_in_tries").all())
    assert "张三" not in kept
    assert "127.0.0.1" not in kept


def test_passwords_that_are_made_up_differ() -> None:
    made = {passwords.made_up() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 19 for one in made)  # four groups of four, three dashes


def test_a_language_once_chosen_stays_with_the_account(own_city: OwnCity) -> None:
    city = own_city()
    client = city.client("m1")
    assert 'lang="zh-CN"' in client.get("/").text
    client.post(
        "/language", data={"language": "en", "csrf_token": token(client, "/password"), "next": "/cases"}
    )
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="en">' in city.signed_in("m1").get("/").text
