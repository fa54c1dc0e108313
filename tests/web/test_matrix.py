"""Every page as every role and as nobody, with one's own objects and other people's: no hole.

What is expected is written down here by hand, page by page; a page that is not here fails the test.
"""

from typing import Any

import pytest

from tests.web.conftest import City, status_of, text_of, token

OFFICE = {"inspector", "reviewer", "appeals", "admin", "auditor"}
EVERYBODY = {"d1", "m1", "inspector-hub", *OFFICE}
# Endpoint -> who gets the page of something in company C1 (or of nothing in particular).
SEES = {
    "start.start": EVERYBODY,
    "cases.listed": EVERYBODY,
    "cases.listed_file": EVERYBODY,
    "case_page.shown": {"d1", "m1", *OFFICE},
    "case_page.paper": {"d1", "m1", *OFFICE},
    "case_page.track": {"d1", "m1", *OFFICE},
    "case_page.evidence": set(),  # nobody sent a file
    "case_page.device_media": set(),  # no camera sent one; whose it is is asked in its own test
    "case_page.receipt": set(),  # nobody answered; whose it is is asked in its own test
    "queue.shown": {"inspector", "inspector-hub", "reviewer", "appeals", "auditor"},
    "drivers.listed": EVERYBODY - {"d1"},
    "drivers.listed_file": EVERYBODY - {"d1"},
    "drivers.shown": {"d1", "m1", *OFFICE},
    "drivers.paper": {"d1", "m1", *OFFICE},
    "hub_luck.mine": {"d1"},
    "hub_luck.shown": {"m1", *OFFICE},
    "coaching.listed": EVERYBODY - {"d1"},
    "coaching.listed_file": EVERYBODY - {"d1"},
    "company.shown": EVERYBODY - {"d1"},
    "company.weeks_file": {"m1", *OFFICE},
    "vehicles.listed": EVERYBODY - {"d1"},
    "vehicles.listed_file": EVERYBODY - {"d1"},
    "sla.shown": EVERYBODY - {"d1"},
    "sla.shown_file": EVERYBODY - {"d1"},
    "complaints.listed": EVERYBODY - {"d1"},
    "complaints.listed_file": EVERYBODY - {"d1"},
    "complaint_page.shown": {"m1", *OFFICE},
    "complaint_page.paper": {"m1", *OFFICE},
    "texts.rules": EVERYBODY,
    "texts.rules_file": EVERYBODY,
    "texts.rule": EVERYBODY,
    "texts.numbers": EVERYBODY,
    "texts.numbers_file": EVERYBODY,
    "texts.number": EVERYBODY,
    "texts.pledge": EVERYBODY,
    "texts.pledge_file": EVERYBODY,
    "lookup.found": EVERYBODY - {"d1"},
    "zones.listed": EVERYBODY - {"d1", "m1"},
    "zones.shown": EVERYBODY - {"d1", "m1"},
    "lookup.plates": EVERYBODY - {"d1"},
    "inspections.listed": {"inspector", "inspector-hub", "auditor"},
    "inspections.listed_file": {"inspector", "inspector-hub", "auditor"},
    "zones.events": EVERYBODY - {"d1", "m1"},
    "zones.turns_file": set(),  # no day was worked out; whose it is is asked in its own test
    "inspections.new": {"inspector", "inspector-hub", "auditor"},
    "inspections.photo": set(),  # nobody filed one; whose it is is asked in its own test
    "lookup.shown": {"m1", "inspector-hub", *OFFICE},
    "lookup.trips_file": {"m1", "inspector-hub", *OFFICE},
    "trips.shown": {"m1", "inspector-hub", *OFFICE},
    "trips.tariff": EVERYBODY,
    "admin.listed": {"admin", "auditor"},
    "admin.listed_file": {"admin", "auditor"},
    "admin.access": {"admin", "auditor"},
    "admin.access_file": {"admin", "auditor"},
    "sign_in.password": EVERYBODY,
}
# The same of something in company C2: whoever is of one company, or one driver, sees nothing of it.
FOREIGN = {
    "company.weeks_file": OFFICE,
    "case_page.shown": OFFICE,
    "case_page.paper": OFFICE,
    "case_page.track": OFFICE,
    "case_page.evidence": set(),
    "case_page.device_media": set(),
    "case_page.receipt": set(),
    "drivers.shown": OFFICE,
    "drivers.paper": OFFICE,
    "hub_luck.shown": OFFICE,
    # Inspectors look up any car on the street.
    "lookup.shown": {"inspector-hub", *OFFICE},
    "lookup.trips_file": {"inspector-hub", *OFFICE},
    "trips.shown": {"inspector-hub", *OFFICE},
    "zones.shown": OFFICE,
    "zones.turns_file": set(),
    "zones.events": OFFICE,
    "complaint_page.shown": OFFICE,
    "complaint_page.paper": OFFICE,
}
OF_THE_OFFICE = {
    "hub_luck.shown", "lookup.shown", "lookup.trips_file", "trips.shown", "zones.shown",
    "zones.turns_file", "zones.events", "complaint_page.shown", "complaint_page.paper",
    "company.weeks_file",
}  # fmt: skip
PUBLIC = {"sign_in.enter", "health.health", "health.metrics", "static", "api.openapi", "api.words"}
# What machines ask for, with a token; which token may is asked in tests/web/api/test_entry.py.
MACHINES = {
    "records.posted", "reads.findings", "reads.cases", "reads.case", "reads.scores", "reads.score",
    "reads.rules", "hooks.listed",
}  # fmt: skip
# What changes something, and who may; tested below, and where it is done.
CHANGES = {
    "inspections.filed", "inspections.undone",
    "sign_in.enter_with", "sign_in.leave", "sign_in.language", "case_page.stepped", "admin.add",
    "admin.change",
}  # fmt: skip
NAMES = sorted(EVERYBODY | {"d2", "m2"})


