"""The forms of a case: each step its reasons, its cost and what comes after, and nothing typed is lost."""

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from taxi_qa.review.desk import Offer
from taxi_qa.review.states import REASONS, STEPS
from taxi_qa.web import case_page
from taxi_qa.web.step_forms import REASONS_FOR
from taxi_qa.web.words import DRIVERS_REASONS
from tests.web.conftest import City, status_of, text_of, token

OwnCity = Callable[..., City]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def form_of(page: str, action: str) -> str:
    """The part of a page that is the form of one step."""
    [found] = [one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'value="{action}"' in one]
    return str(found)


def sent(client: FlaskClient, case_id: str, **form: Any) -> Any:  # noqa: ANN401 - fields of a form
    """A step as the page's form sends it, on the version the page shows."""
    seen = re.search(r'name="seen" value="(\d+)"', text_of(client, f"/cases/{case_id}"))
    told = {"seen": seen.group(1) if seen else "0", "note": "", "csrf_token": token(client, "/password")}
    answer = client.post(f"/cases/{case_id}/steps", data=told | form, content_type="multipart/form-data")
    # The client spools a large form to a file and leaves it open.
    answer.request.environ["wsgi.input"].close()
    return answer


def test_every_step_of_a_person_has_reasons_people_know() -> None:
    of_people = {step.action for step in STEPS if step.role != "machine"}
    assert set(REASONS_FOR) == of_people
    assert {code for codes in REASONS_FOR.values() for code in codes} == set(REASONS)
    assert set(DRIVERS_REASONS) == {*REASONS_FOR["answer"], *REASONS_FOR["appeal"]}
    assert {action for may in case_page.MAY.values() for action in may} == of_people


def test_each_form_has_only_reasons_that_make_sense(city: City) -> None:
    page = text_of(city.client("reviewer"), f"/cases/{city.cases['d1 lead']}")
    assert 'value="evidence_holds"' in form_of(page, "propose")
    assert 'value="position_drift"' not in form_of(page, "propose")
    assert 'value="evidence_holds"' not in form_of(page, "dismiss")
    assert 'value="position_drift"' in form_of(page, "dismiss")
    # That another person confirms is said before anybody proposes.
    assert "不能再由您确认" in form_of(page, "propose")


@pytest.mark.parametrize("reason", ["evidence_holds", "more_time", "found", ""])
def test_a_reason_of_another_step_is_refused(own_city: OwnCity, reason: str) -> None:
    city = own_city()
    lead = city.cases["d1 lead"]
    answer = sent(city.client("reviewer"), lead, action="dismiss", reason=reason, note="看过了")
    assert answer.status_code == 409
    assert "请选择理由" in answer.text
    assert "看过了" in form_of(answer.text, "dismiss")
    assert "看过了" not in form_of(answer.text, "propose")


def test_a_step_somebody_may_not_take_says_why_beside_its_dead_button(own_city: OwnCity) -> None:
    city = own_city()
    lead, reviewer = city.cases["d1 lead"], city.client("reviewer")
    assert sent(reviewer, lead, action="propose", reason="evidence_holds").status_code == 302
    driver = city.client("d1")
    assert sent(driver, lead, action="answer", reason="passenger_route").status_code == 302
    dead = re.findall(r"<form.*?</form>", text_of(reviewer, f"/cases/{lead}"), re.DOTALL)
    [confirm] = [one for one in dead if ">确认</button>" in one]
    assert "您已在本案中作过决定" in confirm
    assert 'disabled aria-describedby="why-confirm"' in confirm
    assert "您已在本案中作过决定" not in text_of(city.client("inspector"), f"/cases/{lead}")


