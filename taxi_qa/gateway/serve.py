"""The gateway: one port a protocol, and no answer before its frame is durable.

Frames that come while the disk syncs wait together for the next sync, one thread writes them all, then all of
their answers go out: the busier it is, the more frames share a sync. While the disk cannot keep up the
sockets are not read, and TCP slows the terminals down; nothing is dropped.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from taxi_qa.gateway.alarm_files import FileSocket, asking, labels_of
from taxi_qa.gateway.connection import Connection
from taxi_qa.gateway.dispatch import HANDED_ON, NOT_THERE, Dispatcher
from taxi_qa.gateway.figures import Figures
from taxi_qa.gateway.journal import Entry, Journal, packed
from taxi_qa.gateway.limits import Limits
from taxi_qa.gateway.replies import Replies
from taxi_qa.ingest.terminals.frame import Frame, Protocol
from taxi_qa.ingest.terminals.framing import escape

LOG: Final = logging.getLogger("taxi_qa.gateway")
_LOOK_EVERY_S: Final = 5.0
_TRY_AGAIN_S: Final = 1.0
_POSITION: Final = 0x0200


@dataclass
class _Batch:
    """What the next sync makes durable: entries, and whom to answer."""

    data: list[bytes] = field(default_factory=list)
    answers: list[tuple[Connection, Frame, float]] = field(default_factory=list)
    relays: list[tuple[Dispatcher, Frame, bytes]] = field(default_factory=list)


class Gateway:
    """What all connections share.

    Attributes:
        terminals: terminal -> vehicle; replaced by whoever reads the register anew.
        limits: how much it lets itself be asked for.
        figures: what happened.
        now_ms: the clock of entries.
        dispatchers: sockets of the dispatch centre.
        file_sockets: of terminals that bring files of alarms.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        terminals: Mapping[str, str],
        replies: Replies,
        limits: Limits | None = None,
        unknown: Path | None = None,
        now_ms: Callable[[], int],
    ) -> None:
        """Begin.

        Args:
            journal: where frames are made durable.
            terminals: as `known.terminals_of`.
            replies: what is answered.
            limits: of its own; the usual ones if None.
            unknown: file for frames of unknown terminals; they are only counted if None.
            now_ms: the clock.
        """
        self.terminals, self.limits, self.figures = terminals, limits or Limits(), Figures()
        self.now_ms = now_ms
        self._journal, self._replies, self._unknown = journal, replies, unknown
        self._unknown_bytes = unknown.stat().st_size if unknown is not None and unknown.exists() else 0
        self._numbers = 0
        self._open: set[Connection] = set()
        self._by_terminal: dict[str, set[Connection]] = {}
        self._batch, self._wake = _Batch(), asyncio.Event()
        self._full: set[Connection] = set()
        self._writer = ThreadPoolExecutor(1, "journal")
        self.dispatchers: set[Dispatcher] = set()
        self.file_sockets: set[FileSocket] = set()
        # Where terminals bring files, as they reach it; None: they are not asked for any.
        self._files_at: tuple[str, int] | None = None
        self._asked = 0
        self._servers: list[asyncio.Server] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False

    # --- beginning and end ---

    async def start(self, ports: Mapping[Protocol, int], host: str) -> dict[Protocol, int]:
        """Listen.

        Args:
            ports: by protocol, 0 for any free one.
            host: address.

        Returns:
            The ports it listens on.

        Raises:
            OSError: a port is taken.
        """
        loop, found = asyncio.get_running_loop(), {}
        for protocol, port in ports.items():
            made = partial(Connection, self, protocol)
            server = await loop.create_server(made, host, port, backlog=4096)
            self._servers.append(server)
            found[protocol] = int(server.sockets[0].getsockname()[1])
        self._tasks = [asyncio.create_task(self._commit()), asyncio.create_task(self._look())]
        return found

    async def listen_to_dispatch(self, host: str, port: int) -> int:
        """Listen to the dispatch centre, after `start`.

        Args:
            host: address; whoever reaches it can offer rides, so it is none that terminals reach.
            port: 0 for any free one.

        Returns:
            The port.

        Raises:
            OSError: it is taken.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(partial(Dispatcher, self), host, port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def listen_to_files(self, host: str, port: int, reached_at: str, folder: Path) -> int:
        """Take files of alarms, after `start`, and ask terminals for them from now on.

        Args:
            host: address.
            port: 0 for any free one.
            reached_at: the address as terminals reach it.
            folder: of the gateway; files lie in `media`.

        Returns:
            The port.

        Raises:
            OSError: it is taken.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(partial(FileSocket, self, folder), host, port)
        self._servers.append(server)
        found = int(server.sockets[0].getsockname()[1])
        self._files_at = (reached_at, found)
        return found

    def file_bytes(self, *, without: FileSocket) -> int:
        """Room that files begun over all the other sockets may need."""
        return sum(one.begun_bytes for one in self.file_sockets if one is not without)

    async def stop(self) -> Path | None:
        """Read nothing more, make durable and answer what was read, close the sockets, then the segment.

        Returns:
            The segment, None where nothing was written to it or all has ended before.
        """
        if self._ending:
            return None
        for server in self._servers:
            server.close()
        for one in self._open:
            one.wait("ending")
        self._ending = True
        self._wake.set()
        await self._tasks[0]
        self._tasks[1].cancel()
        for one in list(self._open):
            one.close("ending")
        for centre in list(self.dispatchers):
            centre.close()
        for bringing in list(self.file_sockets):
            bringing.close()
        # Their buffers go out on the loop's next turns.
        for _ in range(50):
            if not self._open:
                break
            await asyncio.sleep(0.02)
        closed = await self.roll()
        self._writer.shutdown()
        return closed

    async def roll(self) -> Path | None:
        """Close the segment that is being written, between two syncs."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._journal.roll)

    # --- connections ---

    def welcome(self, connection: Connection) -> bool:
        """A new connection: False where there are too many."""
        if self._ending or len(self._open) >= self.limits.connections:
            self.figures.counts["turned away"] += 1
            return False
        self._numbers += 1
        connection.number = self._numbers
        self._open.add(connection)
        self.figures.connections = len(self._open)
        self.figures.counts["connected"] += 1
        return True

    def gone(self, connection: Connection) -> None:
        """A connection ended."""
        self._open.discard(connection)
        self._full.discard(connection)
        self.figures.connections = len(self._open)
        if connection.terminal:
            self._leave(connection)

    def named(self, connection: Connection, terminal: str) -> None:
        """A connection says which terminal it is; two that say the same are both heard, and told of."""
        if connection.terminal:
            self._leave(connection)
        others = self._by_terminal.setdefault(terminal, set())
        others.add(connection)
        if len(others) > 1:
            self.figures.counts["twice"] += 1
            LOG.warning("a terminal speaks over %d connections at once: %s", len(others), _numbers(others))

    def _leave(self, connection: Connection) -> None:
        others = self._by_terminal.get(connection.terminal, set())
        others.discard(connection)
        if not others:
            self._by_terminal.pop(connection.terminal, None)

    # --- frames ---

    def keep(self, connection: Connection, frame: Frame, entry: bytes, now_s: float) -> None:
        """A frame of a known terminal: to the next sync."""
        self._batch.data.append(entry)
        self._batch.answers.append((connection, frame, now_s))
        self.figures.pending_bytes += len(entry)
        if self.figures.pending_bytes > self.limits.pending_bytes and connection not in self._full:
            self._full.add(connection)
            connection.wait("disk")
            self.figures.counts["slowed"] += 1
        self._wake.set()

    def speaking(self, terminal: str) -> Connection | None:
        """The connection a terminal of JT905 speaks over now: the youngest, where there are two."""
        mine = [one for one in self._by_terminal.get(terminal, ()) if one.protocol == "jt905"]
        return max(mine, key=lambda one: one.number, default=None)

    def relay(self, dispatcher: Dispatcher, frame: Frame, raw: bytes, entry: bytes) -> None:
        """A word of the dispatch centre: to the next sync, then to its terminal."""
        self._batch.data.append(entry)
        self._batch.relays.append((dispatcher, frame, raw))
        self.figures.pending_bytes += len(entry)
        self._wake.set()

    def keep_unknown(self, protocol: Protocol, raw: bytes) -> None:
        """A frame nobody knows the sender of: kept as far as there is room, never answered."""
        self.figures.counts["unknown"] += 1
        if self._unknown is None or self._unknown_bytes > self.limits.unknown_bytes:
            return
        entry = packed(Entry(self.now_ms(), protocol, 0, raw))
        with self._unknown.open("ab") as file:
            file.write(entry)
        self._unknown_bytes += len(entry)

    async def _commit(self) -> None:
        """Make batch after batch durable, and answer it."""
        loop, told = asyncio.get_running_loop(), False
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._batch = self._batch, _Batch()
            data = b"".join(batch.data)
            while data:
                try:
                    await loop.run_in_executor(self._writer, self._journal.append, data)
                    break
                except OSError as error:
                    if not told:
                        LOG.error("%s: nothing is answered until it can be written", error.strerror)  # noqa: TRY400
                        told = True
                    self.figures.counts["write failed"] += 1
                    if self._ending:
                        return  # unanswered: the terminals send it again
                    await asyncio.sleep(_TRY_AGAIN_S)
            if data and told:
                LOG.warning("written again")
                told = False
            self._answer(batch, len(data))
            if self._ending and not self._batch.data:
                return

    def _answer(self, batch: _Batch, size: int) -> None:
        now_s = time.monotonic()
        out: dict[Connection, list[bytes]] = {}
        for connection, frame, came_s in batch.answers:
            said = self._replies.to(frame)
            if said:
                out.setdefault(connection, []).append(said)
            if self._files_at is not None and frame.protocol == "jt808" and frame.message_id == _POSITION:
                out.setdefault(connection, []).extend(self._questions(frame, *self._files_at))
            self.figures.waited(now_s - came_s)
        for connection, parts in out.items():
            connection.send(b"".join(parts))
            self.figures.counts["answers"] += len(parts)
        for dispatcher, frame, raw in batch.relays:
            terminal = self.speaking(frame.terminal)
            if terminal is not None:
                terminal.send(escape(raw[:-1]))
                self.figures.counts["handed on"] += 1
            dispatcher.answer(frame, NOT_THERE if terminal is None else HANDED_ON)
        self.figures.pending_bytes -= size
        if self._full and self.figures.pending_bytes <= self.limits.pending_bytes // 2:
            full, self._full = self._full, set()
            for connection in full:
                connection.go_on("disk")

    def _questions(self, frame: Frame, host: str, port: int) -> list[bytes]:
        """What is asked of a terminal whose alarm has files."""
        asked = []
        for label in labels_of(frame.body):
            self._asked = (self._asked + 1) & 0xFFFF
            asked.append(asking(frame, label, host, port, self._asked))
        self.figures.counts["files asked for"] += len(asked)
        return asked

    async def _look(self) -> None:
        """Close connections that say nothing."""
        while True:
            await asyncio.sleep(min(_LOOK_EVERY_S, self.limits.silent_s / 2))
            now_s = time.monotonic()
            for one in list(self._open):
                if now_s - one.heard_s > self.limits.idle_s:
                    one.close("idle")
                elif not one.terminal and now_s - one.began_s > self.limits.silent_s:
                    one.close("silent")


def _numbers(connections: set[Connection]) -> str:
    return ", ".join(f"connection {one.number}" for one in sorted(connections, key=lambda one: one.number))
