"""Records by POST: the same door as files, answered once durable, the same key answered alike."""

import gzip
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from taxi_qa.store.library import fixes, partitions
from taxi_qa.web.api.bodies import lines_of_list
from taxi_qa.web.settings import ApiLimits
from tests.web.api.conftest import Machine, machine, packed
from tests.web.conftest import City

ROW = {"company_id": "C9", "name": "第九公司"}
COUNTS = ("rows", "accepted", "duplicates", "corrected", "quarantined")
MAKE = Callable[..., City]


def counts(answer: Any) -> tuple[int, ...]:  # noqa: ANN401 - werkzeug's answer
    """The five figures of an answer, or of a refusal that has them."""
    return tuple(answer.json[name] for name in COUNTS)


def kept(city: City, kind: str) -> int:
    """How many rows of a kind there are, corrected ones too."""
    with city.home.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {kind}")).scalar() or 0)


def test_rows_are_new_then_the_same_then_corrected(both: City) -> None:
    api = machine(both)
    assert counts(api.post("companies", [ROW])) == (1, 1, 0, 0, 0)
    assert counts(api.post("companies", [ROW])) == (1, 0, 1, 0, 0)
    assert counts(api.post("companies", [ROW | {"name": "九"}])) == (1, 0, 0, 1, 0)


def test_a_refused_row_is_named_and_the_rest_goes_in(both: City) -> None:
    trip = {"trip_id": "T9", "vehicle_id": "粤TA1", "boarded_at": "2026-09-20T08:00:00+08:00",
            "alighted_at": "2026-09-20T08:20:00+08:00", "metered_km": 5, "fare_yuan": 20}  # fmt: skip
    wrong = trip | {"trip_id": "T10", "fare_yuan": -1}
    answer = machine(both).post("trips", [trip, wrong])
    assert answer.status_code == 200
    assert counts(answer) == (2, 1, 0, 0, 1)
    [refused] = answer.json["refused"]
    assert (refused["row"], refused["record"], refused["field"]) == (2, 2, "fare_yuan")
    assert refused["reason"]
    with both.home.engine.connect() as connection:
        [raw] = connection.execute(text("SELECT raw FROM refused")).scalars()
    assert json.loads(raw)["trip_id"] == "T10"
    # The same again: its bad row is refused and named again, though it is kept once.
    again = machine(both).post("trips", [trip, wrong])
    assert counts(again) == (2, 0, 1, 0, 1)
    assert again.json["refused"] == [refused]


def test_nothing_that_can_be_taken_is_422_and_names_row_and_field(own_city: MAKE) -> None:
    answer = machine(own_city()).post("companies", [{"company_id": "C9"}, {"company_id": "C8", "name": ""}])
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert {one.get("field") for one in answer.json["errors"]} <= {"name", ""}


def test_csv_lines_and_packed_bodies_are_the_same(own_city: MAKE) -> None:
    api = machine(own_city())
    assert counts(api.post("companies", "company_id,name\nC9,九\n", "text/csv")) == (1, 1, 0, 0, 0)
    line = json.dumps({"company_id": "C9", "name": "九"}, ensure_ascii=False)
    assert counts(api.post("companies", line + "\n", "application/x-ndjson")) == (1, 0, 1, 0, 0)
    body = packed([{"company_id": "C9", "name": "九"}])
    assert counts(api.post("companies", body, Content_Encoding="gzip")) == (1, 0, 1, 0, 0)


def test_positions_go_in(both: City) -> None:
    fixes = [
        {"vehicle_id": "粤TA1", "time": f"2026-09-20T08:00:{second:02d}+08:00", "lon": 113.38, "lat": 22.52}
        for second in range(0, 60, 10)
    ]
    api = machine(both)
    assert counts(api.post("positions", fixes)) == (6, 6, 0, 0, 0)
    assert counts(api.post("positions", fixes[3:])) == (3, 0, 3, 0, 0)


def test_the_same_key_gets_the_same_answer(both: City) -> None:
    api = machine(both)
    first = api.post("companies", [ROW], Idempotency_Key="k1")
    again = api.post("companies", [ROW], Idempotency_Key="k1")
    assert first.json == again.json
    assert counts(again) == (1, 1, 0, 0, 0)
    other = api.post("companies", [ROW | {"name": "x"}], Idempotency_Key="k1")
    assert (other.status_code, other.json["key_reused"]) == (422, True)
    # A key is a token's own.
    assert counts(machine(both).post("companies", [ROW], Idempotency_Key="k1")) == (1, 0, 1, 0, 0)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=8))
def test_whatever_is_repeated_under_a_key_counts_once(
    shared: tuple[Machine, dict[str, Any]], posts: list[tuple[str, str]]
) -> None:
    """Any order of keys and bodies: a key's first body is answered alike for ever, others are refused."""
    api, model = shared
    for key, name in posts:
        answer = api.post("companies", [{"company_id": f"P-{key}", "name": name}], Idempotency_Key=key)
        if key not in model:
            model[key] = (name, answer.json)
            assert counts(answer) == (1, 1, 0, 0, 0)
        elif model[key][0] == name:
            assert answer.json == model[key][1]
        else:
            assert answer.status_code == 422
    with api.city.home.engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM companies WHERE company_id LIKE 'P-%'"))
        assert found.scalar() == len(model)


@pytest.fixture
def shared(own_city: MAKE) -> tuple[Machine, dict[str, Any]]:
    """One machine for all examples, and what it was told by key."""
    return machine(own_city()), {}


