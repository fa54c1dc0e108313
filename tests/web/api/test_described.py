"""What is described is what there is: every answer to generated requests fits the served description."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from taxi_qa.records.kinds import KINDS
from tests.web.api.conftest import Machine, machine
from tests.web.conftest import City

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A city that generated records go into."""
    from tests.web.conftest import make_city  # noqa: PLC0415

    made = make_city(tmp_path_factory.mktemp("described"))
    yield machine(made)
    made.home.engine.dispose()


def test_every_answer_is_as_described(served: Machine) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", served.city.app)
    headers = {"Authorization": f"Bearer {served.token}"}
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] # an operation that cannot be read raises

        @settings(
            max_examples=12,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def fits(case: schemathesis.Case[Any]) -> None:
            # So that the pace is no subject here.
            served.city.clock.at_ms += 100
            case.call_and_validate(headers=headers, checks=CHECKS)

        fits()


def test_the_description_names_every_kind_and_every_refusal(city: City) -> None:
    told: Any = city.app.test_client().get("/api/v1/openapi.json").json
    assert told["openapi"] == "3.1.0"
    assert {f"Row_{kind}" for kind in KINDS} <= set(told["components"]["schemas"])
    post = told["paths"]["/api/v1/records/{kind}"]["post"]
    assert post["security"] == [{"token": ["ingest"]}]
    assert {"200", "401", "403", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert set(post["responses"]["422"]["content"]) == {"application/problem+json"}
    assert "security" not in told["paths"]["/api/v1/openapi.json"]["get"]
    assert "/tmp" not in json.dumps(told)  # noqa: S108 - no path of ours in it


@pytest.mark.parametrize(("language", "word"), [("zh", "令牌"), ("en", "token")])
def test_the_page_of_words_needs_nothing_from_elsewhere(city: City, language: str, word: str) -> None:
    answer = city.app.test_client().get("/api/v1/", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert word in answer.text
    assert "POST /api/v1/records/{kind}" in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text
