"""The API as it is served: several processes, one database, everybody posts at once."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from taxi_qa.store import api_tokens
from taxi_qa.store.accounts import NewAccount, add, named
from taxi_qa.store.home import Home, make_home, open_home
from taxi_qa.store.library import records

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn serves where processes can fork")

POSTS, ROWS = 12, 50
NOW_MS = 1_790_000_000_000


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(home: Home) -> Iterator[str]:
    """`taxi-qa serve` with two processes; gives the address of its API."""
    port = free_port()
    call = [sys.executable, "-m", "taxi_qa", "serve", "--home", str(home.path), "--port", str(port)]
    call += ["--workers", "2", *(("--database", home.url) if home.url else ())]
    with subprocess.Popen(call, env=os.environ, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/api/v1"
        finally:
            process.terminate()
            process.wait(30)


def asked(address: str, token: str, body: object = None, key: str = "") -> tuple[int, dict[str, object]]:
    """A request with a token; posts where there is a body."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    data = None if body is None else json.dumps(body).encode()
    told = urllib.request.Request(address, data, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(told, timeout=60) as answer:  # noqa: S310 - the same
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def trips_of(post: int) -> list[dict[str, object]]:
    return [
        {"trip_id": f"T{post}-{row}", "vehicle_id": f"V{row % 7}", "boarded_at": "2026-09-01T08:00:00+08:00",
         "alighted_at": "2026-09-01T08:20:00+08:00", "metered_km": 5, "fare_yuan": 20}
        for row in range(ROWS)
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_many_post_at_once_is_kept_once(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else None
    home = make_home(tmp_path / "home", url, city="guangzhou")
    add(home, NewAccount(name="admin", role="administrator"), "x", NOW_MS, must_change=False)
    now_ms = int(Path(home.path / "home.json").stat().st_mtime * 1000)
    token = api_tokens.make_token(
        home, "machine", named(home, "admin"), ("ingest", "read:findings"), days=1, now_ms=now_ms
    )
    home.engine.dispose()
    with served(home) as api, ThreadPoolExecutor(4) as crew:
        # Each post twice under its key, as a client does that did not hear the answer.
        twice = [post for post in range(POSTS) for _again in range(2)]
        told = list(
            crew.map(lambda post: asked(f"{api}/records/trips", token, trips_of(post), f"key-{post}"), twice)
        )
        assert Counter(status for status, _ in told) == {200: 2 * POSTS}, told[0]
        for first, second in zip(told[::2], told[1::2], strict=True):
            assert first == second
            assert first[1]["accepted"] == ROWS
        status, refused = asked(f"{api}/records/trips", token, [{"trip_id": "T"}])
        assert status == 422, refused
        assert asked(f"{api}/rules", token)[0] == 200
        assert asked(f"{api}/rules", "nobody's")[0] == 401
    opened = open_home(home.path, url)
    assert len(records(opened, "trips")) == POSTS * ROWS
    opened.engine.dispose()
