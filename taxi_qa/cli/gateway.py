"""`taxi-qa gateway`: terminals over TCP."""

import logging
import os
import sys
from typing import TYPE_CHECKING

import click

from taxi_qa.cli.command import Command, Place, now_ms, opened, place_of
from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.context import SpawnProcess
    from multiprocessing.synchronize import Event as EventType

    from taxi_qa.ingest.terminals.frame import Protocol
    from taxi_qa.store.home import Home

# A socket each, beside those of files.
_BESIDE_SOCKETS = 50
_LOOK_EVERY_S = 1.0
_NICER = 10
# So long a clean end waits for the last records.
_SETTLE_S = 120.0


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where it listens.")
@click.option(
    "--jt905-port",
    type=click.IntRange(0, 65_535),
    metavar="N",
    help="Port of JT/T 905 terminals; 0: any free one.  [default: not served]",
)
@click.option(
    "--jt808-port",
    type=click.IntRange(0, 65_535),
    metavar="N",
    help="Port of JT/T 808 terminals; 0: any free one.  [default: not served]",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    metavar="N",
    help="Port of the counts, as Prometheus reads them.  [default: none]",
)
@click.option(
    "--dispatch-port",
    type=click.IntRange(1, 65_535),
    metavar="N",
    help="Port on which the dispatch centre offers rides (0x8B00, 0x8B01, 0x8B09).  [default: none]",
)
@click.option(
    "--dispatch-host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where that port is; never one that terminals reach.",
)
@click.option(
    "--files-port",
    type=click.IntRange(1, 65_535),
    metavar="N",
    help="Port to which JT/T 808 terminals bring files of camera alarms.  [default: none are asked for]",
)
@click.option(
    "--files-host",
    metavar="ADDRESS",
    help="Its address as terminals reach it.  [default: --host]",
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.2, 3600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="So often what came in is closed, to become records.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 1_000_000),
    default=40_000,
    show_default=True,
    metavar="N",
    help="Open at once at most.",
)
@click.option(
    "--dialect",
    default="standard",
    show_default=True,
    metavar="NAME",
    help="Of the fleet's camera items and layouts: standard, jsatl, gdrta, fleety ...; joined: gdrta+fleety.",
)
@click.option(
    "--keep-days",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    metavar="N",
    help="How long frames that became records, and pictures, are kept.",
)
@click.option("--judge", is_flag=True, help="Judge what records came in of, and keep the days of hubs.")
@click.option(
    "--judge-every",
    "judge_every_s",
    type=click.FloatRange(1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --judge: so often the cars that records came in of, or as often as a round takes.",
)
@click.option(
    "--judge-whole-every",
    "judge_whole_s",
    type=click.FloatRange(0),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="With --judge: so often whole days of the whole city, with the day before.",
)
@click.option("--no-records", is_flag=True, help="Keep frames only: another gateway makes records of them.")
@click.pass_context
def gateway(
    ctx: click.Context,
    host: str,
    jt905_port: int | None,
    jt808_port: int | None,
    metrics_port: int | None,
    dispatch_port: int | None,
    dispatch_host: str,
    files_port: int | None,
    files_host: str | None,
    every_s: float,
    connections: int,
    dialect: str,
    keep_days: float,
    judge: bool,
    judge_every_s: float,
    judge_whole_s: float,
    no_records: bool,
) -> None:
    """Take in what terminals send.

    Only terminals the register of vehicles names (terminal_id) are heard. A frame is answered once it is
    durable, and not before; what was answered is never lost. Ends with Ctrl-C or SIGTERM.
    """
    import asyncio

    from taxi_qa.gateway.known import terminals_of
    from taxi_qa.gateway.limits import Limits
    from taxi_qa.gateway.run import Setup, run

    ports: dict[Protocol, int] = {}
    if jt905_port is not None:
        ports["jt905"] = jt905_port
    if jt808_port is not None:
        ports["jt808"] = jt808_port
    if not ports:
        raise click.UsageError("say which terminals there are: --jt905-port N, --jt808-port N, or both")
    home = opened(ctx)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("taxi_qa.gateway").setLevel(logging.INFO)
    known = len(terminals_of(home))
    if not known:
        note("no vehicle of the register has a terminal_id: nobody will be heard")
    _allow_sockets(connections)

    def ready(found: "Mapping[Protocol, int]") -> None:
        for protocol, port in found.items():
            note(f"{protocol} on {host}:{port}, {known:,} terminals known  (Ctrl-C ends it)")

    dispatch = None if dispatch_port is None else (dispatch_host, dispatch_port)
    files = _files_at(files_port, files_host or host)
    setup = Setup(ports, host, metrics_port, every_s, Limits(connections=connections), dispatch, files)
    if judge and no_records:
        raise click.UsageError("without records there is nothing to judge: leave out --judge or --no-records")
    judged_s = (judge_every_s, judge_whole_s) if judge else None
    settler = None if no_records else _settler(place_of(ctx), dialect, keep_days, judged_s)
    try:
        figures = asyncio.run(run(home, setup, now_ms=now_ms, ready=ready))
    except OSError as error:
        raise click.UsageError(f"cannot listen on {host}: {error.strerror}; choose another port") from None
    finally:
        if settler is not None:
            process, ended = settler
            ended.set()
            process.join(_SETTLE_S)
    note(figures.line())


def _files_at(port: int | None, host: str) -> tuple[int, str] | None:
    if port is not None and host in {"0.0.0.0", "::"}:  # noqa: S104 - refused here
        raise click.UsageError("say where terminals reach the port of files: --files-host ADDRESS")
    return None if port is None else (port, host)


def _settler(
    place: Place, dialect: str, keep_days: float, judge_s: tuple[float, float] | None
) -> "tuple[SpawnProcess, EventType]":
    """A process of its own makes the records: it must not take the sockets' time."""
    import multiprocessing

    from taxi_qa.ingest.terminals.dialects import dialect_named

    try:
        dialect_named(dialect)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--dialect") from None
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    process = context.Process(
        target=_settle, args=(place, dialect, keep_days, judge_s, ended, os.getpid()), daemon=True
    )
    process.start()
    return process, ended


def _settle(
    place: Place,
    dialect: str,
    keep_days: float,
    judge_s: tuple[float, float] | None,
    ended: "EventType",
    parent: int,
) -> None:
    """What that process does, until it is told to end or its gateway is gone."""
    import signal

    from taxi_qa.gateway.known import terminals_of
    from taxi_qa.gateway.run import folder_of
    from taxi_qa.gateway.settle import settle_for_ever
    from taxi_qa.store.home import open_home

    # Ctrl-C reaches both; this one ends when the gateway has closed its last segment.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("taxi_qa.gateway").setLevel(logging.INFO)
    # The sockets go first where both share a core.
    os.nice(_NICER)
    home = open_home(place.home, place.database)
    settle_for_ever(
        home, folder_of(home), lambda: terminals_of(home), now_ms=now_ms, dialect=dialect,
        keep_days=keep_days, every_s=_LOOK_EVERY_S,
        ended=lambda: ended.is_set() or os.getppid() != parent,
        after=(lambda: None) if judge_s is None else _judge(home, *judge_s),
    )  # fmt: skip


def _judge(home: "Home", every_s: float, whole_every_s: float) -> "Callable[[], None]":
    """Judge what is due, once in so many seconds at most; whole days in another so many."""
    import time

    from taxi_qa.gateway.judge import judge_due
    from taxi_qa.gateway.run import folder_of
    from taxi_qa.values.clock import date_of

    last_s = -every_s

    def due() -> None:
        nonlocal last_s
        if time.monotonic() - last_s < every_s:
            return
        judged = judge_due(home, folder_of(home), now_ms=now_ms(), whole_every_s=whole_every_s)
        last_s = time.monotonic()
        if judged.days:
            told = ", ".join(str(date_of(day)) for day in judged.days[-3:])
            logging.getLogger("taxi_qa.gateway").info(
                "judged 已判 %s (%d): %d / %d", told, len(judged.days), judged.jobs, judged.of_jobs
            )

    return due


def _allow_sockets(connections: int) -> None:
    """As many open files as the system lets this process have."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _BESIDE_SOCKETS
    allowed = wanted
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            # Only the system's administrator may ask for more than the hard limit.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, OSError):
            allowed = hard
    if soft < allowed <= hard or hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    if allowed < wanted:
        note(f"the system allows {allowed:,} open files: about {allowed - _BESIDE_SOCKETS:,} connections")
