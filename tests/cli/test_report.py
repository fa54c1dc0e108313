"""`taxi-qa report`: files read back as a person would, and the same bytes for the same content."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from taxi_qa.store.home import open_home
from taxi_qa.store.ledger import append
from tests.cli.conftest import Call
from tests.score.books import entry, reversal

DRIVERS = """driver_id,name,company_id,registered_from,registered_to
D1,张三,C1,2010-03-01,
D2,=1+1,@C1,2010-03-01,
"""
RECORDS = "record_id,driver_id,at,kind,document_no\nR1,D1,2016-08-01 10:00,licence_forged,穗交罚〔2016〕1号\n"
COST = entry(1, -10, "2016-08-01", "2016-09-01")
BONUS = entry(
    2, 3, "2016-10-01", rule="bonus.lost_property_returned", item="credit.bonus.lost_property_returned",
    leans_on="credit.bonus.lost_property_returned@2012-01-01",
)  # fmt: skip
BACK = reversal(3, COST, "2017-09-01")
LATER = entry(4, -20, "2016-08-02", "2016-09-02", driver_id="D2", certainty="unverified", decider="=cmd()")


@pytest.fixture
def city(home: Path, tmp_path: Path, call: Call) -> Path:
    (tmp_path / "drivers.csv").write_text(DRIVERS, encoding="utf-8")
    (tmp_path / "records.csv").write_text(RECORDS, encoding="utf-8")
    status, _, err = call("ingest", tmp_path / "drivers.csv", tmp_path / "records.csv", "--home", home)
    assert status == 0, err
    opened = open_home(home)
    append(opened, [COST, BONUS])
    append(opened, [BACK, LATER])
    opened.engine.dispose()
    return home


def text_of(path: Path) -> str:
    pages = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


def test_a_statement_holds_every_entry_its_law_and_its_state(city: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "statement.pdf"
    status, _, err = call("report", "statement", "D1", "--cycle", "2016", "--out", out, "--home", city)
    assert status == 0, err
    assert len(pypdfium2.PdfDocument(out)) == 1
    told = text_of(out)
    for words in (
        "驾驶员服务质量信誉考核对账单", "张三", "2016-03-01/2017-02-28", "20 + 3 − 0 = 23", "AAA",
        "拾金不昧", "拒载", "−10", "+10", "已撤销", "撤销恢复", "计入", "463号", "题库", "2016-08-01",
    ):  # fmt: skip
        assert words in told, words
    # Its font came with the installation, and is part of the file.
    assert b"/FontFile" in out.read_bytes()


def test_the_same_day_gives_the_same_bytes(city: Path, call: Call, tmp_path: Path) -> None:
    for words, ending in ((("statement", "D1"), "pdf"), (("credit",), "xlsx")):
        written = []
        for number in (1, 2):
            out = tmp_path / f"{number}.{ending}"
            assert call("report", *words, "--cycle", "2016", "--out", out, "--home", city)[0] == 0
            written.append(out.read_bytes())
        assert written[0] == written[1]


def test_the_credit_table_has_a_row_a_driver_and_no_formula(city: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "credit.xlsx"
    status, _, err = call("report", "credit", "--cycle", "2016", "--out", out, "--home", city)
    assert status == 0, err
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["驾驶员 drivers", "明细 entries", "依据 law"]
    head, one, two = book["驾驶员 drivers"].iter_rows(values_only=True)
    first, second = dict(zip(head, one, strict=True)), dict(zip(head, two, strict=True))
    assert (first["基础分 base"], first["加分 bonus"], first["得分 score"], first["等级 grade"]) == (
        20,
        3,
        23,
        "AAA",
    )
    assert first["扣分明细 each deduction"] is None, "what was taken back is no deduction"
    assert "拾金不昧 +3" in str(first["加分明细 each bonus"])
    assert (second["得分 score"], second["等级 grade"], second["姓名 name"]) == (0, "B", "=1+1")
    detail = str(second["扣分明细 each deduction"])
    assert detail.startswith("2016-08-02 ")
    assert "-20" in detail
    assert "未核实" in detail
    assert len(list(book["明细 entries"].iter_rows())) == 1 + 4
    laws = {str(row[0]): str(row[3]) for row in book["依据 law"].iter_rows(min_row=2, values_only=True)}
    assert laws["credit.grades@2012-01-01"] == "题库 exam bank"
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if "worksheets/" in name]
    assert not any("<f>" in sheet for sheet in sheets)


def test_a_case_file_tells_evidence_history_and_what_was_said(city: Path, call: Call, tmp_path: Path) -> None:
    home = ("--home", city)
    for command in (("check", "--from", "2016-08-01", "--to", "2016-08-01"), ("desk", "gather")):
        assert call(*command, *home)[0] == 0
    opened = open_home(city)
    with opened.engine.connect() as connection:
        ((case_id,),) = connection.exec_driver_sql("select case_id from cases").all()
    opened.engine.dispose()
    out = tmp_path / "case.pdf"
    assert call("report", "case", case_id, "--out", out, *home)[0] == 0
    told = text_of(out)
    for words in (case_id, "案卷", "D1", "穗交罚〔2016〕1号", "文书", "待初审", "系统", "沉默不等于承认"):
        assert words in told, words
    said = ("--by", "Li", "--reason", "evidence_holds", "--seen", "2")
    assert call("review", "propose", case_id, *said, *home)[0] == 0
    answer = ("--driver", "D1", "--reason", "wrong_driver", "--text", "不是我", "--seen", "3")
    assert call("review", "answer", case_id, *answer, *home)[0] == 0
    assert call("report", "case", case_id, "--out", out, *home)[0] == 0
    told = text_of(out)
    for words in ("提出认定", "证据成立", "Li", "驾驶员有误：不是我"):
        assert words in told, words


def test_a_companys_month(city: Path, call: Call, tmp_path: Path) -> None:
    out, entered = tmp_path / "company.pdf", tmp_path / "entered.csv"
    words = ("report", "company", "C1", "--month", "2016-08", "--out", out, "--home", city)
    assert call(*words)[0] == 0
    told = text_of(out)
    # Without trips no rate, without data no clean record, without people no total.
    for word in ("C1", "AAA 1", "100.0%", "没有数据，未检查", "待录入", "企业管理", "300", "2016-08-01"):
        assert word in told, word
    assert "未发现问题" not in told
    rows = ["management,280", "safety,190", "conduct,200", "service,150", "social,80", "bonus,30"]
    given = "\n".join(f"C1,{row},Zhao,评审表" for row in rows)
    entered.write_text(f"company_id,dimension,points,by,proof\n{given}\nC2,safety,1,x,y\n", encoding="utf-8")
    assert call(*words, "--entered", entered)[0] == 0
    # 280 + 190 + 200 + 150 + 80 + 30 = 930 of 1000 + 100.
    assert "930 / 1100" in text_of(out)
    for wrong, said in (
        ("C1,management,301,Zhao,x", "expected 0 to 300"),
        ("C1,charm,1,Zhao,x", "'charm' is no dimension"),
        ("C1,safety,1,Zhao,", "what it rests on"),
        ("C1,safety,many,Zhao,x", "line 2: points 'many'"),
        ("C1,safety,1,Zhao,x\nC1,safety,2,Zhao,x", "entered twice"),
    ):
        entered.write_text(f"company_id,dimension,points,by,proof\n{wrong}\n", encoding="utf-8")
        status, _, err = call(*words, "--entered", entered)
        assert (status, said in err) == (2, True), err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("statement", "D9"), "neither register nor ledger names 'D9'"),
        (("case", "none"), "there is no case 'none'"),
        (("credit", "--as-of", "2099-01-01"), "is yet to come"),
        (("company", "C9"), "no register names 'C9'"),
        (("company", "C1", "--month", "2016-13"), "is no month"),
        (("company", "C1", "--month", "2099-01"), "is yet to come"),
    ],
)
def test_a_wrong_call_writes_nothing(
    city: Path, call: Call, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out.file"
    status, _, err = call("report", *words, "--out", out, "--home", city)
    assert (status, len(err.strip().splitlines())) == (2, 1)
    assert said in err
    assert not out.exists()


def test_a_folder_that_is_not_there_is_named(city: Path, call: Call, tmp_path: Path) -> None:
    status, _, err = call("report", "credit", "--out", tmp_path / "no" / "t.xlsx", "--home", city)
    assert (status, "make it first" in err) == (2, True)
