"""Files of alarms and their events: an event names the digests of what its alarm's files hold.

A file arrives minutes after its alarm, over another port: the event is a record by then, or not yet. What
the lists of files say (`media.note_file`) is therefore put to the events that stand in the home, as
corrections by the door of files, and what stands there already is put to an event that comes again (an alarm
that ends is told a second time, without its files).
"""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from taxi_qa.gateway.media import write_durably
from taxi_qa.ingest.take import take
from taxi_qa.ingest.terminals.camera_rows import SOURCE
from taxi_qa.ingest.terminals.record_rows import Row, text_frames
from taxi_qa.store import library
from taxi_qa.store.device_media import BETWEEN, FOLDER
from taxi_qa.store.home import Home
from taxi_qa.store.turns import in_turn
from taxi_qa.values.clock import MS_PER_DAY

LOG: Final = logging.getLogger("taxi_qa.gateway")
_MARK: Final = "linked.json"
# A terminal's records may reach the home a day after its files; files without an event are told once then.
_WAITS_MS: Final = 2 * MS_PER_DAY
_MOST_WAITING: Final = 20_000
# So often they are asked for again: of codes that are no event there never will be one.
_AGAIN_MS: Final = 300_000
# An alarm's number and its event name the same moment, but for alarms that are told as they end.
_AROUND_MS: Final = MS_PER_DAY
_WAIT_S: Final = 600.0


@dataclass
class _Links:
    """How far each list was read, files whose event is not there yet, and when these were asked for last."""

    read: dict[str, int] = field(default_factory=dict)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    asked_ms: int = 0


def link_files(home: Home, folder: Path, now_ms: int) -> int:
    """Put the digests of files that came since the last call to their events; how many events.

    Args:
        home: where the events are.
        folder: of the gateway.
        now_ms: the present moment.
    """
    links = _known(folder)
    fresh = list(_fresh(folder, links))
    again = bool(links.waiting) and not 0 <= now_ms - links.asked_ms < _AGAIN_MS
    if not fresh and not again:
        return 0
    asked = [*links.waiting, *fresh] if again else fresh
    rows, left = _events_of(home, asked)
    if rows:
        _deliver(home, rows, now_ms)
    waiting = [*([] if again else links.waiting), *left]
    waiting = [one for one in waiting if now_ms - int(one["received_ms"]) < _WAITS_MS]
    if len(waiting) > _MOST_WAITING:
        LOG.warning("%d files of alarms wait for their event: the oldest are left", len(waiting))
    asked_ms = now_ms if again or not links.waiting else links.asked_ms
    kept = {"read": links.read, "waiting": waiting[-_MOST_WAITING:], "asked_ms": asked_ms}
    told = json.dumps(kept, ensure_ascii=False)
    write_durably(folder / FOLDER / _MARK, told.encode())
    return len(rows)


def with_digests(home: Home, events: pd.DataFrame) -> pd.DataFrame:
    """Rows of events with the files that the home's version of the same event names.

    Args:
        home: where.
        events: text columns as of a file (`record_rows`); only those of cameras have files.
    """
    of_cameras = events[events["source"].str.startswith(SOURCE)]
    if of_cameras.empty:
        return events
    told = events.copy()
    moments = pd.to_datetime(of_cameras["time"], utc=True, format="ISO8601").dt.as_unit("ms").astype("int64")
    for vehicle_id, rows in of_cameras.groupby("vehicle_id", sort=False):
        times = moments[rows.index]
        kept = _kept(home, str(vehicle_id), int(times.min()), int(times.max()) + 1)
        for column in ("media", "media_sha256") if len(kept) else ():
            known = dict(zip(kept["event_id"], kept[column], strict=True))
            before = [known.get(name) for name in rows["event_id"]]
            told.loc[rows.index, column] = [
                now or (was if isinstance(was, str) else "")
                for now, was in zip(rows[column], before, strict=True)
            ]
    return told


def _events_of(home: Home, files: Iterable[dict[str, Any]]) -> tuple[list[Row], list[dict[str, Any]]]:
    """Events whose digests grow by these files, and the files whose event is not there."""
    of_car: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for one in files:
        if _moment_of(str(one["alarm"])) is not None and one.get("vehicle_id"):
            of_car.setdefault(str(one["vehicle_id"]), {}).setdefault(str(one["alarm"]), []).append(one)
    rows: list[Row] = []
    left: list[dict[str, Any]] = []
    for vehicle_id, of_alarm in of_car.items():
        moments = [at for at in map(_moment_of, of_alarm) if at is not None]
        kept = _kept(home, vehicle_id, min(moments) - _AROUND_MS, max(moments) + _AROUND_MS)
        events = kept[kept["media"].isin(list(of_alarm))]
        there = set(events["media"])
        left += [one for alarm, some in of_alarm.items() if alarm not in there for one in some]
        for event in events.to_dict("records"):
            before = event["media_sha256"] if isinstance(event["media_sha256"], str) else ""
            some = of_alarm[str(event["media"])]
            named = [*before.split(BETWEEN), *(str(file["sha256"]) for file in some)]
            after = BETWEEN.join(dict.fromkeys(one for one in named if one))
            if after != before:
                told = {str(name): None if pd.isna(value) else value for name, value in event.items()}
                rows.append(told | {"time": told["time_ms"], "media_sha256": after})
    return rows, left


def _kept(home: Home, vehicle_id: str, from_ms: int, to_ms: int) -> pd.DataFrame:
    return library.records(home, "events", vehicle_id=vehicle_id, from_ms=from_ms, to_ms=to_ms)


def _moment_of(alarm: str) -> int | None:
    """The moment an alarm's number names: terminal-milliseconds-number."""
    try:
        return int(alarm.rsplit("-", 2)[1])
    except (IndexError, ValueError):
        return None


def _deliver(home: Home, rows: list[Row], now_ms: int) -> None:
    """Corrections go by the door of files, as every record does."""
    home.staging.mkdir(exist_ok=True)
    at = home.staging / f"alarm-files-{os.getpid()}"
    at.mkdir(exist_ok=True)
    try:
        file = at / "events.parquet"
        text_frames({"events": rows})["events"].to_parquet(file, index=False)
        with in_turn(home, _WAIT_S):
            [report] = take(home, [file], kind="events", now_ms=now_ms, workers=1)
        if report.refused or report.quarantined:
            # Trying again would come to the same; `taxi-qa quarantine` shows the rows.
            LOG.warning("%s events of files are not taken", report.refused or report.quarantined)
    finally:
        shutil.rmtree(at, ignore_errors=True)


def _known(folder: Path) -> _Links:
    path = folder / FOLDER / _MARK
    if not path.exists():
        return _Links()
    told = json.loads(path.read_text(encoding="utf-8"))
    return _Links(dict(told["read"]), list(told["waiting"]), int(told["asked_ms"]))


def _fresh(folder: Path, links: _Links) -> Iterator[dict[str, Any]]:
    """Lines nobody read; a last one that is not whole yet is read next time."""
    lists = sorted((folder / FOLDER).glob("files-*.jsonl"))
    links.read = {name: at for name, at in links.read.items() if name in {path.name for path in lists}}
    for path in lists:
        with path.open("rb") as index:
            index.seek(links.read.get(path.name, 0))
            for line in index:
                if not line.endswith(b"\n"):
                    break
                links.read[path.name] = links.read.get(path.name, 0) + len(line)
                try:
                    told = json.loads(line)
                    told["received_ms"], told["alarm"], told["sha256"]
                except (ValueError, KeyError, TypeError):
                    continue  # cut short by a power cut in an earlier life
                yield told
