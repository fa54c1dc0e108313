"""`taxi-qa facts export` on a small queue, from the outside."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.small_city import drive

Call = Callable[..., tuple[int, str, str]]

# A kilometre north and east of the corner.
_SQUARE = {
    "type": "Polygon",
    "coordinates": [[[113.30, 23.10], [113.31, 23.10], [113.31, 23.11], [113.30, 23.11], [113.30, 23.10]]],
}


def _queue(folder: Path, minutes: dict[str, int]) -> Path:
    """Cars that come at 08:00 and load so many minutes later, from a hub that allows a quarter of an hour."""
    folder.mkdir()
    zone = {"zone_id": "H1", "name": "车站", "kind": "hub", "max_wait_min": 15}
    zones = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": zone, "geometry": _SQUARE}],
    }
    (folder / "zones.geojson").write_text(json.dumps(zones), encoding="utf-8")
    positions, trips = ["vehicle_id,time,lon,lat,speed_kmh"], []
    for car, waited in minutes.items():
        steps: list[dict[str, Any]] = [
            {"leave": [113.298, 23.105], "at": "08:00:00"}, {"drive_m": 600, "kmh": 36},
            {"stand_s": waited * 60 - 60, "every_s": 30}, {"drive_m": 5_000, "kmh": 36},
        ]  # fmt: skip
        positions += [
            f"{car},{row['time_ms'] / 1000:.0f},{row['lon']:.7f},{row['lat']:.7f},{row['speed_kmh']}"
            for row in drive(car, steps)
        ]
        trips.append(f"T{car},{car},D{car},2026-10-20T08:{waited:02}:10,2026-10-20T08:50:10,5,20")
    (folder / "positions.csv").write_text("\n".join([*positions, ""]), encoding="utf-8")
    header = "trip_id,vehicle_id,driver_id,boarded_at,alighted_at,metered_km,fare_yuan"
    (folder / "trips.csv").write_text("\n".join([header, *trips, ""]), encoding="utf-8")
    return folder


def test_the_ledger_of_a_queue_of_two(call: Call, home: Path, tmp_path: Path) -> None:
    status, out, err = call("--home", home, "ingest", _queue(tmp_path / "feed", {"A1": 10, "A2": 25}))
    assert status == 0, out + err
    export = ("--home", home, "facts", "export", "hub_ledger", "--out", "-")
    status, out, err = call(*export)
    assert status == 0, err
    rows = {row["driver_id"]: row for row in csv.DictReader(io.StringIO(out)) if row["hub"] == "H1"}
    assert set(rows) == {"DA1", "DA2"}
    # Both entered in the first minute: about ten and twenty-five minutes later they loaded.
    assert [round(float(rows[one]["waited_s"]) / 60) for one in ("DA1", "DA2")] == [10, 25]
    assert [rows[one]["over_max_wait"] for one in ("DA1", "DA2")] == ["0", "1"]
    assert {row["waits_say"] for row in rows.values()} == {"too few turns"}
    status, out, _ = call(*export, "--vehicle", "A2")
    assert [row["driver_id"] for row in csv.DictReader(io.StringIO(out))] == ["DA2", "DA2"]


def test_there_is_no_ledger_of_nothing(call: Call, home: Path) -> None:
    status, _, err = call("--home", home, "facts", "export", "hub_ledger", "--out", "-")
    assert (status, err.count("\n")) == (2, 1)
    assert "nothing to measure" in err
