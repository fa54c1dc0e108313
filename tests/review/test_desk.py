from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from taxi_qa.review.deadlines import run_due
from taxi_qa.review.desk import Words, step
from taxi_qa.review.gather import gather
from taxi_qa.review.states import Actor, Ask, RefusedError
from taxi_qa.store.desk import NoCaseError, StaleError, answers, cases, events, kept_case
from taxi_qa.store.engine import transaction
from taxi_qa.store.evidence import EvidenceError, path_of
from taxi_qa.store.home import Home
from taxi_qa.store.ledger import entries, verify
from taxi_qa.values.clock import MS_PER_DAY
from tests.review.desks import NOON, Hand, desk_of, found, opened, refusal

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_a_case_goes_to_the_ledger_and_back_by_appeal(home: Home) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    hand("propose", "Li")
    assert entries(home).empty
    hand("answer", "D1", "passenger_route")
    hand("confirm", "Wang")
    [entry] = entries(home).to_dict("records")
    assert (entry["driver_id"], entry["points"], entry["decider"]) == ("D1", -3, "Wang")
    hand("appeal", "D1", "passenger_route")
    hand("uphold", "Zhao", days=100 / 86_400)
    both = entries(home)
    assert both["points"].tolist() == [-3, 3]
    assert both["act_day"].nunique() == 1, "it comes back in the cycle it cost"
    assert both["reverses"].tolist()[1] == both["entry_id"].tolist()[0]
    assert both["decider"].tolist() == ["Wang", "Zhao"]
    assert verify(home) is None
    assert hand.state == "reversed"


def test_a_rejected_appeal_leaves_the_ledger_as_it_is(home: Home) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    for action, who in (("propose", "Li"), ("answer", "D1"), ("confirm", "Wang"), ("appeal", "D1")):
        hand(action, who)
    hand("reject", "Zhao")
    assert hand.state == "upheld"
    assert entries(home)["points"].tolist() == [-3]


def test_a_stale_page_is_refused_and_changes_nothing(home: Home) -> None:
    desk, case_id = opened(home)
    Hand(desk, case_id)("quarantine", "Li", "wrong_limit")
    ask = Ask("release", Actor("Wang", "reviewer"), NOON + 5000, "cause_mended")
    with pytest.raises(StaleError, match="version 3, not 2"):
        step(desk, case_id, ask, 2)
    assert Hand(desk, case_id).state == "quarantined"
    with pytest.raises(NoCaseError):
        step(desk, "nothing", ask, 1)


def test_silence_only_moves_on_and_time_ends_in_the_drivers_favour(home: Home) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    hand("propose", "Li")
    assert run_due(desk, hand.at_ms + 10 * MS_PER_DAY) == {}, "ten days to answer, to the instant"
    assert run_due(desk, hand.at_ms + 10 * MS_PER_DAY + 1) == {"proposed -> second_review": 1}
    later = hand.at_ms + 10 * MS_PER_DAY + 1
    assert run_due(desk, later) == {}
    assert run_due(desk, later + 15 * MS_PER_DAY + 1) == {"second_review -> expired": 1}
    assert entries(home).empty


def test_an_extension_gives_ten_days_more(home: Home) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    hand("extend", "Li", "more_time")
    # Fifteen days for the first review, and ten.
    assert run_due(desk, NOON + 25 * MS_PER_DAY) == {}
    assert run_due(desk, NOON + 25 * MS_PER_DAY + 1) == {"queued -> expired": 1}


def test_an_appeal_nobody_decides_gives_the_points_back(home: Home) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    for action, who in (("propose", "Li"), ("answer", "D1"), ("confirm", "Wang"), ("appeal", "D1")):
        hand(action, who)
    assert run_due(desk, hand.at_ms + 20 * MS_PER_DAY + 1) == {"appealed -> reversed": 1}
    assert entries(home)["points"].sum() == 0


def test_ten_points_go_to_second_review_even_if_admitted(home: Home) -> None:
    desk, case_id = opened(home, points=-10)
    hand = Hand(desk, case_id)
    hand("propose", "Li")
    hand("answer", "D1", "admitted", accepts=True)
    assert hand.state == "second_review"


