"""What a form refuses is said in the reader's language, whoever of us found it wrong."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from taxi_qa.review.states import REFUSALS
from taxi_qa.web import inspections, refusals, words
from tests.web.conftest import City, text_of, token

Cities = Callable[..., City]
NUMBER = "web-00000000000000aa"
CHINESE = re.compile("[\u4e00-\u9fff]")
# Words of a programmer, not of the page.
INSIDE = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}")
FORMS: dict[str, dict[str, object]] = {
    "nothing": {"vehicle": "粤TA1", "clean_vehicle": "not checked"},
    "items": {"vehicle": "粤TA1", "clean_vehicle": "well"},
    "no_plate": {"vehicle": " ", "clean_vehicle": "pass"},
    "name": {"vehicle": "粤" * 65, "clean_vehicle": "pass"},
    "zone": {"vehicle": "粤TA1", "clean_vehicle": "pass", "zone": "NOWHERE"},
    "note_long": {"vehicle": "粤TA1", "clean_vehicle": "pass", "note": "x" * 1_001},
}
ACCOUNTS = {
    "taken": {"name": "d1", "role": "reviewer"},
    "name": {"name": "", "role": "reviewer"},
    "role": {"name": "new", "role": "king"},
    "driver_id": {"name": "new", "role": "driver"},
    "company_id": {"name": "new", "role": "reviewer", "company_id": "C1"},
    "zones": {"name": "new", "role": "reviewer", "zone_ids": "HUB1"},
}


def _flash(text: str) -> str:
    found = re.search(r'class="flash refused"[^>]*>([^<]+)<', text)
    assert found, text
    return found.group(1)


def _speaks(client: FlaskClient, language: str) -> None:
    with client.session_transaction() as session:
        session["language"] = language


def _in_its_language(flash: str, language: str) -> bool:
    named = re.sub(r"\S+\.png", "", flash)
    return not (CHINESE if language == "en" else INSIDE).search(named)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", FORMS)
def test_an_inspection(city: City, code: str, language: str) -> None:
    client = city.client("inspector")
    _speaks(client, language)
    form = {"id": NUMBER, **FORMS[code], "csrf_token": token(client, "/password")}
    answer = client.post("/inspections", data=form, content_type="multipart/form-data")
    flash = _flash(answer.text)
    assert _in_its_language(flash, language), flash
    with city.app.test_request_context():
        known = str(words.INSPECTION_REFUSALS[code])
    assert language == "en" or known in flash


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("sent", [b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100], ids=["kind", "large"])
def test_a_photo(city: City, monkeypatch: pytest.MonkeyPatch, sent: bytes, language: str) -> None:
    # Photos as large as the limit of every day would make the test slow.
    monkeypatch.setattr(inspections, "_PHOTO_BYTES", 99)
    client = city.client("inspector")
    _speaks(client, language)
    form = {
        "id": NUMBER, "vehicle": "粤TA1", "clean_vehicle": "pass", "photos": (BytesIO(sent), "seat.png"),
        "csrf_token": token(client, "/password"),
    }  # fmt: skip
    with client.post("/inspections", data=form, content_type="multipart/form-data") as answer:
        flash = _flash(answer.get_data(as_text=True))
    assert _in_its_language(flash, language), flash


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", ACCOUNTS)
def test_an_account(city: City, code: str, language: str) -> None:
    client = city.client("admin")
    _speaks(client, language)
    form = {**ACCOUNTS[code], "csrf_token": token(client, "/password")}
    assert client.post("/admin/accounts", data=form).status_code == 302
    flash = _flash(text_of(client, "/admin/accounts"))
    assert _in_its_language(flash, language), flash
    with city.app.test_request_context():
        known = str(refusals.ACCOUNT_REFUSALS[code])
    assert language == "en" or known in flash


def test_every_refusal_of_the_desk_has_its_words() -> None:
    assert set(refusals.REFUSALS) == set(REFUSALS)
