"""What cameras sent and a finding leans on: seen by whoever sees the case, and by nobody else."""

import hashlib
from collections.abc import Callable

import pytest

from taxi_qa.review.gather import gather
from taxi_qa.review.zones import place_cases
from taxi_qa.store.browse import CASES, Wanted, rows_of
from taxi_qa.store.casebook import keep_outcomes
from taxi_qa.store.device_media import TERMINALS, digests_in, held, leant_on, media_path
from taxi_qa.store.run_log import Job, RunHead, start_run
from taxi_qa.store.scope import Scope
from tests.review.desks import NOON, Hand, desk_of, refusal
from tests.store.making import outcome
from tests.web.conftest import City, status_of, text_of

PICTURE = b"\xff\xd8\xff" + bytes(3_000)
PAGE = b"<script>alert(1)</script>"
GONE = "ab" * 32
DAY = 20_500


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def seen(own_city: Callable[..., City]) -> tuple[City, str]:
    """A proposed case of D1 that leans on a picture, on bytes no browser may run and on a lost file."""
    own = own_city()
    for data in (PICTURE, PAGE):
        path = media_path(own.home.path / TERMINALS, digest(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    named = ";".join((digest(PICTURE), digest(PAGE), GONE))
    at_ms = DAY * 86_400_000
    told = refusal(
        "seen", driver_id="D1", company_id="C1", vehicle_id="粤TA1", start_ms=at_ms, end_ms=at_ms + 1,
        evidence={"media_sha256": named},
    )  # fmt: skip
    start_run(own.home, RunHead("run of cameras", DAY, DAY, ("service.refusal",), (), None, NOON))
    keep_outcomes(own.home, "run of cameras", Job(DAY, 1, "trips"), [outcome(told, rule="service.refusal")])
    desk = desk_of(own.home)
    gather(desk, NOON, {})
    place_cases(own.home)
    cases, _total = rows_of(own.home, CASES, Scope(whole_city=True).cases(), Wanted(sort="start_ms", limit=1))
    case_id = str(cases[0]["case_id"])
    Hand(desk, case_id)("propose", "somebody")
    return own, case_id


def test_a_picture_is_shown_to_whoever_sees_the_case_and_the_look_is_kept(seen: tuple[City, str]) -> None:
    own, case_id = seen
    address = f"/cases/{case_id}/media/{digest(PICTURE)}"
    for name in ("d1", "m1", "reviewer"):
        assert address in text_of(own.client(name), f"/cases/{case_id}")
        with own.client(name).get(address) as answer:
            assert (answer.status_code, answer.data) == (200, PICTURE)
            assert answer.mimetype == "image/jpeg"
            assert answer.headers["Content-Disposition"].startswith("inline")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("d2", "m2", "inspector-hub", ""):
        assert status_of(own.client(name), address) in {302, 403, 404}, name
    assert "影像资料" in text_of(own.client("auditor"), "/admin/access")


def test_what_is_no_picture_is_handed_down_as_a_file(seen: tuple[City, str]) -> None:
    own, case_id = seen
    with own.client("reviewer").get(f"/cases/{case_id}/media/{digest(PAGE)}") as answer:
        assert answer.mimetype == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_file_that_is_not_kept_is_said_to_be_missing(seen: tuple[City, str]) -> None:
    own, case_id = seen
    page = text_of(own.client("reviewer"), f"/cases/{case_id}")
    assert "本系统未留存" in page
    assert f"/media/{GONE}" not in page
    assert status_of(own.client("reviewer"), f"/cases/{case_id}/media/{GONE}") == 404


def test_a_file_no_finding_of_the_case_names_is_not_there(seen: tuple[City, str]) -> None:
    own, case_id = seen
    other = b"\xff\xd8\xff of somebody else"
    path = media_path(own.home.path / TERMINALS, digest(other))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(other)
    client = own.client("reviewer")
    assert status_of(client, f"/cases/{case_id}/media/{digest(other)}") == 404
    assert status_of(client, f"/cases/{case_id}/media/..%2f..%2fhome.json") == 404


def test_findings_keep_the_files_they_lean_on(seen: tuple[City, str]) -> None:
    own, _case_id = seen
    assert leant_on(own.home) == {digest(PICTURE), digest(PAGE), GONE}


def test_only_digests_count_as_digests() -> None:
    assert digests_in('{"media_sha256": "../../home.json;' + GONE + ";" + GONE + '"}') == [GONE]
    assert digests_in("") == digests_in("{}") == digests_in('{"media_sha256": null}') == []


def test_nothing_is_held_of_a_digest_nobody_sent(seen: tuple[City, str]) -> None:
    own, _case_id = seen
    assert held(own.home, GONE).path is None