def test_an_answer_keeps_its_words_and_files(home: Home, tmp_path: Path) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    hand("propose", "Li")
    picture = tmp_path / "照片.png"
    picture.write_bytes(PNG)
    hand("answer", "D1", "passenger_route", words=Words("乘客要求走滨江路", (picture, picture)))
    with home.engine.connect() as connection:
        [said] = answers(connection, case_id)
    assert (said["text"], said["kind"], said["version"]) == ("乘客要求走滨江路", "answer", 4)
    [file] = said["files"]
    assert (file["name"], file["media_type"], file["bytes"]) == ("照片.png", "image/png", 108)
    assert path_of(home, file["sha256"]).read_bytes() == PNG


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"#!/bin/sh", "neither JPEG"),
        (b"", "neither JPEG"),
        (PNG + bytes(20_000_000), "larger than 20,000,000"),
    ],
)
def test_other_files_are_refused_and_nothing_is_kept(
    home: Home, tmp_path: Path, content: bytes, words: str
) -> None:
    desk, case_id = opened(home)
    hand = Hand(desk, case_id)
    hand("propose", "Li")
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(EvidenceError, match=words):
        hand("answer", "D1", "passenger_route", words=Words("", (tmp_path / "x.png",)))
    assert hand.state == "proposed"
    assert not list((home.path / "evidence").rglob("*.*"))
    assert not list(home.staging.iterdir())


def test_history_only_grows(home: Home) -> None:
    _, case_id = opened(home)
    for statement in ("UPDATE case_events SET actor = 'me'", "DELETE FROM case_events"):
        with pytest.raises(DBAPIError, match="only grows"), transaction(home.engine) as connection:
            connection.execute(text(statement))
    with home.engine.connect() as connection:
        assert events(connection, case_id)["action"].tolist() == ["open", "queue"]


def test_a_state_its_history_does_not_explain_is_refused(home: Home) -> None:
    desk, case_id = opened(home)
    with transaction(home.engine) as connection:
        connection.execute(text("UPDATE cases SET state = 'second_review'"))
    with pytest.raises(RefusedError, match="otherwise than its history"):
        Hand(desk, case_id)("confirm", "Wang")
    assert entries(home).empty


def test_gathering_twice_changes_nothing(home: Home) -> None:
    desk, _ = opened(home)
    assert gather(desk, NOON + 1, {}) == {}


def test_a_later_finding_joins_and_a_withdrawn_one_leaves(home: Home) -> None:
    desk, case_id = opened(home)
    later = refusal("B", trip_id="A", sources="complaint")
    found(home, refusal(), later)
    assert gather(desk, NOON, {}) == {"joined": 1}
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
    assert len(one.case.finding_ids) == 2
    assert one.case.sufficiency == "strong"
    found(home, refusal(), run="run 2")
    assert gather(desk, NOON, {}) == {}
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
    assert (len(one.case.finding_ids), one.case.sufficiency) == (1, "fair")
    found(home, run="run 3")
    assert gather(desk, NOON, {}) == {"withdrawn": 1}
    assert Hand(desk, case_id).state == "dismissed"
    found(home, refusal(), run="run 4")
    assert gather(desk, NOON, {}) == {"joined": 1}
    assert cases(home)["case_id"].tolist() == [case_id]
    assert Hand(desk, case_id).state == "queued"


def test_what_people_work_on_keeps_its_rule_and_driver(home: Home) -> None:
    desk, case_id = opened(home)
    Hand(desk, case_id)("propose", "Li")
    found(home, refusal(), refusal("B", trip_id="A", start_ms=NOON - 5))
    assert gather(desk, NOON + 2000, {}) == {"joined": 1}
    with home.engine.connect() as connection:
        one = kept_case(connection, case_id)
    assert (len(one.case.finding_ids), one.case.start_ms, one.state) == (2, NOON, "proposed")


def test_an_approved_excuse_excuses_and_its_end_queues_again(home: Home) -> None:
    desk, case_id = opened(home)
    found(home, refusal(status="excused"), run="run 2")
    assert gather(desk, NOON, {}) == {"excused": 1}
    assert Hand(desk, case_id).state == "excused"
    found(home, refusal(), run="run 3")
    assert gather(desk, NOON, {}) == {"queued again": 1}


def test_leads_reach_reviewers_and_never_points(home: Home) -> None:
    found(home, refusal(stage="trial"))
    desk = desk_of(home)
    gather(desk, NOON, {})
    case_id = str(cases(home)["case_id"].iloc[0])
    with pytest.raises(RefusedError, match="never cost points"):
        Hand(desk, case_id)("propose", "Li")
    Hand(desk, case_id)("dismiss", "Li", "passenger_consent")
    assert Hand(desk, case_id).state == "dismissed"


def test_a_source_nobody_knows_holds_up_nothing(home: Home) -> None:
    found(home, refusal(sources="silence+hearsay"))
    assert gather(desk_of(home), NOON, {}) == {"opened": 1}
    assert cases(home)["sufficiency"].tolist() == ["weak"]
