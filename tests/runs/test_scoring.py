"""The score of a day that is over stays what it was, whatever arrives, is decided or is enacted later."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taxi_qa.ingest.take import take
from taxi_qa.law import book
from taxi_qa.reports.scores import driver_rows
from taxi_qa.runs.scoring import score
from taxi_qa.store import rule_books
from taxi_qa.store.home import Home, make_home
from taxi_qa.store.ledger import append
from taxi_qa.store.rule_books import Counted
from taxi_qa.values.clock import MS_PER_DAY, day_start_ms
from tests.score.books import NOON_MS, day, entry, reversal

TODAY = day("2016-12-01")
NOW_MS = day_start_ms(TODAY, "Asia/Shanghai") + NOON_MS
HEAD = "driver_id,name,company_id,registered_from,registered_to\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", city="zhongshan")
    yield made
    made.engine.dispose()


def told(home: Home, rows: str, tmp_path: Path, at_ms: int) -> None:
    (tmp_path / "drivers.csv").write_text(HEAD + rows, encoding="utf-8")
    take(home, [tmp_path / "drivers.csv"], now_ms=at_ms, workers=1)


def csv_of(home: Home, as_of_day: int, now_ms: int) -> str:
    return driver_rows(score(home, as_of_day=as_of_day, now_ms=now_ms).standings).to_csv(index=False)


def test_a_day_that_is_over_gives_the_same_bytes_for_ever(home: Home, tmp_path: Path) -> None:
    told(home, "D1,张三,C1,2010-03-01,\nD2,李四,C1,2010-03-01,\n", tmp_path, NOW_MS)
    cost = entry(1, -10, "2016-11-01")
    append(home, [cost])
    later_ms = NOW_MS + 2 * MS_PER_DAY
    before = csv_of(home, TODAY, later_ms)
    assert "D1,C1,2016-03-01/2017-02-28,2012-01-01,20,-10,0,10,A,true," in before

    # A company and a last day corrected, a driver added, an appeal won, and more decided.
    told(home, "D1,张三,C9,2010-03-01,2016-11-30\nD7,赵七,C1,2016-01-01,\n", tmp_path, later_ms)
    append(home, [reversal(2, cost, "2016-12-03")])
    append(home, [entry(3, -5, "2016-11-01", "2016-12-03", driver_id="D2")])
    assert csv_of(home, TODAY, later_ms) == before
    after = csv_of(home, TODAY + 2, later_ms)
    assert "D1,C9,2016-03-01/2017-02-28,2012-01-01,20,0,0,20,AAA,true," in after
    assert "D2,C1,2016-03-01/2017-02-28,2012-01-01,20,-5,0,15,AA,true," in after
    assert "D7,C1,2016,2012-01-01,20,0,0,20,AAA,true," in after


def test_a_rule_book_of_later_changes_no_day_before_it(home: Home, tmp_path: Path) -> None:
    told(home, "D1,张三,C1,2010-03-01,\n", tmp_path, NOW_MS)
    append(home, [entry(1, -10, "2016-11-01")])
    before = csv_of(home, TODAY, NOW_MS + MS_PER_DAY)
    first = score(home, as_of_day=TODAY, now_ms=NOW_MS + MS_PER_DAY)
    files = {
        name: data.replace(b"{0: B, 1: A, 11: AA, 20: AAA}", b"{0: B, 1: A, 10: AA, 20: AAA}")
        for name, data in book.files_of("zhongshan").items()
    }
    later_ms = NOW_MS + 5 * MS_PER_DAY
    rule_books.remember(home, files, Counted(later_ms, book.name_of(files), {}, "9"))
    assert csv_of(home, TODAY, later_ms) == before
    changed = score(home, as_of_day=TODAY + 5, now_ms=later_ms)
    # By the later book AA begins at 10.
    assert (first.standings[0].grade, changed.standings[0].grade) == ("A", "AA")
    assert changed.book != first.book
    assert changed.newer


def test_a_day_says_whether_it_is_over(home: Home) -> None:
    assert not score(home, as_of_day=TODAY, now_ms=NOW_MS).is_over
    assert not score(home, as_of_day=TODAY, now_ms=NOW_MS + NOON_MS - 1).is_over
    assert score(home, as_of_day=TODAY, now_ms=NOW_MS + NOON_MS).is_over
