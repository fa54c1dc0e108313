"""A past day judged again by what was known then: the same bytes, and what stands is not touched."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import select

from taxi_qa.ingest.take import take
from taxi_qa.law.read import read_law
from taxi_qa.paths import shipped
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs import gather, known
from taxi_qa.runs.check import check
from taxi_qa.runs.known import NotAtHandError
from taxi_qa.runs.replay import replay, replayed
from taxi_qa.store import library, road_files, run_log, snapshot
from taxi_qa.store.home import Home, HomeError, make_home, open_home
from taxi_qa.store.tables import Presence, SeenVehicle, table_of
from taxi_qa.values.clock import MS_PER_DAY, city_day, day_of, day_start_ms
from tests.runs.conftest import NOW_MS, Judged, NewHome, counted, said

DAY_LATER_MS = NOW_MS + MS_PER_DAY


def day_of_ms(home: Home, moment_ms: int) -> int:
    return int(city_day(np.array([moment_ms], dtype=np.int64), home.timezone)[0])


def corrections(fleet: Path, folder: Path) -> Path:
    """Half of the trips paid otherwise, half of some positions slower, and trips and cars nobody had sent."""
    folder.mkdir()
    trips = pd.read_csv(fleet / "files" / "trips.csv", dtype=str)
    trips["paid_yuan"] = [str(float(paid) + 40 * (at % 2)) for at, paid in enumerate(trips["paid_yuan"])]
    added = trips.iloc[:3].assign(trip_id=[f"late-{at}" for at in range(3)])
    pd.concat([trips, added]).to_csv(folder / "trips.csv", index=False)
    for path in sorted((fleet / "files").glob("positions*.parquet"))[:1]:
        frame = pd.read_parquet(path)
        half = frame.iloc[::2].copy()
        half["speed_kmh"] = half["speed_kmh"].astype(float) / 2
        late = frame.iloc[:50].assign(vehicle_id="粤A late")
        pd.concat([half, late]).to_parquet(folder / path.name, index=False)
    return folder


def stands(home: Home) -> pd.DataFrame:
    """What stands, to the last column."""
    return said(home)


def held(home: Home) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with home.engine.connect() as connection:
        return (
            sorted(tuple(row) for row in connection.execute(select(table_of(Presence)))),
            sorted(tuple(row) for row in connection.execute(select(table_of(SeenVehicle)))),
        )


@pytest.fixture
def corrected(new_home: NewHome, fleet: Path, tmp_path: Path) -> tuple[Home, pd.DataFrame, pd.DataFrame]:
    """A home judged, corrected a day later and judged again; with what was said and counted at first."""
    home = new_home()
    first = check(home, now_ms=NOW_MS)
    assert first is not None
    before, tallies = said(home), counted(home, first.run_id)
    reports = take(home, [corrections(fleet, tmp_path / "later")], now_ms=DAY_LATER_MS, workers=1)
    assert sum(report.corrections for report in reports) > 100
    second = check(home, now_ms=DAY_LATER_MS)
    assert second is not None
    assert second.run_id != first.run_id
    assert set(said(home)["finding_id"]) != set(before["finding_id"])
    return home, before, tallies


def test_a_replay_says_what_was_said_then_and_touches_nothing(
    corrected: tuple[Home, pd.DataFrame, pd.DataFrame],
) -> None:
    home, before, tallies = corrected
    standing, held_now = stands(home), held(home)
    again = replay(home, day_of_ms(home, NOW_MS), now_ms=DAY_LATER_MS)
    assert again.report is not None
    assert again.is_known_run
    assert_frame_equal(said(again.home), before)
    assert_frame_equal(counted(again.home, again.report.run_id), tallies)
    assert_frame_equal(stands(home), standing)
    assert held(home) == held_now
    # As of the later day: what stands now.
    later = replay(home, day_of_ms(home, DAY_LATER_MS), now_ms=DAY_LATER_MS)
    assert later.is_known_run
    assert_frame_equal(said(later.home), standing)
    assert held(later.home) == held_now


def test_a_copy_of_all_that_came_counts_what_the_home_counts(
    new_home: NewHome, fleet: Path, tmp_path: Path
) -> None:
    home = new_home()
    first = held(home)
    take(home, [corrections(fleet, tmp_path / "later")], now_ms=DAY_LATER_MS, workers=1)
    assert held(home) != first
    last = snapshot.deliveries_before(home, DAY_LATER_MS)
    for number, counts in ((last, first), (snapshot.deliveries_before(home, DAY_LATER_MS + 1), held(home))):
        place = tmp_path / f"copy {number}"
        snapshot.make_snapshot(home, place, last=number, roads=road_files.Current())
        copy = open_home(place)
        assert held(copy) == counts
        assert library.data_span(copy) == library.data_span(home)
        copy.engine.dispose()


def test_killed_in_the_middle_it_leaves_what_stands_and_goes_on(
    corrected: tuple[Home, pd.DataFrame, pd.DataFrame],
) -> None:
    home, before, _ = corrected
    standing, day = stands(home), day_of_ms(home, NOW_MS)
    code = (
        "import os, signal, sys\n"
        "from taxi_qa.runs.replay import replay\n"
        "from taxi_qa.store.home import open_home\n"
        "from taxi_qa.store import snapshot\n"
        "def die(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if sys.argv[3] == 'copying':\n"
        "    snapshot.lend = die\n"
        f"replay(open_home(sys.argv[1]), int(sys.argv[2]), now_ms={DAY_LATER_MS}, progress=die)\n"
    )
    for moment in ("copying", "judging"):
        call = [sys.executable, "-c", code, str(home.path), str(day), moment]
        assert subprocess.run(call, check=False).returncode == -signal.SIGKILL
        assert_frame_equal(stands(home), standing)
    with pytest.raises(NotAtHandError, match="nothing was judged as of"):
        replayed(home, day + 1)
    again = replay(home, day, now_ms=DAY_LATER_MS)
    assert again.report is not None
    assert 0 < again.report.done_now < again.report.jobs
    assert_frame_equal(said(again.home), before)
    assert_frame_equal(said(replayed(home, day)), before)


# --- the rule book, the rules and the roads of that day -------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped data that counts as shipped."""
    root = tmp_path / "data"
    shutil.copytree(shipped("data"), root)
    for module in ("read", "book", "areas"):
        monkeypatch.setattr(f"taxi_qa.law.{module}.shipped", lambda _: root)
    gather._LAWS.clear()
    yield root
    gather._LAWS.clear()


