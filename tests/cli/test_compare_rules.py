"""A rule book rehearsed on a laboratory city: whom it concerns, counted again without it."""

import csv
import datetime as dt
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from taxi_qa.cli.lab import street_files
from taxi_qa.facts.given import Given
from taxi_qa.facts.units import DayUnits
from taxi_qa.ingest.roads import take_limits, take_roads
from taxi_qa.ingest.take import take
from taxi_qa.lab.make import make_city
from taxi_qa.law.rehearsed import rehearsed_law
from taxi_qa.runs.gather import given_day, law_in_force
from taxi_qa.runs.jobs import DAY, Order
from taxi_qa.store import library
from taxi_qa.store.home import Home, make_home, open_home
from taxi_qa.store.presence import last_delivery
from taxi_qa.store.run_log import Job
from taxi_qa.values.clock import day_of

Call = Callable[..., tuple[int, str, str]]

NOW_MS = 1_795_000_000_000
CITY = "guangzhou"
FIRST_DAY = day_of(dt.date(2025, 10, 13))
# At a limit of 60 the car may be 6 km/h faster today, by both margins; then 1 km/h.
TIGHTER = "house.driving.speeding_kmh: 1\nhouse.driving.speeding_ratio: 0.016\n"


@pytest.fixture(scope="session")
def speeders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`files` of sixteen cars and two days, and `home`, where they and the streets were taken in."""
    folder = tmp_path_factory.mktemp("speeders")
    wanted = {"driving.speeding": {"clear": 6, "near_miss": 8, "look_alike": 3}}
    make_city(
        folder / "files", vehicles=16, days=2, seed=5, first_day=dt.date(2025, 10, 13), city=CITY,
        offences=wanted,
    )  # fmt: skip
    home = make_home(folder / "home", city=CITY, buckets=2)
    streets, limits = street_files(folder / "files")
    take_roads(home, streets, now_ms=NOW_MS)
    take_limits(home, limits, now_ms=NOW_MS)
    files = [path for path in (folder / "files").iterdir() if path.is_file() and path.name != "truth.csv"]
    take(home, files, now_ms=NOW_MS, workers=1)
    home.engine.dispose()
    return folder


@pytest.fixture
def city(speeders: Path, tmp_path: Path) -> Path:
    shutil.copytree(speeders / "home", tmp_path / "home")
    return tmp_path / "home"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def recounted(home: Home, book: str, ratio: float, kmh: float) -> dict[str, set[tuple[object, ...]]]:
    """driver -> his acts, from the stretches that were measured, one by one."""
    law = rehearsed_law(CITY, book)
    acts: dict[str, set[tuple[object, ...]]] = {}
    for day in (FIRST_DAY - 1, FIRST_DAY, FIRST_DAY + 1, FIRST_DAY + 2):
        order = Order(
            home=str(home.path), url=home.url, past_day=day + 1,
            jobs=tuple(Job(day, bucket, DAY) for bucket in range(home.buckets)),
            rules=(), leaves=(), looks_back=False, vehicles=(), delivery=last_delivery(home),
        )  # fmt: skip
        with law_in_force(law):
            for given in given_day(order, law, day):
                for act in _acts(given, law, ratio, kmh):
                    acts.setdefault(str(act[0]), set()).add(act)
    return acts


def _acts(given: Given, law: object, ratio: float, kmh: float) -> list[tuple[object, ...]]:
    rows = DayUnits(given, law).rows("speed_stretches")  # type: ignore[arg-type]
    found: list[tuple[object, ...]] = []
    for at in range(len(rows)):
        if rows["kind"][at] != "stretch":
            continue
        limit, mean = float(rows["limit_kmh"][at]), float(rows["mean_kmh"][at])
        too_fast = mean > limit * (1 + ratio) and mean > limit + kmh
        if too_fast and rows["held_s"][at] >= 15 and rows["fixes"][at] >= 3 and rows["driver_id"][at]:
            moments = int(rows["start_ms"][at]), int(rows["end_ms"][at])
            found.append((rows["driver_id"][at], rows["vehicle_id"][at], *moments, round(mean, 2), limit))
    return found


def test_tighter_by_5_kmh_concerns_the_drivers_an_independent_recount_finds(
    call: Call, city: Path, speeders: Path, tmp_path: Path
) -> None:
    new, out, drivers = tmp_path / "new.yaml", tmp_path / "changes.csv", tmp_path / "drivers.csv"
    new.write_text(TIGHTER, encoding="utf-8")
    status, text, err = call(
        "compare-rules", "current", new, "--home", city, "--executor", "inline", "--out", out,
        "--drivers", drivers,
    )  # fmt: skip
    assert status == 0, err
    home = open_home(city)
    before, after = recounted(home, "current", 0.10, 6), recounted(home, str(new), 0.016, 1)
    concerned = {name for name in before | after if before.get(name, set()) != after.get(name, set())}
    assert {row["driver_id"] for row in rows_of(drivers)} == concerned
    assert len(concerned) >= 4
    assert len(before | after) > len(concerned), "somebody speeds either way"
    assert all(name in text for name in concerned)
    # By the answer key: new are those who were planted inside the margin of today, each act once.
    planted = [
        row
        for row in rows_of(speeders / "files" / "truth.csv")
        if row["rule"] == "driving.speeding" and "inside the margin" in row["note"]
    ]
    fresh = [row for row in rows_of(out) if row["change"] == "new"]
    assert {row["rule"] for row in rows_of(out)} == {"driving.speeding"}
    assert sorted(row["driver_id"] for row in fresh) == sorted(row["driver_id"] for row in planted)
    # Nobody is found by the looser book alone.
    assert {row["change"] for row in rows_of(out)} == {"new", "changed"}
    # Nothing stands in the home by it.
    assert library.data_span(home) is not None
    assert not list((city / "rehearsals").glob("*/"))
    home.engine.dispose()
    status, text, err = call("findings", "export", "--home", city, "--out", "-")
    assert (status, text.count("\n")) == (0, 1), err


def test_killed_in_the_middle_it_leaves_what_stands(call: Call, city: Path, tmp_path: Path) -> None:
    only = ("--rule", "driving.speeding", "--home", city, "--executor", "inline")
    assert call("check", *only)[0] == 0
    stood = call("findings", "export", "--home", city, "--out", "-")[1]
    assert stood.count("driving.speeding") >= 3
    new = tmp_path / "new.yaml"
    new.write_text(TIGHTER, encoding="utf-8")
    code = (
        "import os, signal, sys\n"
        "from taxi_qa.law.rehearsed import rehearsed_law\n"
        "from taxi_qa.runs.compare import compare\n"
        "from taxi_qa.store.home import open_home\n"
        "books = [rehearsed_law('guangzhou', name) for name in ('current', sys.argv[2])]\n"
        "def die(done, total):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "rules = ['driving.speeding']\n"
        f"compare(open_home(sys.argv[1]), *books, now_ms={NOW_MS}, rules=rules, progress=die)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(city), str(new)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (city / "rehearsals" / "casebook").is_dir()
    assert call("findings", "export", "--home", city, "--out", "-")[1] == stood
    status, text, err = call("compare-rules", "current", new, *only)
    assert status == 0, err
    assert "driving.speeding" in text
    assert call("findings", "export", "--home", city, "--out", "-")[1] == stood
    assert not (city / "rehearsals" / "casebook").exists()
    assert call("check", *only)[0] == 0
    assert call("findings", "export", "--home", city, "--out", "-")[1] == stood


def test_what_is_no_rule_book_is_refused_in_one_line(call: Call, home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("house.driving.speeding_kmh: fast\n", encoding="utf-8")
    for book, words in ((wrong, "speeding_kmh"), (tmp_path / "nowhere", "expected current, a folder")):
        status, out, err = call("compare-rules", "current", book, "--home", home)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert words in err
    status, out, err = call("compare-rules", "current", "current", "--home", home)
    assert (status, out) == (0, "")
    assert "no data of these days" in err