def addresses(city: City, endpoint: str, company: int) -> str:
    """The address of an endpoint with objects of a company."""
    values = {
        "case_id": city.cases[f"d{company} told"], "driver_id": f"D{company}", "kind": "csv",
        "sha256": "0" * 64, "version": 1, "zone_id": f"HUB{company}", "inspection_id": "web-0000000000000000",
        "vehicle_id": f"粤T{'AB'[company - 1]}{company}", "trip_id": f"T{company}",
        "complaint_id": f"K{company}", "company_id": f"C{company}",
        "name": "service.refusal", "path": "credit.base",
    }  # fmt: skip
    [rule] = [
        one
        for one in city.app.url_map.iter_rules()
        if one.endpoint == endpoint and "GET" in (one.methods or ())
    ]
    with city.app.test_request_context():
        named: dict[str, Any] = {name: values[name] for name in rule.arguments}
        return str(city.app.url_for(endpoint, **named))


def test_every_endpoint_is_written_down(city: City) -> None:
    known = set(SEES) | PUBLIC | CHANGES | MACHINES
    assert set(city.app.view_functions) == known


@pytest.mark.parametrize("name", NAMES)
def test_own_objects(city: City, name: str) -> None:
    client = city.client(name)
    for endpoint, sees in SEES.items():
        mine = 2 if name in ("d2", "m2") else 1
        seen = {*sees, *({"d2"} if "d1" in sees else ()), *({"m2"} if "m1" in sees else ())}
        status = status_of(client, addresses(city, endpoint, mine))
        expected = {200} if name in seen else {403, 404}
        assert status in expected, (name, endpoint, status)


@pytest.mark.parametrize("name", NAMES)
def test_foreign_objects(city: City, name: str) -> None:
    client = city.client(name)
    theirs = 1 if name in ("d2", "m2") else 2
    for endpoint, sees in FOREIGN.items():
        status = status_of(client, addresses(city, endpoint, theirs))
        # Some are turned away from the office's pages before anybody looks what they would hold.
        hidden = {403, 404} if endpoint in OF_THE_OFFICE else {404}
        assert status in ({200} if name in sees else hidden), (name, endpoint, status)


def test_nobody_sees_anything(city: City) -> None:
    client = city.client()
    for endpoint in SEES:
        answer = client.get(addresses(city, endpoint, 1))
        assert answer.status_code == 302, endpoint
        assert answer.headers["Location"].startswith("/sign-in?next="), endpoint


@pytest.mark.parametrize("name", NAMES)
def test_lists_hold_nothing_foreign(city: City, name: str) -> None:
    client = city.client(name)
    own, theirs = ("2", "1") if name in ("d2", "m2") else ("1", "2")
    sees_all = name in OFFICE
    for address in (
        "/",
        "/cases",
        "/cases.csv",
        "/drivers",
        "/drivers.csv",
        "/cases?q=D",
        "/cases?sort=-start_ms",
    ):
        text = text_of(client, address)
        assert (f"粤T{'AB'[int(theirs) - 1]}{theirs}" in text) <= sees_all, (name, address)
        assert (f"驾驶员{theirs}" in text) <= sees_all, (name, address)
        if address == "/cases" and name != "inspector-hub":
            assert city.cases[f"d{own} told"] in text


def test_a_driver_sees_no_lead_nobody_proposed(city: City) -> None:
    client = city.client("d1")
    assert city.cases["d1 lead"] not in text_of(client, "/cases")
    assert status_of(client, f"/cases/{city.cases['d1 lead']}") == 404
    assert status_of(client, f"/cases/{city.cases['d1 lead']}/case.pdf") == 404


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"admin"}))
def test_only_an_administrator_makes_accounts(city: City, name: str) -> None:
    client = city.client(name)
    form = {"name": "new", "role": "administrator", "csrf_token": token(client, "/password")}
    assert client.post("/admin/accounts", data=form).status_code == 403


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_refused_to_whoever_may_not_take_them(city: City, name: str) -> None:
    client, case_id = city.client(name), city.cases["d1 told"]
    taken = {
        "d1": {"answer", "appeal"},
        "inspector": {"dismiss", "propose", "confirm", "quarantine", "release", "extend"},
        "reviewer": {"dismiss", "propose", "confirm", "quarantine", "release", "extend"},
        "appeals": {"uphold", "reject", "extend"},
    }.get(name, set())
    for action in (
        "answer",
        "appeal",
        "dismiss",
        "propose",
        "confirm",
        "uphold",
        "reject",
        "open",
        "expire",
        "",
    ):
        if action in taken:
            continue
        # `seen` is no version there ever was: nothing is changed even where a hole were.
        form = {
            "action": action,
            "seen": "999",
            "reason": "evidence_holds",
            "csrf_token": token(client, "/password"),
        }
        assert client.post(f"/cases/{case_id}/steps", data=form).status_code in {403, 404}, (name, action)


def test_without_its_token_no_form_is_taken(city: City) -> None:
    client = city.client("admin")
    for address in ("/sign-out", "/language", "/admin/accounts", "/sign-in", "/password"):
        assert client.post(address, data={"name": "x"}).status_code == 400, address