def publish(root: Path) -> None:
    """A rule book by which nobody overcharges."""
    path = root / "house" / "fare" / "rounding_fen.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"value: \d+", "value: 900000", text), encoding="utf-8")
    gather._LAWS.clear()


def test_a_rule_book_that_was_changed_since_still_counts_for_its_days(new_home: NewHome, data: Path) -> None:
    home = new_home()
    check(home, now_ms=NOW_MS)
    before = said(home)
    assert (before["rule"] == "fare.overcharge").any()
    publish(data)
    check(home, now_ms=DAY_LATER_MS)
    after = said(home)
    assert not ((after["rule"] == "fare.overcharge") & (after["verdict"] == "found")).any()
    assert_frame_equal(said(replay(home, day_of_ms(home, NOW_MS), now_ms=DAY_LATER_MS).home), before)
    assert_frame_equal(said(replay(home, day_of_ms(home, DAY_LATER_MS), now_ms=DAY_LATER_MS).home), after)
    # The law of today is what counts again afterwards.
    assert gather.law_of(home.city).digest == read_law(home.city, data).digest


def test_a_rule_book_nobody_kept_is_not_replaced_by_that_of_today(new_home: NewHome, data: Path) -> None:
    home = new_home()
    check(home, now_ms=NOW_MS)
    (book,) = (home.path / "rule_books").glob("*.zip")
    publish(data)
    book.unlink()
    with pytest.raises(HomeError, match="not there or damaged"):
        replay(home, day_of_ms(home, NOW_MS), now_ms=DAY_LATER_MS)
    assert not (home.path / "replays").exists()


def test_without_a_run_by_that_day_today_s_book_counts_only_if_it_is_no_younger(new_home: NewHome) -> None:
    home = new_home()
    law = gather.law_of(home.city)
    youngest = max(version.checked_on for path in law.paths() for version in law[path].versions)
    as_of = day_of(youngest)
    with home.engine.begin() as connection:
        moment = day_start_ms(as_of - 1, home.timezone)
        connection.exec_driver_sql(f"UPDATE sources SET taken_at_ms = {moment}")
    now_ms = day_start_ms(as_of + 9, home.timezone)
    found = known.known_on(home, as_of, now_ms)
    assert "every number of law was checked by that day" in found.notes[0]
    assert found.law.digest == law.digest
    with pytest.raises(NotAtHandError, match=r"numbers of today's were checked later: .+@"):
        known.known_on(home, as_of - 1, now_ms)


