"""Closed segments become records, by the same door as files.

A segment's frames are read in the order they came, with the memory the segment before left; each kind of
their records is written as one file and taken in. The same segment gives the same bytes, so a crash between
costs nothing: it is read again, and what was in already is the same file or the same rows. When all of it is
in, the memory is kept with the segment's name, then the segment goes aside.
"""

import json
import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from taxi_qa import __version__
from taxi_qa.gateway import media
from taxi_qa.gateway.alarm_links import link_files, with_digests
from taxi_qa.gateway.journal import CLOSED, Entry, closed_segments, entries, packed, sync_folder
from taxi_qa.gateway.media import keep_media, write_durably
from taxi_qa.ingest.take import take
from taxi_qa.ingest.terminals.frame import Frame, parse
from taxi_qa.ingest.terminals.records_of import Records, records_of
from taxi_qa.ingest.terminals.state import State
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.device_media import FOLDER, leant_on
from taxi_qa.store.home import Home, HomeError, holding
from taxi_qa.store.turns import in_turn
from taxi_qa.values.clock import MS_PER_DAY

LOG: Final = logging.getLogger("taxi_qa.gateway")
_ORDER: Final = {kind: at for at, kind in enumerate(KINDS)}
_WAIT_S: Final = 600.0
_QUARANTINE: Final = "quarantine"


@dataclass
class Settled:
    """What segments came to.

    Attributes:
        segments: how many.
        frames: read.
        rows, quarantined: by kind.
        left_aside: frames no record was made of, by reason.
        failed: frames on which this program broke; they lie in `quarantine`.
        media: pictures and sounds kept.
    """

    segments: int = 0
    frames: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    left_aside: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    media: int = 0

    def line(self) -> str:
        """One line for people."""
        rows = ", ".join(f"{kind} {many:,}" for kind, many in sorted(self.rows.items())) or "-"
        aside = f"; {sum(self.left_aside.values()):,} 帧未用 frames left aside" if self.left_aside else ""
        refused = sum(self.quarantined.values())
        held = f"; {refused:,} 行隔离 rows quarantined" if refused else ""
        broke = f"; {self.failed:,} 帧程序出错 frames this program broke on" if self.failed else ""
        return f"{self.frames:,} 帧 frames -> {rows}{held}{aside}{broke}"


def settle_closed(
    home: Home,
    folder: Path,
    whose: Mapping[str, str],
    *,
    now_ms: Callable[[], int],
    dialect: str = "standard",
) -> Settled:
    """Make records of every closed segment, the oldest first.

    Args:
        home: where they go.
        folder: of the gateway (`run.folder_of`).
        whose: the vehicle of a terminal by its name in hex.
        now_ms: the clock.
        dialect: of the fleet.

    Raises:
        HomeError: somebody else was writing to the home for ten minutes, or settles the same segments.
    """
    told = Settled()
    waiting = closed_segments(folder / "journal")
    if not waiting:
        return told
    # One that was left behind by a killed gateway may still be at it: memory goes on from segment to segment.
    with holding(folder):
        _settle_all(home, folder, whose, told, now_ms=now_ms, dialect=dialect)
    return told


def _settle_all(
    home: Home,
    folder: Path,
    whose: Mapping[str, str],
    told: Settled,
    *,
    now_ms: Callable[[], int],
    dialect: str,
) -> None:
    for path in closed_segments(folder / "journal"):
        state, done = _memory(folder)
        if path.name != done:
            made = records_of(_frames(path, told), whose, state, dialect)
            told.left_aside += made.counts
            _deliver(home, path, made, told, now_ms)
            for one in made.media:
                # Before the memory is kept: what it says was taken must be there after a power cut, too.
                told.media += keep_media(folder, one.data, one.sha256)
            told.failed += _quarantine(folder, path, made)
            _remember(folder, made.state, path.name)
        told.segments += 1
        aside = folder / "settled"
        aside.mkdir(exist_ok=True)
        path.rename(aside / path.name)
        sync_folder(aside)
        sync_folder(path.parent)


def quarantined(folder: Path) -> int:
    """Frames on which a version of this program broke, kept as they came.

    Args:
        folder: of the gateway.
    """
    return sum(1 for path in closed_segments(folder / _QUARANTINE) for _entry in entries(path))


def try_again(folder: Path) -> int:
    """Put what an earlier version of this program broke on among the segments; how many frames.

    A version tries them once: what it breaks on as well is quarantined anew.

    Args:
        folder: of the gateway.

    Raises:
        HomeError: somebody settles the segments now.
    """
    place = folder / _QUARANTINE
    if not place.exists():
        return 0
    again = 0
    with holding(folder):
        for path in closed_segments(place):
            number, _, name = path.stem.partition("-")
            if name.endswith(_of_this_version()):
                continue
            again += sum(1 for _entry in entries(path))
            path.rename(folder / "journal" / f"{number}-{name}-again{CLOSED}")
        sync_folder(folder / "journal")
        sync_folder(place)
    return again


