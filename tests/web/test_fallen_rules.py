"""A rule that has fallen back to trial is a lead wherever a page tells a stage; when and why, too."""

from collections.abc import Callable

from taxi_qa.review.gather import gather
from taxi_qa.store.browse import CASES, Wanted, page
from taxi_qa.store.scope import Scope
from tests.review.desks import NOON, Hand, desk_of, found, refusal
from tests.web.conftest import City, text_of

RULE = "service.refusal"
TRIAL = '<span class="tag trial">'


def test_a_rule_that_has_fallen_is_a_lead_on_every_page(own_city: Callable[..., City]) -> None:
    city = own_city()
    found(
        city.home,
        *(
            refusal(
                f"later {n}", driver_id=f"D{100 + n}", vehicle_id=f"V{n}", trip_id=f"X{n}",
                start_ms=NOON + n, end_ms=NOON + n,
            )
            for n in range(21)
        ),
        run="run 2",
    )  # fmt: skip
    desk = desk_of(city.home)
    gather(desk, NOON, {})
    waiting = Wanted(equal={"state": ("queued",)}, sort="start_ms")
    frame, _total = page(city.home, CASES, Scope(whole_city=True).cases(), waiting)
    last, *others = frame["case_id"].tolist()
    reviewer = city.client("reviewer")
    addresses = ("/cases?state=queued", f"/cases/{last}", "/rules", f"/rules/{RULE}")
    before = {address: text_of(reviewer, address) for address in addresses}
    assert not any("退回试行" in text for text in before.values())
    assert TRIAL not in before["/cases?state=queued"]
    for case_id in others[:20]:
        Hand(desk, case_id)("dismiss", "Li", "position_drift")
    # What was counted is kept for some seconds.
    city.clock.at_ms += 60_000
    after = {address: text_of(reviewer, address) for address in addresses}
    for address in addresses[1:]:
        assert "2026-09-21 起退回试行（最近 20 次复核中成立 0 次）" in after[address], address
    assert TRIAL in after["/cases?state=queued"]
    assert TRIAL in after[f"/cases/{last}"]
    assert "稳定规则" in before[f"/cases/{last}"]
    assert "稳定规则" not in after[f"/cases/{last}"]
    assert TRIAL in after[f"/rules/{RULE}"]
    with reviewer.session_transaction() as session:
        session["language"] = "en"
    english = text_of(reviewer, f"/rules/{RULE}")
    assert "fell back to trial on 2026-09-21 (0 of its last 20 reviews held)" in english
    with reviewer.session_transaction() as session:
        session["language"] = "zh"
    # Whoever asks for leads gets it, and whoever asks for firm ones does not.
    assert last in text_of(reviewer, "/cases?stage=trial")
    assert last not in text_of(reviewer, "/cases?stage=stable")
    assert last in text_of(reviewer, "/cases?stage=trial&stage=stable")
    table = text_of(reviewer, "/cases.csv?state=queued")
    assert "试行" in table
    assert "正式" not in table