def test_posts_at_the_same_time_lose_and_double_nothing(both: City) -> None:
    machines = [machine(both) for _ in range(4)]
    told: list[tuple[int, ...]] = []

    def send(at: int) -> None:
        for n in range(3):
            body = [{"company_id": f"S{n}", "name": "same"}, {"company_id": f"M{at}-{n}", "name": "mine"}]
            told.append(counts(machines[at].post("companies", body)))

    before = kept(both, "companies")
    threads = [threading.Thread(target=send, args=(at,)) for at in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    # 3 rows all of them send, and 3 of each one's own.
    assert kept(both, "companies") - before == 3 + 4 * 3
    assert sum(accepted for _, accepted, *_ in told) == 15
    assert sum(one[2] for one in told) == 9


def test_while_somebody_writes_it_says_when_to_come_again(own_city: MAKE) -> None:
    city = own_city(api=ApiLimits(wait_s=0.05))
    api = machine(city)
    from taxi_qa.store.turns import _ONE_AT_A_TIME  # noqa: PLC0415

    with _ONE_AT_A_TIME:
        answer = api.post("companies", [ROW])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert counts(api.post("companies", [ROW])) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("body", "media", "headers", "status"),
    [
        ("[]", "application/json", {}, 422),
        ("", "application/json", {}, 422),
        ("{}", "application/json", {}, 422),
        ("[1", "application/json", {}, 422),
        ("[1] 2", "application/json", {}, 422),
        ("[1]", "application/json", {}, 422),
        ("[{}{}]", "application/json", {}, 422),
        (b"[\xff]", "application/json", {}, 422),
        ("[" * 100_000, "application/json", {}, 422),
        ("a\n1\n", "text/csv", {}, 422),
        ("[{}]", "text/html", {}, 415),
        ("[{}]", "application/json", {"Content_Encoding": "br"}, 415),
        (b"\x1f\x8bnonsense", "application/json", {"Content_Encoding": "gzip"}, 422),
        (packed([ROW])[:-9], "application/json", {"Content_Encoding": "gzip"}, 422),
        ("[{}]", "application/json", {"Idempotency_Key": "a b"}, 400),
        ("[{}]", "application/json", {"Idempotency_Key": "x" * 256}, 400),
    ],
)
def test_what_cannot_be_read_is_refused_whole(
    city: City, body: str | bytes, media: str, headers: dict[str, str], status: int
) -> None:
    before = kept(city, "companies"), kept(city, "refused")
    answer = machine(city).post("companies", body, media, **headers)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert (kept(city, "companies"), kept(city, "refused")) == before


def test_a_kind_nobody_knows_is_404_and_a_parameter_400(city: City) -> None:
    api = machine(city)
    assert api.post("unicorns", [ROW]).status_code == 404
    assert api.post("companies?datum=mars", [ROW]).status_code == 400
    assert api.post("companies?kind=drivers", [ROW]).status_code == 400


def test_too_much_is_413(own_city: MAKE) -> None:
    api = machine(own_city(api=ApiLimits(body_bytes=2_000, unpacked_bytes=5_000)))
    assert api.post("companies", "[" + " " * 2_000 + "{}]").status_code == 413
    bomb = gzip.compress(b"[" + b" " * 6_000 + b"{}]")
    assert len(bomb) < 2_000
    assert api.post("companies", bomb, Content_Encoding="gzip").status_code == 413


def test_numbers_go_through_digit_for_digit() -> None:
    body = b'\xef\xbb\xbf[ {"a":\r\n 1.10,"b":1e400} ,{"a":"x\\n"}]\n'
    assert lines_of_list(body) == b'{"a":   1.10,"b":1e400}\n{"a":"x\\n"}\n'


# A server that is killed where its first delivery commits, before or right after.
KILLED = """
import os, signal, sys
from pathlib import Path
from taxi_qa.store.home import open_home
from taxi_qa.store.inbox import Delivery
from taxi_qa.web.app import create_app
from taxi_qa.web.settings import Settings

folder, url, token, when, at_ms, kind, rows = sys.argv[1:]
true = Delivery.commit

def killed(self, *arguments):
    if when == "after":
        true(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)

Delivery.commit = killed
app = create_app(open_home(Path(folder), url), Settings(now_ms=lambda: int(at_ms)))
headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
app.test_client().post(f"/api/v1/records/{kind}", data=rows, content_type="application/json", headers=headers)
"""


SENT: dict[str, list[Any]] = {
    "companies": [ROW],
    "positions": [
        {"vehicle_id": "粤TA1", "time": f"2026-09-20T08:00:{second:02d}+08:00", "lon": 113.38, "lat": 22.52}
        for second in range(0, 60, 10)
    ],
}


def stored(city: City, kind: str) -> int:
    """How many rows of a kind the home holds."""
    if kind != "positions":
        return kept(city, kind)
    here = partitions(city.home, 0, 99_999, kind="positions")
    return sum(len(fixes(city.home, day, bucket).time_ms) for day, bucket in here)


@pytest.mark.parametrize(("when", "kind"), [("before", "positions"), ("after", "companies")])
def test_killed_before_the_answer(both: City, when: str, kind: str) -> None:
    """Whoever did not hear back sends the same again: all is there, once, and so is the answer."""
    api, body = machine(both), SENT[kind]
    told = (
        str(both.home.path),
        both.home.url,
        api.token,
        when,
        str(both.clock()),
        kind,
        json.dumps(body, ensure_ascii=False),
    )
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *told], check=False, capture_output=True, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    rows = len(body)
    assert stored(both, kind) == (rows if when == "after" else 0)
    for _ in range(2):
        assert counts(api.post(kind, body, Idempotency_Key="k")) == (rows, rows, 0, 0, 0)
        assert stored(both, kind) == rows


def test_a_post_lies_nowhere_afterwards(
    own_city: MAKE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile  # noqa: PLC0415

    place = tmp_path / "passing"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    machine(own_city()).post("companies", [ROW])
    assert list(place.iterdir()) == []
