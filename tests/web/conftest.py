"""A small city on the web: two companies, a driver of each, and cases of both, seen through a test client."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from taxi_qa.review.gather import gather
from taxi_qa.review.zones import place_cases
from taxi_qa.runs.scoring import keep_scored, score
from taxi_qa.store import accounts
from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.store.home import Home, make_home, open_home, writing
from taxi_qa.store.scope import Scope
from taxi_qa.web import passwords
from taxi_qa.web.app import create_app
from taxi_qa.web.settings import Settings
from tests.review.desks import NOON, Hand, desk_of, found, refusal
from tests.store.making import delivery, rows, trip

# No act lies in it.
_FAR_AWAY = '{"type": "Polygon", "coordinates": [[[1, 1], [1, 2], [2, 2], [1, 1]]]}'
PASSWORD = "correct horse battery"  # noqa: S105 - of people who do not exist
HASH = passwords.hashed(PASSWORD)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
# Who there is: name -> role and what it is of.
PEOPLE: dict[str, dict[str, Any]] = {
    "d1": {"role": "driver", "driver_id": "D1"},
    "d2": {"role": "driver", "driver_id": "D2"},
    "m1": {"role": "manager", "company_id": "C1"},
    "m2": {"role": "manager", "company_id": "C2"},
    "inspector": {"role": "inspector"},
    "inspector-hub": {"role": "inspector", "zone_ids": ("HUB1",)},
    "reviewer": {"role": "reviewer"},
    "appeals": {"role": "appeal_reviewer"},
    "admin": {"role": "administrator"},
    "auditor": {"role": "auditor"},
}


class Clock:
    """The moment it is; tests move it on."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        return self.at_ms


