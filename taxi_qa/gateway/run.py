"""A gateway as a process: it listens until it is told to end, and closes a segment every so often."""

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taxi_qa.gateway.figures import Figures
from taxi_qa.gateway.journal import open_journal
from taxi_qa.gateway.known import terminals_of
from taxi_qa.gateway.limits import Limits
from taxi_qa.gateway.replies import Replies
from taxi_qa.gateway.serve import Gateway
from taxi_qa.ingest.terminals.frame import Protocol
from taxi_qa.store.device_media import TERMINALS
from taxi_qa.store.home import Home

LOG: Final = logging.getLogger("taxi_qa.gateway")
_REGISTER_EVERY_S: Final = 60.0
_LINE_EVERY_S: Final = 60.0


@dataclass(frozen=True)
class Setup:
    """How a gateway is run.

    Attributes:
        ports: by protocol, 0 for any free one.
        host: address.
        metrics_port: of the counts for Prometheus, None for none.
        dispatch: address and port for the dispatch centre, None for none.
        files: port for files of alarms and its address as terminals reach it, None for none.
        roll_every_s: so long a segment is written before it is closed and becomes records.
        limits: bounds.
    """

    ports: Mapping[Protocol, int]
    host: str
    metrics_port: int | None
    roll_every_s: float
    limits: Limits
    dispatch: tuple[str, int] | None = None
    files: tuple[int, str] | None = None


def folder_of(home: Home) -> Path:
    """Where frames, and what belongs to them, lie."""
    return home.path / TERMINALS


async def run(
    home: Home, setup: Setup, *, now_ms: Callable[[], int], ready: Callable[[Mapping[Protocol, int]], None]
) -> Figures:
    """Serve terminals until SIGTERM or SIGINT.

    Args:
        home: whose register and folder.
        setup: how.
        now_ms: the clock.
        ready: told the ports once it listens.

    Returns:
        What happened.

    Raises:
        OSError: a port is taken.
    """
    folder = folder_of(home)
    journal = await asyncio.to_thread(open_journal, folder / "journal")
    gateway = Gateway(
        journal,
        terminals=await asyncio.to_thread(terminals_of, home),
        replies=Replies(secret_of(folder)),
        limits=setup.limits,
        unknown=folder / "unknown.frames",
        now_ms=now_ms,
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    ports = await gateway.start(setup.ports, setup.host)
    if setup.dispatch is not None:
        await gateway.listen_to_dispatch(*setup.dispatch)
    if setup.files is not None:
        await gateway.listen_to_files(setup.host, *setup.files, folder)
    ready(ports)
    tasks = [
        asyncio.create_task(_every(setup.roll_every_s, gateway.roll)),
        asyncio.create_task(_every(_REGISTER_EVERY_S, lambda: _read_register(home, gateway))),
        asyncio.create_task(_every(_LINE_EVERY_S, lambda: _say(gateway.figures))),
    ]
    metrics = None
    if setup.metrics_port is not None:
        metrics = await asyncio.start_server(_metrics(gateway.figures), setup.host, setup.metrics_port)
    await ended.wait()
    for task in tasks:
        task.cancel()
    if metrics is not None:
        metrics.close()
    await gateway.stop()
    return gateway.figures


def secret_of(folder: Path) -> bytes:
    """The secret the codes of JT808 terminals are made of; made once a home."""
    path = folder / "secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".secret.{os.getpid()}")
        part.write_bytes(secrets.token_bytes(32))
        part.chmod(0o600)
        part.replace(path)
    return path.read_bytes()


async def _every(seconds: float, do: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            told = do()
            if asyncio.iscoroutine(told):
                await told
        except Exception:
            # One round that fails must not end the next ones.
            LOG.exception("a round of the gateway failed")


async def _read_register(home: Home, gateway: Gateway) -> None:
    gateway.terminals = await asyncio.to_thread(terminals_of, home)


def _say(figures: Figures) -> None:
    LOG.info("%s", figures.line())


def _metrics(
    figures: Figures,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            return
        body = figures.prometheus()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\n"
        )
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    return told
