"""Who gets in: every view with every kind of token and without one; refusals in the form machines read."""

from collections.abc import Callable
from typing import Any

import pytest

from taxi_qa.store import accounts, api_tokens
from taxi_qa.web.api.pace import wait_s
from taxi_qa.web.permits import TOKENS, permitted
from taxi_qa.web.settings import ApiLimits
from tests.web.api.conftest import Machine, machine
from tests.web.conftest import City

MAKE = Callable[..., City]
# Method, address and the scope it asks for: written down by hand; a view that is not here fails the test.
NEEDS = {
    "records.posted": ("POST", "/api/v1/records/companies", "ingest"),
    "reads.findings": ("GET", "/api/v1/findings", "read:findings"),
    "reads.cases": ("GET", "/api/v1/cases", "read:cases"),
    "reads.case": ("GET", "/api/v1/cases/x", "read:cases"),
    "reads.scores": ("GET", "/api/v1/scores", "read:scores"),
    "reads.score": ("GET", "/api/v1/scores/D1", "read:scores"),
    "hooks.listed": ("GET", "/api/v1/webhooks", "webhooks"),
    "reads.rules": ("GET", "/api/v1/rules", ""),
}


def asked(api: Machine, method: str, address: str) -> Any:  # noqa: ANN401 - werkzeug's answer
    """Ask for an address as a machine would."""
    told = {"Authorization": f"Bearer {api.token}"} if api.token else {}
    return api.client.open(address, method=method, headers=told | {"Accept-Language": "en"})


def test_every_view_is_written_down(city: City) -> None:
    views = [name for name in city.app.view_functions if permitted(city.app, name) == TOKENS]
    assert set(views) == set(NEEDS)


@pytest.mark.parametrize("endpoint", NEEDS)
def test_each_scope_opens_its_own_views_only(city: City, endpoint: str) -> None:
    method, address, needs = NEEDS[endpoint]
    for scope in api_tokens.SCOPES:
        answer = asked(machine(city, "admin", scope), method, address)
        if scope == needs or not needs:
            assert answer.status_code not in {401, 403}, (endpoint, scope)
        else:
            assert answer.status_code == 403, (endpoint, scope)
            assert f'scope="{needs}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("endpoint", NEEDS)
def test_without_a_token_that_counts_nothing_opens(own_city: MAKE, endpoint: str) -> None:
    method, address, _needs = NEEDS[endpoint]
    city = own_city()
    good = machine(city)
    bad = ["", "x", "tqa_00_00", good.token[:-1] + ("0" if good.token[-1] != "0" else "1")]
    for token in bad:
        answer = asked(Machine(city, token), method, address)
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    # A signed-in browser is nobody here, and its cookies are neither asked nor set.
    browser = city.client("admin")
    answer = browser.open(address, method=method)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    city.clock.at_ms += 86_400_000
    assert asked(good, method, address).status_code == 401


def test_the_account_of_a_token_is_looked_at_each_time(own_city: MAKE) -> None:
    city = own_city()
    api = machine(city)
    assert api.post("companies", [{"company_id": "C9", "name": "n"}]).status_code == 200
    accounts.disable(city.home, accounts.named(city.home, "admin").account_id, city.clock())
    assert api.post("companies", [{"company_id": "C9", "name": "n"}]).status_code == 401


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("GET", "/api/v1/nothing", 404), ("GET", "/api/", 404), ("DELETE", "/api/v1/records/trips", 405)],
)
def test_refusals_are_problems_in_two_languages(city: City, method: str, address: str, status: int) -> None:
    said = []
    for language, content in (("zh", "zh-CN"), ("en", "en")):
        answer = city.app.test_client().open(address, method=method, headers={"Accept-Language": language})
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert answer.headers["Content-Language"] == content
        told: Any = answer.json
        assert set(told) >= {"type", "title", "status", "detail"}
        said.append((told["title"], told["detail"]))
    assert said[0][0] != said[1][0]
    assert said[1][0].isascii()
    assert ("Allow" in answer.headers) == (status == 405)


def test_what_fails_inside_says_nothing_of_the_inside(
    own_city: MAKE, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = own_city()
    api = machine(city)
    # Two threads may have one engine: what it says names the place of its file.
    monkeypatch.setattr("taxi_qa.web.api.records.take_one", lambda *_a, **_k: 1 / 0)
    city.app.testing = False
    answer = api.post("companies", [{"company_id": "C9", "name": "n"}])
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "division" not in answer.text
    assert "/" not in answer.json["detail"]


def test_a_token_that_asks_too_often_waits(own_city: MAKE) -> None:
    city = own_city(api=ApiLimits(per_min=3))
    api, other = machine(city), machine(city)
    row = [{"company_id": "C9", "name": "n"}]
    assert [api.post("companies", row).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = api.post("companies", row)
    assert answer.headers["Retry-After"] == "20"  # a third of a minute
    assert other.post("companies", row).status_code == 200
    city.clock.at_ms += 20_000
    assert [api.post("companies", row).status_code for _ in range(2)] == [200, 429]


def test_the_pace_is_kept_over_any_order_of_moments(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    """Six a minute: after the six at once one every ten seconds; a clock set back shuts nobody out."""
    passed = [at for at in range(0, 120_000, 1_000) if wait_s(tmp_path, "t", 6, at) == 0]
    assert passed == [*range(0, 6_000, 1_000), *range(10_000, 120_000, 10_000)]
    assert wait_s(tmp_path, "t", 6, -500_000) == 0
