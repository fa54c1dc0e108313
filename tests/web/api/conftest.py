"""The API of a small city: tokens of its people, shown by a client that keeps no cookies."""

import gzip
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.store import accounts, api_tokens
from tests.web.conftest import City, make_city

NUMBERS = itertools.count(1)


@dataclass
class Machine:
    """Asks with a token."""

    city: City
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.city.app.test_client(use_cookies=False)

    def get(self, address: str, **headers: str) -> Any:  # noqa: ANN401 - werkzeug's answer
        """Ask for an address below /api/v1."""
        return self.client.get(f"/api/v1{address}", headers=self._headers(headers))

    def post(self, kind: str, body: object, media: str = "application/json", **headers: str) -> Any:  # noqa: ANN401
        """Send records."""
        data = body if isinstance(body, bytes | str) else json.dumps(body, ensure_ascii=False)
        told = self._headers(headers)
        return self.client.post(f"/api/v1/records/{kind}", data=data, content_type=media, headers=told)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return own | self.headers | {name.replace("_", "-"): value for name, value in more.items()}


def machine(city: City, name: str = "admin", *scopes: str) -> Machine:
    """With a new token of somebody; without scopes: all that his role may have."""
    who = accounts.named(city.home, name)
    usual = [one for one in api_tokens.SCOPES if one != "ingest" or who.role == "administrator"]
    given = tuple(scopes or usual)
    token = api_tokens.make_token(
        city.home, f"token {next(NUMBERS)}", who, given, days=1, now_ms=city.clock()
    )
    return Machine(city, token, {"Accept-Language": "en"})


def packed(body: object) -> bytes:
    """A JSON body, packed."""
    return gzip.compress(json.dumps(body).encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """A city of the test's own on each database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    made = make_city(tmp_path, url)
    yield made
    made.home.engine.dispose()
