"""A made city through a gateway and from files: what either knows, and what the rules say of it."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import pandas as pd

from taxi_qa.cli.lab import fleet_files
from taxi_qa.cli.lab_score import fleet_home, judged, made_of, take_all
from taxi_qa.cli.progress import Progress
from taxi_qa.gateway.alarm_links import link_files
from taxi_qa.gateway.journal import open_journal
from taxi_qa.gateway.known import terminals_of
from taxi_qa.gateway.limits import Limits
from taxi_qa.gateway.replies import Replies
from taxi_qa.gateway.run import folder_of, secret_of
from taxi_qa.gateway.serve import Gateway
from taxi_qa.gateway.settle import Settled, settle_closed
from taxi_qa.lab.terminals.cabin_words import CAMERA_DIALECT
from taxi_qa.lab.terminals.drive import Driven, Reach, arrival_ms, drive
from taxi_qa.lab.terminals.sayings import SPOKEN_KINDS, cars_of
from taxi_qa.lab.terminals.spoken import Row, Spoken
from taxi_qa.records.kinds import KINDS
from taxi_qa.store.device_media import held
from taxi_qa.store.export import MISSING
from taxi_qa.store.home import Home
from taxi_qa.store.library import data_span, partitions, raw_positions, records

_SEGMENT_MS: Final = 6 * 3_600_000
_REGISTERS: Final = ("companies", "drivers", "vehicles", "zones")
_HOST: Final = "127.0.0.1"
# Made by whoever reads the frames, from their content.
_IDS: Final = frozenset({"trip_id", "event_id"})
_INSTANTS: Final = frozenset(
    {
        "time", "received_at", "boarded_at", "alighted_at", "start", "end", "from", "to", "accepted_at",
        "pickup_due", "cancelled_at",
    }
)  # fmt: skip
_WHOSE: Final = ("rule", "vehicle_id", "driver_id", "start", "measured")
_NEAR: Final = pd.Timedelta(minutes=2)
_SAID: Final = ["rule", "verdict", "vehicle_id", "driver_id", "start", "end", "measured", "allowed"]


@dataclass(frozen=True)
class Way:
    """One way a city took into a home.

    Attributes:
        rows: of each kind terminals bring, without ids.
        said: what the rules say.
    """

    rows: dict[str, pd.DataFrame]
    said: pd.DataFrame


@dataclass(frozen=True)
class Compared:
    """A city by its three ways.

    Attributes:
        files: as `lab make` wrote it.
        known: the records as they are once terminals have told them, from files.
        sent: the same told by terminals to a gateway.
        driven, settled: what terminals did, and what the gateway made of it.
        lost: what no message can say: values, by kind and column.
        not_kept: pictures that terminals sent and the gateway does not hold.
    """

    files: Way
    known: Way
    sent: Way
    driven: Driven
    settled: Settled
    lost: Counter[tuple[str, str]]
    not_kept: int


def compare(
    folder: Path, *, step_s: int, loss: float, seed: int, workers: int | None, judge: bool = True
) -> Compared:
    """Take a made city into three homes, judge them, and throw them away.

    Args:
        folder: of `lab make`.
        step_s: of the city's clock while terminals speak.
        loss: share of answers that do not reach the terminals.
        seed: of what is lost.
        workers: processes; None: one a core.
        judge: whether the rules are asked; else only the records are compared.

    Raises:
        click.UsageError: the folder is none that `lab make` wrote, or its files were refused.
    """
    made = made_of(folder)
    with tempfile.TemporaryDirectory(prefix="taxi_qa-lab-") as name, Progress(folder.name) as progress:
        place = Path(name)
        cars = told_city(folder, step_s)
        others = [path for path in fleet_files(folder) if not path.stem.startswith(SPOKEN_KINDS)]
        registers = [path for path in others if path.stem in _REGISTERS]

        home = fleet_home(place / "files", folder, made, progress)
        take_all(home, fleet_files(folder), progress, workers)
        files = _way(home, progress, workers, judge=judge)

        home = fleet_home(place / "known", folder, made, progress)
        take_all(home, others, progress, workers)
        _take_rows(home, place, cars, progress, left_only=False)
        known = _way(home, progress, workers, judge=judge)

        home = fleet_home(place / "sent", folder, made, progress)
        take_all(home, registers, progress, workers)
        _take_rows(home, place, cars, progress, left_only=True)
        driven, settled = asyncio.run(_through_gateway(home, cars, step_s * 1000, loss, seed, progress))
        not_kept = _not_kept(home, cars)
        _take_later(home, place, [path for path in others if path not in registers], cars, progress)
        sent = _way(home, progress, workers, judge=judge)
    lost = sum((car.lost for car in cars), Counter[tuple[str, str]]())
    return Compared(files, known, sent, driven, settled, lost, not_kept)


def _not_kept(home: Home, cars: Iterable[Spoken]) -> int:
    """Pictures that were sent, by alarm or by themselves, and do not lie in the home."""
    sent = {digest for car in cars for digest in car.pictures}
    sent |= {row["media_sha256"] for car in cars for row in car.known.get("events", []) if row.get("media")}
    return sum(held(home, digest).path is None for digest in sent)


def told_city(folder: Path, step_s: int, later_days: int = 0) -> list[Spoken]:
    """The cars of a made city, told.

    Raises:
        click.UsageError: a file of the city cannot be read.
    """
    try:
        return cars_of(folder, lambda at_ms: arrival_ms(at_ms, step_s * 1000), later_days)
    except (OSError, ValueError, KeyError) as error:
        raise click.UsageError(
            f"{folder}: a file of the city cannot be read ({type(error).__name__}: {error}); make it again"
            " with `taxi-qa lab make`"
        ) from None


def _way(home: Home, progress: Progress, workers: int | None, *, judge: bool) -> Way:
    said = judged(home, progress, workers) if judge else pd.DataFrame(columns=[*_SAID, MISSING])
    rows = {kind: _rows(home, kind) for kind in SPOKEN_KINDS}
    home.engine.dispose()
    return Way(rows, said)


def _rows(home: Home, kind: str) -> pd.DataFrame:
    """The rows of a kind without ids, in an order that does not depend on how they came."""
    if kind == "positions":
        span = data_span(home) or (0, 0)
        found = [raw_positions(home, *one) for one in partitions(home, 0, max(span[1], 40_000), kind=kind)]
        table = pd.concat(found) if found else pd.DataFrame()
    else:
        table = records(home, kind)
    kept = [name for name in table.columns if name not in _IDS]
    told = table[kept].astype(object).where(table[kept].notna(), None).map(_plain)
    return told.sort_values(kept, key=lambda column: column.map(str), ignore_index=True)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell
    return str(value) if isinstance(value, list | dict) else value


def _take_rows(
    home: Home, place: Path, cars: Iterable[Spoken], progress: Progress, *, left_only: bool
) -> None:
    """Rows of the kinds terminals bring, as files: what no terminal says, and what one could know."""
    for kind in SPOKEN_KINDS:
        left = [row for car in cars for row in car.left.get(kind, [])]
        known = [] if left_only else [row for car in cars for row in car.known.get(kind, [])]
        for name, rows in (("left", left), ("known", known)):
            if rows:
                file = place / f"{kind}-{name}.parquet"
                _as_texts(rows).to_parquet(file, index=False)
                take_all(home, [file], progress, 1, kind)


def _take_later(home: Home, place: Path, files: list[Path], cars: list[Spoken], progress: Progress) -> None:
    """What people write afterwards, of trips by the names the home gave them."""
    names = {}
    for row in records(home, "trips").to_dict("records"):
        names[row["vehicle_id"], row["boarded_ms"], row["alighted_ms"]] = row["trip_id"]
    named = {
        row["trip_id"]: names.get((row["vehicle_id"], row["boarded_at"], row["alighted_at"]), row["trip_id"])
        for car in cars
        for row in car.known.get("trips", [])
    }
    for file in files:
        told = file
        if file.suffix == ".csv":
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
            if "trip_id" in table:
                told = place / file.name
                table.assign(trip_id=table["trip_id"].replace(named)).to_csv(told, index=False)
        take_all(home, [told], progress, 1)


def _as_texts(rows: list[Row]) -> pd.DataFrame:
    """Cells as a file has them: what is a number in a column of instants is one, in ISO 8601."""
    columns = dict.fromkeys(name for row in rows for name in row)
    return pd.DataFrame(
        {
            name: [
                _moment(row[name])
                if name in _INSTANTS and isinstance(row.get(name), int)
                else _cell(row.get(name))
                for row in rows
            ]
            for name in columns
        },
        dtype=object,
    )


def _moment(at_ms: int) -> str:
    return pd.Timestamp(at_ms, unit="ms", tz="UTC").isoformat()


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a row holds
    if value is None or value != value:  # noqa: PLR0124 - not a number
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.7f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


async def _through_gateway(
    home: Home, cars: list[Spoken], step_ms: int, loss: float, seed: int, progress: Progress
) -> tuple[Driven, Settled]:
    """Drive a gateway whose clock is the city's, and make records of what it kept."""
    folder = folder_of(home)
    clock = _Clock()
    whose = terminals_of(home)
    gateway = Gateway(
        open_journal(folder / "journal"), terminals=whose, replies=Replies(secret_of(folder)),
        limits=Limits(frames_per_s=1_000_000), unknown=folder / "unknown.frames", now_ms=clock,
    )  # fmt: skip
    ports = await gateway.start({"jt905": 0, "jt808": 0}, _HOST)
    dispatch = await gateway.listen_to_dispatch(_HOST, 0)
    await gateway.listen_to_files(_HOST, 0, _HOST, folder)

    async def tick(at_ms: int) -> None:
        if at_ms // _SEGMENT_MS != clock.at_ms // _SEGMENT_MS:
            await gateway.roll()
        clock.at_ms = at_ms

    driven = await drive(
        cars, Reach(_HOST, ports["jt905"], ports["jt808"], dispatch, takes_files=True),
        tick=tick, step_ms=step_ms, loss=loss, seed=seed, progress=progress,
    )  # fmt: skip
    await gateway.stop()
    settled = await asyncio.to_thread(
        settle_closed, home, folder, whose, now_ms=clock, dialect=CAMERA_DIALECT
    )
    await asyncio.to_thread(link_files, home, folder, clock())
    return driven, settled