def test_a_driver_gets_a_receipt_with_words_and_digests(own_city: OwnCity) -> None:
    city = own_city()
    case_id, driver = city.cases["d1 told"], city.client("d1")
    answer = sent(
        driver,
        case_id,
        action="answer",
        reason="passenger_route",
        note="乘客要接人",
        files=(BytesIO(PNG), "现场.png"),
    )
    address = answer.headers["Location"]
    assert re.fullmatch(rf"/cases/{case_id}/receipts/\d+", address)
    receipt = text_of(driver, address)
    for told in (case_id, "乘客要接人", "乘客要求这样走", "现场.png", hashlib.sha256(PNG).hexdigest()):
        assert told in receipt, told
    assert address in text_of(driver, f"/cases/{case_id}")
    assert status_of(driver, f"/cases/{case_id}/receipts/1") == 404
    for stranger in ("d2", "m2"):
        assert status_of(city.client(stranger), address) == 404
    assert status_of(city.client("m1"), address) == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<html>", "只收 JPEG、PNG 照片"), (PNG + b"0" * 30_000_000, "文件太大"), (b"", "只收 JPEG、PNG 照片")],
    ids=["page", "large", "empty"],
)
def test_a_file_that_is_not_taken_leaves_the_words_in_the_form(
    own_city: OwnCity, content: bytes, said: str
) -> None:
    city = own_city(upload_bytes=40_000_000)
    client, case_id = city.client("d1"), city.cases["d1 told"]
    form = {
        "action": "answer", "reason": "medical", "note": "乘客昏倒了", "accepts": "yes",
        "files": (BytesIO(content), "证据.png"),
    }  # fmt: skip
    answer = sent(client, case_id, **form)
    assert answer.status_code == 409
    assert "证据.png" in answer.text
    assert said in answer.text
    again = form_of(answer.text, "answer")
    assert "乘客昏倒了" in again
    assert '<option value="medical" selected>' in again
    assert 'value="yes" checked' in again
    # Nothing was answered: the case waits for him as before.
    assert "尚无。沉默不等于承认" in answer.text


def test_too_many_files_are_refused_in_words(own_city: OwnCity) -> None:
    city = own_city()
    files = [(BytesIO(PNG + bytes([n])), f"{n}.png") for n in range(30)]
    answer = sent(
        city.client("d1"), city.cases["d1 told"], action="answer", reason="medical", note="说明", files=files
    )
    assert answer.status_code == 409
    assert "附件太多" in answer.text
    assert "说明" in form_of(answer.text, "answer")


def test_words_for_a_step_that_is_gone_are_shown_not_lost(own_city: OwnCity) -> None:
    city = own_city()
    lead, reviewer = city.cases["d1 lead"], city.client("reviewer")
    assert sent(city.client("inspector"), lead, action="propose", reason="evidence_holds").status_code == 302
    answer = sent(reviewer, lead, action="propose", reason="evidence_holds", note="我核对过视频", seen="2")
    assert answer.status_code == 409
    assert "我核对过视频" in answer.text
    assert "您没有提交的内容" in answer.text


def test_a_case_that_can_cost_nothing_says_why_not_what_it_would_cost(own_city: OwnCity) -> None:
    city = own_city()
    lead = city.cases["d1 lead"]
    with city.home.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET sufficiency = 'weak' WHERE case_id = ?", (lead,))
    page = text_of(city.client("reviewer"), f"/cases/{lead}")
    assert "本案现在不能扣分：只有单一来源" in page
    assert "如经确认，本案扣" not in page


def test_what_comes_after_is_said_for_every_step(city: City) -> None:
    from taxi_qa.review.terms import terms_on  # noqa: PLC0415
    from taxi_qa.web.step_forms import step_forms  # noqa: PLC0415
    from taxi_qa.web.viewer import law  # noqa: PLC0415

    with city.app.test_request_context():
        terms = terms_on(law(), city.clock())
        for points in (0, 3):
            forms = step_forms([Offer(action, "", "") for action in REASONS_FOR], "proposed", terms, points)
            assert all(form.then for form in forms)
            # The steps that decide come first.
            assert [form.is_deciding for form in forms] == sorted(
                (form.is_deciding for form in forms), reverse=True
            )
            assert ("立即扣 3 分" in "".join(form.then for form in forms)) == bool(points)