def test_a_rule_of_another_version_is_not_asked_in_its_place(
    new_home: NewHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    check(home, now_ms=NOW_MS, rules=["fare.overcharge"])
    day = day_of_ms(home, NOW_MS)
    rules = dict(catalogue())
    rules["fare.overcharge"] = replace(rules["fare.overcharge"], version=rules["fare.overcharge"].version + 1)
    monkeypatch.setattr(known, "catalogue", lambda: rules)
    with pytest.raises(NotAtHandError, match=r"fare\.overcharge \(version \d+ then, \d+ now\)"):
        known.known_on(home, day, DAY_LATER_MS)
    assert known.known_on(home, day, DAY_LATER_MS, ["fare.not_by_meter"]).rules == ("fare.not_by_meter",)
    with pytest.raises(NotAtHandError, match=r"there was no rule fare\.nothing"):
        known.known_on(home, day, DAY_LATER_MS, ["fare.nothing"])


def test_a_day_before_anything_arrived_and_one_to_come_are_refused(new_home: NewHome) -> None:
    home, day = new_home(), day_of_ms(new_home(), NOW_MS)
    with pytest.raises(NotAtHandError, match="nothing had arrived"):
        replay(home, day - 1, now_ms=DAY_LATER_MS)
    with pytest.raises(NotAtHandError, match="yet to come"):
        replay(home, day + 2, now_ms=DAY_LATER_MS)


def test_the_roads_are_those_that_counted_that_day(new_home: NewHome) -> None:
    home = new_home()
    day = day_of_ms(home, NOW_MS)
    known.remember_rules(home, gather.law_of(home.city), NOW_MS)

    def keep(text: str, now_ms: int) -> str:
        def write(path: Path) -> None:
            path.write_text(text, encoding="utf-8")

        return road_files.keep_limits(home, write, now_ms=now_ms).name

    assert known.known_on(home, day, DAY_LATER_MS).roads == road_files.Current()
    older = keep("older", NOW_MS)
    newer = keep("newer", DAY_LATER_MS)
    assert known.known_on(home, day, DAY_LATER_MS).roads.limits == older
    assert known.known_on(home, day + 1, DAY_LATER_MS).roads.limits == newer
    # The same table again is a change, too.
    assert keep("older", DAY_LATER_MS + MS_PER_DAY) == older
    assert known.known_on(home, day + 1, DAY_LATER_MS + MS_PER_DAY).roads.limits == newer
    (home.path / "roads" / older).unlink()
    with pytest.raises(NotAtHandError, match="is not there any more"):
        replay(home, day, now_ms=DAY_LATER_MS)
    # As an earlier version of the program left it: when the roads before these counted nobody knows.
    (home.path / "roads" / "history.json").unlink()
    with pytest.raises(NotAtHandError, match="not written down"):
        known.known_on(home, day, DAY_LATER_MS)


def test_positions_put_together_with_later_ones_are_not_taken_for_those_of_the_day(
    new_home: NewHome, fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home()
    check(home, now_ms=NOW_MS)
    monkeypatch.setattr("taxi_qa.store.merging.MOST_SEGMENTS", 1)
    take(home, [corrections(fleet, tmp_path / "later")], now_ms=DAY_LATER_MS, workers=1)
    with pytest.raises(NotAtHandError, match=r"positions of 2026-10-20.* put together with later ones"):
        replay(home, day_of_ms(home, NOW_MS), now_ms=DAY_LATER_MS)
    later = replay(home, day_of_ms(home, DAY_LATER_MS), now_ms=DAY_LATER_MS)
    assert later.report is not None


def test_a_home_in_postgresql_is_replayed_beside_it(
    fleet: Path, postgresql_url: str, tmp_path: Path, undisturbed: Judged
) -> None:
    home = make_home(tmp_path / "home", postgresql_url, city="guangzhou", buckets=3)
    take(home, [fleet / "files"], now_ms=NOW_MS, workers=1)
    known.remember_rules(home, gather.law_of(home.city), NOW_MS)
    again = replay(home, day_of_ms(home, NOW_MS), now_ms=DAY_LATER_MS)
    assert again.home.url.startswith("sqlite")
    assert_frame_equal(said(again.home), undisturbed.said)
    assert run_log.runs(home).empty
    home.engine.dispose()