class _Clock:
    """The city's time."""

    at_ms = 0

    def __call__(self) -> int:
        return self.at_ms


# --- what differs ---


def rows_that_differ(known: Way, sent: Way) -> dict[str, pd.DataFrame]:
    """By kind, rows that stand in one of the two only, with where (`left_only`: known and not sent)."""
    found = {}
    for kind in SPOKEN_KINDS:
        one, other = known.rows[kind], sent.rows[kind]
        columns = [
            column.name for column in KINDS[kind].columns if column.name in one or column.name in other
        ]
        differing = _differing(one, other, [*dict.fromkeys([*one.columns, *columns])])
        if len(differing):
            found[kind] = differing
    return found


def said_differently(one: Way, other: Way) -> pd.DataFrame:
    """What the rules say of one way only, with which (`left_only`: the first)."""
    return _differing(one.said, other.said, _SAID)


def _differing(one: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    sides = []
    for table in (one, other):
        texts = (
            table.reindex(columns=columns)
            .astype(object)
            .map(lambda value: "" if pd.isna(value) else str(value))
        )
        # Equal rows are told apart by their number, so that one too many is seen.
        sides.append(texts.assign(nth=texts.groupby(columns).cumcount()))
    merged = sides[0].merge(sides[1], how="outer", indicator="where")
    return merged[merged["where"] != "both"].drop(columns="nth")


def by_rule(compared: Compared) -> pd.DataFrame:
    """Found and cannot tell of each rule on each way."""
    columns = {}
    for name, way in (("files", compared.files), ("known", compared.known), ("gateway", compared.sent)):
        for verdict in ("found", "cannot_tell"):
            rows = way.said[way.said["verdict"] == verdict]
            columns[f"{name}_{verdict}"] = rows.groupby("rule").size()
    return pd.DataFrame(columns).fillna(0).astype(int).sort_index()


def cost_and_added(compared: Compared) -> pd.DataFrame:
    """Found by files or through the gateway alone, with what the other way says of it instead.

    The same act may have begun some minutes apart: trips of terminals are told by the minute.

    Returns:
        by ("files" or "gateway": who alone found it), rule, vehicle_id, driver_id, start, measured, instead
        ("" nothing, else the verdict and what was missing).
    """
    ways = {"files": _with_moments(compared.files.said), "gateway": _with_moments(compared.sent.said)}
    found = []
    for by, other in (("files", "gateway"), ("gateway", "files")):
        mine, theirs = ways[by], ways[other]
        for one in mine[mine["verdict"] == "found"].to_dict("records"):
            near = theirs[
                (theirs["rule"] == one["rule"])
                & (theirs["vehicle_id"] == one["vehicle_id"])
                & (theirs["began"] <= one["ended"] + _NEAR)
                & (theirs["ended"] >= one["began"] - _NEAR)
            ]
            if not (near["verdict"] == "found").any():
                instead = " ".join(near[["verdict", MISSING]].iloc[0]) if len(near) else ""
                found.append((by, *(one[name] for name in _WHOSE), instead))
    return pd.DataFrame(found, columns=["by", *_WHOSE, "instead"])


def _with_moments(said: pd.DataFrame) -> pd.DataFrame:
    texts = said.assign(**{name: said[name].fillna("") for name in ("vehicle_id", "driver_id", MISSING)})
    start, end = (pd.to_datetime(said[name], utc=True, format="ISO8601") for name in ("start", "end"))
    return texts.assign(began=start, ended=end)
