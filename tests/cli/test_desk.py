"""`taxi-qa desk`, `review` and `appeal`: from a record to the ledger and back, as a person does it."""

import json
from pathlib import Path
from typing import Any

import pytest

from taxi_qa.cli.command import now_ms
from taxi_qa.store.home import open_home
from taxi_qa.store.ledger import entries
from tests.cli.conftest import Call

# Of 2016, when the law quotes what a forged licence costs: ten points.
RECORDS = """record_id,driver_id,at,kind,document_no
R1,D1,2016-08-01 10:00,licence_forged,穗交罚〔2016〕1号
R2,D2,2016-08-01 11:00,licence_forged,穗交罚〔2016〕2号
"""
DAYS = ("--from", "2016-08-01", "--to", "2016-08-01")


@pytest.fixture
def judged(home: Path, tmp_path: Path, call: Call) -> Path:
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    for command in (
        ("ingest", "--kind", "records", tmp_path / "records.csv"),
        ("check", *DAYS),
        ("desk", "gather"),
    ):
        status, _, err = call(*command, "--home", home)
        assert status == 0, err
    return home


class Person:
    """Calls the desk and looks at the case before each step."""

    def __init__(self, call: Call, home: Path, case_id: str) -> None:
        self.call, self.home, self.case_id = call, home, case_id

    def sees(self) -> dict[str, Any]:
        status, out, err = self.call("review", "show", self.case_id, "--home", self.home, "--json")
        assert status == 0, err
        told: dict[str, Any] = json.loads(out)
        return told

    def __call__(self, *words: str, who: tuple[str, ...]) -> tuple[int, str]:
        version = str(self.sees()["version"])
        status, out, err = self.call(
            *words[:2], self.case_id, *words[2:], *who, "--seen", version, "--home", self.home
        )
        return status, out + err


def case_of(call: Call, home: Path, driver: str) -> Person:
    status, out, _ = call("review", "list", "--driver", driver, "--json", "--home", home)
    assert status == 0
    [told] = json.loads(out)
    return Person(call, home, told["case_id"])


def points(home: Path) -> list[int]:
    opened = open_home(home)
    found = entries(opened)["points"].tolist()
    opened.engine.dispose()
    return [int(one) for one in found]


LI, WANG, ZHAO = (("--by", name) for name in ("Li", "Wang", "Zhao"))
D1 = ("--driver", "D1")


def test_a_case_goes_all_the_way_to_the_ledger_and_back(judged: Path, call: Call, tmp_path: Path) -> None:
    case = case_of(call, judged, "D1")
    told = case.sees()
    assert (told["state"], told["sources"], told["sufficiency"]) == ("queued", "document", "fair")
    paper = str(tmp_path / "证件.pdf")
    Path(paper).write_bytes(b"%PDF-1.7 licence")
    steps = [
        (("review", "propose"), LI, "queued -> proposed"),
        (
            ("review", "answer", "--reason", "wrong_driver", "--text", "不是我", "--file", paper),
            D1,
            "proposed -> second_review",
        ),
        (("review", "confirm"), WANG, "second_review -> confirmed"),
        (("appeal", "file", "--reason", "wrong_driver"), D1, "confirmed -> appealed"),
        (("appeal", "uphold", "--reason", "wrong_driver"), ZHAO, "appealed -> reversed"),
    ]  # fmt: skip
    for words, who, shown in steps:
        assert case(*words, who=who)[1].strip().startswith(f"{case.case_id}: {shown}")
        if words[1] == "confirm":
            assert points(judged) == [-10]  # the table of 2011: a forged licence costs ten points
    assert points(judged) == [-10, 10]
    told = case.sees()
    assert [event["action"] for event in told["history"]] == [
        "open", "queue", "propose", "answer", "confirm", "appeal", "uphold",
    ]  # fmt: skip
    assert told["answers"][0]["files"][0]["name"] == "证件.pdf"
    status, out, _ = call("desk", "verify", "--home", judged)
    assert (status, out.startswith("2 entries hold")) == (0, True)
    status, out, _ = call("desk", "quality", "--json", "--home", judged)
    assert json.loads(out)["states"] == {"queued": 1, "reversed": 1}


def test_refusals_are_one_line_and_name_the_reason(judged: Path, call: Call) -> None:
    case = case_of(call, judged, "D1")
    for words, who, said in (
        (("review", "confirm"), LI, "confirm cannot be done to a case that is queued"),
        (("review", "dismiss", "--reason", "because"), LI, "'because' is no reason"),
        (("review", "dismiss", "--reason", "other"), LI, "needs a note"),
        (("review", "propose", "--company", "C7"), LI, "belongs to a taxi company"),
        (("appeal", "uphold", "--reason", "medical"), LI, "needs a case that is appealed"),
    ):
        status, told = case(*words, who=who)
        assert status == 2
        assert said in told
        assert told.count("\n") == 1
    assert points(judged) == []


def test_an_old_view_is_refused(judged: Path, call: Call) -> None:
    case = case_of(call, judged, "D1")
    assert case("review", "extend", "--reason", "more_time", who=LI)[0] == 0
    status, _, err = call("review", "propose", case.case_id, *LI, "--seen", "2", "--home", judged)
    assert status == 2
    assert "stands at version 3, not 2" in err


def test_an_unknown_case_says_where_to_look(judged: Path, call: Call) -> None:
    status, _, err = call("review", "show", "nothing", "--home", judged)
    assert (status, "taxi-qa review list" in err) == (2, True)


def test_quarantine_and_release_and_a_dismissal(judged: Path, call: Call) -> None:
    case = case_of(call, judged, "D2")
    assert case("review", "quarantine", "--reason", "wrong_limit", "--note", "road 7", who=LI)[0] == 0
    assert case("review", "release", who=WANG)[0] == 0
    assert case("review", "dismiss", "--reason", "duplicate", who=LI)[1].strip().endswith("(version 5)")


def test_due_moves_on_what_nobody_looked_at(
    judged: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = call("desk", "due", "--home", judged)
    assert (status, out) == (0, "nothing to do\n")
    case = case_of(call, judged, "D1")
    assert case("review", "propose", who=LI)[0] == 0
    later = now_ms() + 16 * 86_400_000
    monkeypatch.setattr("taxi_qa.cli.desk.now_ms", lambda: later)
    status, out, _ = call("desk", "due", "--json", "--home", judged)
    # Ten days to answer and fifteen for a first review are over.
    assert json.loads(out) == {"proposed -> second_review": 1, "queued -> expired": 1}
    assert points(judged) == []


def test_a_second_look_is_blind(judged: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxi_qa.review.looks.in_sample", lambda _case, _share: True)
    case = case_of(call, judged, "D1")
    assert case("review", "propose", who=LI)[0] == 0
    assert call("review", "look", *LI, "--home", judged)[1] == ""
    assert call("review", "look", *ZHAO, "--home", judged)[1].strip() == case.case_id
    _, shown, _ = call("review", "show", case.case_id, "--blind", "--json", "--home", judged)
    assert not {"state", "history", "answers"} & set(json.loads(shown))
    status, _, err = call("review", "look", case.case_id, *LI, "--verdict", "dismiss", "--home", judged)
    assert (status, "a second look is blind" in err) == (2, True)
    assert call("review", "look", case.case_id, *ZHAO, "--verdict", "dismiss", "--home", judged)[0] == 0
    _, out, _ = call("desk", "quality", "--json", "--home", judged)
    [li] = json.loads(out)["reviewers"]
    assert (li["looks"], li["kappa"]) == (1, 0.0)  # one pair that disagrees: no better than chance