def drop_old(folder: Path, keep_days: float, now_ms: int, leant_on: Callable[[], Collection[str]]) -> int:
    """Delete settled segments and media older than so many days; how many.

    Args:
        folder: of the gateway.
        keep_days: how many.
        now_ms: the present moment.
        leant_on: the digests that findings lean on: they stay. Only asked where a file is old.
    """
    dropped = 0
    needed: Collection[str] | None = None
    for place, pattern in (("settled", f"*{CLOSED}"), *((FOLDER, one) for one in media.PATTERNS)):
        for path in (folder / place).glob(pattern):
            if path.stat().st_mtime * 1000 >= now_ms - keep_days * MS_PER_DAY:
                continue
            needed = leant_on() if needed is None else needed
            if path.name not in needed:
                path.unlink()
                dropped += 1
    return dropped


def settle_for_ever(  # noqa: PLR0913 - each by name
    home: Home,
    folder: Path,
    whose: Callable[[], Mapping[str, str]],
    *,
    now_ms: Callable[[], int],
    dialect: str,
    keep_days: float,
    every_s: float,
    ended: Callable[[], bool],
    after: Callable[[], None],
) -> None:
    """Settle again and again until told to end, and once more then.

    Args:
        home, folder, now_ms, dialect: as for `settle_closed`.
        whose: reads the register anew.
        keep_days: see `drop_old`.
        every_s: how long to wait where nothing was closed.
        ended: whether to end.
        after: called after every round, whether anything was closed or not.
    """
    last = False
    _try_what_was_left(folder)
    while True:
        try:
            told = settle_closed(home, folder, whose(), now_ms=now_ms, dialect=dialect)
            if told.segments:
                LOG.info("%s", told.line())
                drop_old(folder, keep_days, now_ms(), lambda: leant_on(home))
            link_files(home, folder, now_ms())
            after()
        except HomeError as error:
            LOG.info("%s", error)
        except Exception:
            # The segments stay: the next round tries again, and a clean end must not wait for ever.
            LOG.exception("segments could not be settled; they are kept and tried again")
        if last:
            return
        last = ended()
        if not last:
            time.sleep(every_s)


def _try_what_was_left(folder: Path) -> None:
    try:
        if again := try_again(folder):
            LOG.info("%d frames an earlier version broke on are tried again", again)
    except (HomeError, OSError) as error:
        LOG.warning("what an earlier version broke on is not tried now: %s", error)


def _frames(path: Path, told: Settled) -> Iterator[tuple[int, Frame]]:
    for entry in entries(path):
        told.frames += 1
        try:
            yield entry.received_ms, parse(entry.protocol, entry.raw)
        except ValueError:
            told.left_aside["broken_header"] += 1


def _deliver(home: Home, segment: Path, made: Records, told: Settled, now_ms: Callable[[], int]) -> None:
    """Each kind as one file, who there is before what they did."""
    home.staging.mkdir(exist_ok=True)
    at = home.staging / f"gateway-{segment.stem}-{os.getpid()}"
    at.mkdir(exist_ok=True)
    try:
        files = []
        for kind in sorted(made.tables, key=lambda name: _ORDER[name]):
            file = at / f"{kind}-gateway-{segment.stem}.parquet"
            table = made.tables[kind]
            (with_digests(home, table) if kind == "events" else table).to_parquet(file, index=False)
            files.append((kind, file))
        with in_turn(home, _WAIT_S):
            for kind, file in files:
                [report] = take(home, [file], kind=kind, now_ms=now_ms(), workers=1)
                if report.refused:
                    raise ValueError(report.refused)
                told.rows[kind] += report.accepted + report.corrections
                told.quarantined[kind] += report.quarantined
    finally:
        shutil.rmtree(at, ignore_errors=True)


def _quarantine(folder: Path, segment: Path, made: Records) -> int:
    """Keep the frames on which this program broke, raw, as a segment that a later version tries again."""
    if not made.failed:
        return 0
    place, failed = folder / _QUARANTINE, set(made.failed)
    place.mkdir(exist_ok=True)
    broke = [packed(entry) for entry in entries(segment) if _told(entry) in failed]
    write_durably(place / f"{segment.stem}-{_of_this_version()}{CLOSED}", b"".join(broke))
    LOG.error("%d frames could not be read by a fault of this program; kept in %s", len(broke), place)
    return len(broke)


def _told(entry: Entry) -> tuple[int, Frame] | None:
    try:
        return entry.received_ms, parse(entry.protocol, entry.raw)
    except ValueError:
        return None


def _of_this_version() -> str:
    return f"by{__version__}"


def _memory(folder: Path) -> tuple[State | None, str]:
    """What the last settled segment left, and its name."""
    path = folder / "memory.json"
    if not path.exists():
        return None, ""
    told = json.loads(path.read_text(encoding="utf-8"))
    return State.from_text(told["state"]), str(told["segment"])


def _remember(folder: Path, state: State, segment: str) -> None:
    told = json.dumps({"segment": segment, "state": state.to_text()}, ensure_ascii=False)
    write_durably(folder / "memory.json", told.encode())
