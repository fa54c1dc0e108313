"""Positions and tables of one delivery together; what a kill leaves behind."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.store.fetching import fetch
from taxi_qa.store.home import Home, make_home, open_home, writing
from taxi_qa.store.inbox import Counts
from taxi_qa.store.library import (
    data_span,
    existing_segments,
    fixes,
    partitions,
    raw_positions,
    rows_kept,
    vehicles_seen,
)
from taxi_qa.store.merging import merge_all
from taxi_qa.store.raw_fixes import raw_from_frame
from taxi_qa.store.spill import spill
from taxi_qa.store.tables import Base
from taxi_qa.values.clock import city_day
from tests.store.making import delivery, refused, rows, trip

NOON_MS = 1_790_049_600_000  # 2026-09-22 12:00 +08:00
HOUR_MS = 3_600_000


def positions(*vehicles: str, hours: int = 24, speed_kmh: float = 30.0) -> pd.DataFrame:
    """A position a vehicle and hour from noon on."""
    records = [
        {"vehicle_id": vehicle, "time_ms": NOON_MS + hour * HOUR_MS, "lon": 113.1 + hour / 1_000, "lat": 22.5,
         "speed_kmh": speed_kmh}
        for hour in range(hours)
        for vehicle in vehicles
    ]  # fmt: skip
    return rows("positions", *records)


def take(home: Home, frame: pd.DataFrame, sha256: str, *, bad: int = 0) -> Counts:
    """Take positions (and a trip each of their vehicles) in, as ingest does it."""
    with writing(home):
        folder = home.staging / sha256
        folder.mkdir()
        with delivery(home, kind="positions", sha256=sha256) as going_in:
            spills = [spill(raw_from_frame(frame), folder, order=0, zone=home.timezone, buckets=home.buckets)]
            merged = merge_all(
                spills, folder, source=hashlib.sha256(sha256.encode()).hexdigest(),
                existing=lambda day, bucket: existing_segments(home, day, bucket),
            )  # fmt: skip
            going_in.add_positions(merged)
            vehicles = sorted(set(frame["vehicle_id"]))
            going_in.add_records(
                "trips",
                rows("trips", *(trip(f"{sha256} {v}", vehicle_id=v, boarded_ms=NOON_MS) for v in vehicles)),
            )
            if bad:
                going_in.refuse(refused(*(f"{sha256},{n}" for n in range(bad))))
            return going_in.commit()


def test_positions_come_back_by_day_and_bucket(home: Home) -> None:
    counts = take(home, positions("V1", "V2", "V3"), "a")
    assert counts == Counts(accepted=3 * 24 + 3, duplicates=0, corrections=0, quarantined=0)
    # Noon to noon: two city days.
    day = int(city_day(np.array([NOON_MS]), home.timezone)[0])
    found = [fixes(home, *partition) for partition in partitions(home, day, day + 1)]
    assert sum(len(found_there) for found_there in found) == 3 * 24
    assert {v for found_there in found for v in found_there.vehicle_ids} == {"V1", "V2", "V3"}
    assert len(fixes(home, day + 5, 0)) == 0
    seen = vehicles_seen(home)
    assert seen["vehicle_id"].to_list() == ["V1", "V2", "V3"]
    assert seen["first_day"].to_list() == [day] * 3
    assert seen["last_day"].to_list() == [day + 1] * 3
    assert data_span(home) == (day, day + 1)
    kept = rows_kept(home)
    assert dict(zip(kept["kind"], kept["rows"], strict=True)) == {"trips": 3, "positions": 72}


def test_positions_sent_again_or_corrected(home: Home) -> None:
    take(home, positions("V1", hours=3), "a")
    again = take(home, positions("V1", hours=4), "b")
    assert again == Counts(accepted=1 + 1, duplicates=3, corrections=0, quarantined=0)
    corrected = take(home, positions("V1", hours=2, speed_kmh=50.0), "c")
    assert corrected == Counts(accepted=1, duplicates=0, corrections=2, quarantined=0)
    ((day, bucket),) = partitions(home, 0, 99_999)
    assert fixes(home, day, bucket).speed_ckmh.tolist() == [5_000, 5_000, 3_000, 3_000]
    assert raw_positions(home, day, bucket, to_ms=NOON_MS + HOUR_MS)["speed_kmh"].to_list() == [50.0]


def test_replaced_files_go_and_named_ones_stay(home: Home) -> None:
    for n in range(12):
        take(home, positions("V1", hours=1).assign(time_ms=NOON_MS + n), f"sha {n}")
    ((day, bucket),) = partitions(home, 0, 99_999)
    named = existing_segments(home, day, bucket).current
    assert 1 < len(named) < 12
    assert sorted(home.tracks.rglob("*.parquet")) == sorted(named)
    assert len(fixes(home, day, bucket)) == 12
    with writing(home):
        assert sorted(home.tracks.rglob("*.parquet")) == sorted(named)


def test_an_abandoned_delivery_leaves_no_positions(home: Home) -> None:
    take(home, positions("V1", hours=1), "a")
    before = content(home)
    with writing(home):
        folder = home.staging / "b"
        folder.mkdir()
        spills = [spill(raw_from_frame(positions("V2")), folder, order=0, zone=home.timezone, buckets=4)]
        merged = merge_all(
            spills, folder, source="b" * 64, existing=lambda day, bucket: existing_segments(home, day, bucket)
        )
        with delivery(home, sha256="b") as going_in:
            going_in.add_positions(merged)
    with writing(home):
        pass
    assert content(home) == before


# --- kill -9 ----------------------------------------------------------------------------------------


def content(home: Home) -> dict[str, object]:
    """Every row of every table, and every track file."""
    found: dict[str, object] = {}
    with home.engine.connect() as connection:
        for name, table in Base.metadata.tables.items():
            if name != "settings":
                rows_there = fetch(connection, table.select())
                # SQLite keeps flags as 0 and 1.
                plain = [tuple(int(v) if isinstance(v, bool) else v for v in row) for row in rows_there]
                found[name] = sorted(map(repr, plain))
    for path in home.tracks.rglob("*.parquet"):
        name = path.relative_to(home.tracks).as_posix()
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def deliver_all(home: Home) -> None:
    """Four files; each is passed over where it is in already."""
    from taxi_qa.store.inbox import source_by_sha  # noqa: PLC0415

    for number, speed in enumerate((30.0, 40.0, 30.0, 50.0)):
        if source_by_sha(home, f"file {number}") is None:
            frame = positions(*(f"V{n}" for n in range(20 * number, 20 * number + 60)), speed_kmh=speed)
            take(home, frame, f"file {number}", bad=50)


def _child(home: Home) -> "subprocess.Popen[str]":
    code = (
        "import sys\n"
        "from tests.store.test_delivery_of_positions import deliver_all, open_home\n"
        "home = open_home(sys.argv[1], sys.argv[2])\n"
        "print('begins', flush=True)\n"
        "deliver_all(home)\n"
    )
    call = [sys.executable, "-c", code, str(home.path), home.url]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True, cwd=root)


def _run(home: Home, *, killed_after_s: float | None) -> float:
    """Run the deliveries in a process of their own; how long they took."""
    child = _child(home)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "begins\n"
        began = time.monotonic()
        try:
            child.wait(timeout=killed_after_s)
            assert child.returncode == 0
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
    return time.monotonic() - began


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, home: Home, url: str | None) -> None:
    undisturbed = make_home(tmp_path / "undisturbed", buckets=home.buckets)
    lasts_s = _run(undisturbed, killed_after_s=None)
    moments = random.Random(20_260_922)  # noqa: S311 - moments, no secrets
    for _ in range(5):
        _run(home, killed_after_s=moments.uniform(0, lasts_s))
    _run(home, killed_after_s=None)
    again = open_home(home.path, url)
    with writing(again):
        pass
    found, expected = content(again), content(undisturbed)
    assert found.keys() == expected.keys()
    for name, rows_there in expected.items():
        assert found[name] == rows_there, name
    for opened in (again, undisturbed):
        opened.engine.dispose()


@pytest.mark.parametrize("step", ["renamed", "written"])
def test_a_death_between_renaming_and_commit_leaves_only_orphans(home: Home, step: str) -> None:
    take(home, positions("V1", hours=2), "a")
    before = content(home)
    code = (
        "import os, sys\n"
        "from tests.store import test_delivery_of_positions as t\n"
        "from taxi_qa.store import inbox\n"
        "home = t.open_home(sys.argv[1], sys.argv[2])\n"
        "last = {'renamed': 'name_in_manifest', 'written': '_count_presence'}[sys.argv[3]]\n"
        "setattr(inbox, last, lambda *_: os._exit(9))\n"
        "t.take(home, t.positions('V2', hours=2), 'b')\n"
    )
    call = [sys.executable, "-c", code, str(home.path), home.url, step]
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run(call, check=False, cwd=root).returncode == 9
    assert len(content(home)) == len(before) + 1, "an orphan lies there"
    with writing(home):
        pass
    assert content(home) == before
