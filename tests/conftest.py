"""What every test may ask for: a real PostgreSQL, started by the tests, where one is installed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

_NUMBERS = count()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A case of bytes is named by its place: bytes may hold the time, and workers must agree on names."""
    return argname if isinstance(val, bytes) else None


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest there is."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _not_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then somebody else starts it."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    return {"user": 65534, "group": 65534, "extra_groups": []}


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server of this session, without the name of a database; skips where none can be had."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL (initdb) on this machine")
    person = _not_root()
    # Not pytest's own folder: that one is closed to other users. Short: a socket's path has 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        place = Path(folder)
        if person:
            os.chown(place, person["user"], person["group"])
        data = place / "data"
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "taxi", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            capture_output=True, text=True, check=False, cwd=place, **person,
        )  # fmt: skip
        if made.returncode:
            pytest.skip(f"initdb does not run here: {made.stderr.strip().splitlines()[-1]}")
        with (place / "log").open("w") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", place, "-h", "", "-F"],
                stdout=log, stderr=log, cwd=place, **person,
            )  # fmt: skip
        try:
            _wait_for(server, place)
            yield f"postgresql://taxi@/{{name}}?host={place}"
        finally:
            server.send_signal(signal.SIGINT)  # ends at once, whoever is still connected
            server.wait(timeout=60)


def _wait_for(server: "subprocess.Popen[bytes]", place: Path) -> None:
    import psycopg  # noqa: PLC0415 - the tests run without it, too

    for _ in range(600):
        if server.poll() is not None:
            pytest.skip(f"PostgreSQL does not start here: {(place / 'log').read_text().strip()[-200:]}")
        try:
            psycopg.connect(f"host={place} user=taxi dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.skip("PostgreSQL did not answer within 30 s")


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The URL of a new, empty database."""
    import psycopg  # noqa: PLC0415

    name = f"t{next(_NUMBERS)}"
    url = postgresql_server.format(name="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql_server.format(name=name)
