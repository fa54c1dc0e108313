"""Bodies of posts, whatever comes: rows as they were sent, or a refusal in words; never anything else."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxi_qa.web.api.bodies import ENDINGS, lines_of_list
from taxi_qa.web.api.problems import Problem
from tests.web.api.conftest import Machine, machine
from tests.web.conftest import City, make_city

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=5)


@given(ROWS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_each_element_is_a_line_and_says_the_same(rows: list[Any], indent: Any, ascii_only: bool) -> None:  # noqa: ANN401
    sent = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    lines = lines_of_list(sent).decode("utf-8", "surrogatepass").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == rows


@pytest.fixture(scope="module")
def anything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Posts to a city whose clock may be moved."""
    made = make_city(tmp_path_factory.mktemp("bodies"))
    yield machine(made)
    made.home.engine.dispose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.binary(max_size=80) | st.text(alphabet='[]{},:"\\u d8a1\r\n\x00', max_size=40).map(str.encode),
    media=st.sampled_from(sorted(ENDINGS)),
    pack=st.booleans(),
    lie=st.booleans(),
)
def test_whatever_comes_is_answered_in_words(
    anything: Machine, body: bytes, media: str, pack: bool, lie: bool
) -> None:
    """Bytes of any kind, packed or not, or said to be what they are not."""
    anything.city.clock.at_ms += 1_000  # so that the pace is no subject here
    headers = {"Content_Encoding": "gzip"} if pack != lie else {}
    answer = anything.post("events", gzip.compress(body) if pack else body, media, **headers)
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200:
        assert answer.json["accepted"] == 0
    else:
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "body", [b"", b"[", b"]", b"{}", b"[,]", b"[{},]", b"[{}],", b'["a\nb"]', b"\xff\xfe[]"]
)
def test_what_is_no_list_is_refused(city: City, body: bytes) -> None:
    with city.app.test_request_context("/api/v1/records/trips"), pytest.raises(Problem) as refused:
        lines_of_list(body)
    assert refused.value.code == 422