@dataclass
class City:
    """The web of the small city.

    Attributes:
        home: its data.
        clock: what time it is there.
        cases: case ids by what they are.
        settings: further settings.
    """

    home: Home
    clock: Clock
    cases: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = create_app(self.home, Settings(now_ms=self.clock, **self.settings))
        self.app.testing = True

    def client(self, name: str = "") -> FlaskClient:
        """A browser; signed in where a name is given, without the fifth of a second a hash takes."""
        client = self.app.test_client()
        if name:
            who = accounts.named(self.home, name)
            with client.session_transaction() as session:
                session["_user_id"] = f"{who.account_id}:{who.stamp}"
                session["began_ms"] = session["seen_ms"] = self.clock()
                session["language"] = who.language or "zh"
        return client

    def signed_in(self, name: str) -> FlaskClient:
        """The same by the sign-in page."""
        client = self.app.test_client()
        answer = post(client, "/sign-in", {"name": name, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        return client


def status_of(client: FlaskClient, address: str) -> int:
    """How a page answers; its body is let go."""
    with client.get(address) as answer:
        return int(answer.status_code)


def text_of(client: FlaskClient, address: str) -> str:
    """The body of a page, without the tokens of its forms: anything may stand in a random word."""
    with client.get(address) as answer:
        return _TOKEN.sub('name="csrf_token"', answer.get_data(as_text=True))


def token(client: FlaskClient, address: str = "/sign-in") -> str:
    """The token of a form of that page."""
    answer = client.get(address, follow_redirects=True)
    match = _TOKEN.search(answer.text)
    assert match, answer.text
    return match.group(1)


def post(client: FlaskClient, address: str, form: dict[str, Any], *, page: str = "/sign-in") -> Any:  # noqa: ANN401
    """Send a form as its page would."""
    return client.post(address, data={**form, "csrf_token": token(client, page)})


def make_city(folder: Path, url: str | None = None, **settings: Any) -> City:  # noqa: ANN401 - fields of the settings
    """The small city in a folder of its own."""
    home = make_home(folder / "home", url, buckets=2)
    register = [
        {"driver_id": f"D{n}", "name": f"驾驶员{n}", "company_id": f"C{n}", "registered_from_day": 15_000}
        for n in (1, 2)
    ]
    with writing(home), delivery(home, kind="drivers", sha256="drivers") as going_in:
        going_in.add_records("drivers", rows("drivers", *register))
        going_in.commit()
    cars = [{"vehicle_id": name, "company_id": f"C{n}"} for n, name in ((1, "粤TA1"), (2, "粤TB2"))]
    trips = [
        trip(f"T{n}", vehicle_id=str(car["vehicle_id"]), driver_id=f"D{n}", boarded_ms=NOON)
        for n, car in enumerate(cars, 1)
    ]
    hubs = [{"zone_id": f"HUB{n}", "name": f"枢纽{n}", "kind": "hub", "geometry": _FAR_AWAY} for n in (1, 2)]
    complaints = [
        {"complaint_id": f"K{n}", "received_ms": NOON, "category": "other", "vehicle_id": car["vehicle_id"],
         "trip_id": f"T{n}", "closed_ms": NOON + 60_000, "outcome": "unfounded"}
        for n, car in enumerate(cars, 1)
    ]  # fmt: skip
    told = {"vehicles": cars, "trips": trips, "zones": hubs, "complaints": complaints}
    for kind, records in told.items():
        with writing(home), delivery(home, kind=kind, sha256=kind) as going_in:
            going_in.add_records(kind, rows(kind, *records))
            going_in.commit()
    minute = 60_000
    found(
        home,
        *(
            refusal(
                f"act {number}",
                driver_id=driver,
                company_id=company,
                vehicle_id=car,
                start_ms=NOON + number * minute * 60,
                end_ms=NOON + number * minute * 60 + minute,
            )
            for number, (driver, company, car) in enumerate(
                [("D1", "C1", "粤TA1"), ("D1", "C1", "粤TA1"), ("D2", "C2", "粤TB2"), ("D2", "C2", "粤TB2")]
            )
        ),
    )
    desk = desk_of(home)
    gather(desk, NOON, {})
    place_cases(home)
    frame, _total = page(home, CASES, Scope(whole_city=True).cases(), Wanted(sort="start_ms"))
    ids = frame["case_id"].tolist()
    cases = {"d1 told": ids[0], "d1 lead": ids[1], "d2 told": ids[2], "d2 lead": ids[3]}
    for name in ("d1 told", "d2 told"):
        Hand(desk, cases[name])("propose", "somebody")
    for name, who in PEOPLE.items():
        accounts.add(home, accounts.NewAccount(name=name, **who), HASH, NOON, must_change=False)
    clock = Clock(NOON + 3_600_000)
    keep_scored(home, score(home, as_of_day=clock() // 86_400_000, now_ms=clock()), clock())
    return City(home, clock, cases, settings)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One for all tests: none of them may change a case."""
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.home.engine.dispose()


@pytest.fixture
def own_city(city: City, tmp_path: Path) -> Iterator[Callable[..., City]]:
    """A city of this test's own, a copy of that of all; settings by name."""
    made: list[City] = []

    def make(**settings: Any) -> City:  # noqa: ANN401
        folder = tmp_path / str(len(made))
        folder.mkdir()
        # What the log of the database holds goes into its file first.
        with city.home.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(city.home.path, folder / "home")
        made.append(City(open_home(folder / "home"), Clock(NOON + 3_600_000), city.cases, settings))
        return made[-1]

    yield make
    for one in made:
        one.home.engine.dispose()


# --- a real browser ----------------------------------------------------------------------------------


def chromium_path() -> str:
    """Where a Chromium is, "" where there is none; `TAXI_QA_CHROMIUM` decides."""
    named = os.environ.get("TAXI_QA_CHROMIUM", "")
    return named or next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        "",
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One real browser for all tests of a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium_path()
    if not path:
        pytest.skip("no Chromium on this machine; TAXI_QA_CHROMIUM may name one")
    with playwright.sync_playwright() as driver:
        # Tests may run as root, for whom Chromium has no sandbox; they open only pages of their own.
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def live(city: City) -> Iterator[str]:
    """The web of a city on a real socket; gives its address."""
    server = make_server("127.0.0.1", 0, city.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
