"""How many reports the gateway takes in on one core, how long their answers take, and whether any is lost.

The gateway runs as people start it, pinned to one core; made terminals run in another process on another.

    scripts/bench gateway [--terminals 20000] [--every 10] [--minutes 10] [--flood-terminals 500]
                          [--flood-s 30] [--kills 0] [--chaos 0]

First `--terminals` report once in `--every` seconds for `--minutes`, some of them ten records at once; then
`--flood-terminals` send as fast as they are answered. With `--kills N` the gateway is killed (SIGKILL) N
times under load. With `--chaos SECONDS` honest terminals report alone, then among garbage, wrong checksums,
segments of a byte, unknown terminals, readers that never read and 5,000 connections that say nothing. At the
end every record that was answered is looked for in the home.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.check_run import peak_mb  # noqa: E402
from taxi_qa.gateway.journal import OPEN, closed_segments, entries  # noqa: E402
from taxi_qa.ingest.terminals.frame import compose  # noqa: E402
from taxi_qa.ingest.terminals.framing import Splitter  # noqa: E402

_BURST: Final = 10
# JT905 counts a degree in so many units; the records of half a day are told apart by their second.
_UNITS: Final = 600_000
_SECONDS: Final = 43_200
_NOON_MS: Final = 1_760_414_400_000  # 2025-10-14 12:00 in Shanghai
_BESIDE_SOCKETS: Final = 100
_CHANCE: Final = random.Random(7)  # noqa: S311 - of a benchmark
_SHARE_OF_BURSTS: Final = 20


def terminal_id(number: int) -> str:
    """The number of a made terminal: 10 at the front, as JT905 asks for."""
    return f"10{number:010d}"


def report(terminal: str, serial: int, record: int) -> bytes:
    """A position whose second and latitude tell its number: every record of a terminal is one of its kind."""
    number = record & 0xFFFFFFFF
    second, degrees = number % _SECONDS, 23 * _UNITS + number // _SECONDS
    clock = f"251014{12 + second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"
    body = struct.pack(">IIIIHB", 0, 1 << 8, degrees, 113 * _UNITS, 300, 45) + bytes.fromhex(clock)
    return compose("jt905", 0x0200, terminal, serial, body)


def record_of(vehicle_number: int, time_ms: int, lat_e7: int) -> int:
    """The number of the record a stored position was sent as."""
    units = round(lat_e7 * _UNITS / 10_000_000)
    return vehicle_number << 32 | ((units - 23 * _UNITS) * _SECONDS + (time_ms - _NOON_MS) // 1000)


class Terminal(asyncio.Protocol):
    """A made terminal: keeps what was not answered, and sends it again when it is connected again."""

    def __init__(self, load: "Load", number: int) -> None:
        """Begin without a connection."""
        self.load, self.id = load, terminal_id(number)
        self.number, self.sent = number, 0
        self.waiting: dict[int, tuple[int, float]] = {}
        self.transport: asyncio.Transport | None = None
        self._splitter = Splitter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: what waits is sent again, with the serials it had."""
        connected = cast("asyncio.Transport", transport)
        self.transport, self._splitter = connected, Splitter()
        again = list(self.waiting.items())
        self.waiting = {serial: (record, time.perf_counter()) for serial, (record, _then) in again}
        if again:
            connected.write(b"".join(report(self.id, serial, record) for serial, (record, _then) in again))
        if self.load.flood:
            self.push(self.load.window)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Gone: come back soon."""
        self.transport = None
        if not self.load.ended:
            asyncio.get_running_loop().call_later(0.2 + _CHANCE.random(), self.load.connect, self)

    def data_received(self, data: bytes) -> None:
        """Answers."""
        now, done = time.perf_counter(), 0
        for raw in self._splitter.feed(data):
            body = raw[12:-1]
            kept = self.waiting.pop(int.from_bytes(body[:2], "big"), None)
            if kept is not None:
                self.load.answered(self.number, kept[0], now - kept[1])
                done += 1
        if self.load.flood and done and not self.load.ended:
            self.push(done)

    def push(self, many: int) -> None:
        """Send new reports."""
        if self.transport is None or self.transport.is_closing():
            return
        out, now = [], time.perf_counter()
        for _ in range(many):
            self.sent += 1
            serial, record = self.sent & 0xFFFF, self.number << 32 | self.sent
            self.waiting[serial] = (record, now)
            out.append(report(self.id, serial, record))
        self.transport.write(b"".join(out))


class Load:
    """All made terminals of one run."""

    def __init__(self, port: int, *, flood: bool, window: int = 8) -> None:
        """Begin.

        Args:
            port: of the gateway.
            flood: whether an answer is followed by a new report at once.
            window: reports of one terminal under way then.
        """
        self.port, self.flood, self.ended, self.window = port, flood, False, window
        self.waits: list[float] = []
        self.records: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def answered(self, _number: int, record: int, wait_s: float) -> None:
        """One record was answered."""
        self.records.add(record)
        self.waits.append(wait_s)

    def connect(self, terminal: Terminal) -> None:
        """Connect, again and again until it works."""
        task = asyncio.get_running_loop().create_task(self._connect(terminal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, terminal: Terminal) -> None:
        # A thousand source ports an address are more than enough; 127.0.0.x are all this machine.
        source = f"127.0.{1 + terminal.number // 20_000}.1"
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: terminal, "127.0.0.1", self.port, local_addr=(source, 0)
            )
        except OSError:
            if not self.ended:
                asyncio.get_running_loop().call_later(0.5 + _CHANCE.random(), self.connect, terminal)


async def steady(port: int, many: int, every_s: float, seconds: float) -> Load:
    """So many terminals, one report each in so many seconds; of some, bursts."""
    load = Load(port, flood=False)
    people = [Terminal(load, number) for number in range(many)]
    for start in range(0, many, 500):
        for one in people[start : start + 500]:
            load.connect(one)
        await asyncio.sleep(0.25)
    for _ in range(600):
        if all(one.transport is not None for one in people):
            break
        await asyncio.sleep(0.2)
    print(f"{many:,} terminals connected", flush=True)
    began, step, turn = time.perf_counter(), every_s / 100, 0
    while time.perf_counter() - began < seconds:
        for one in people[turn % 100 :: 100]:
            one.push(_BURST if _CHANCE.randrange(_SHARE_OF_BURSTS * 10) == 0 else 1)
        turn += 1
        await asyncio.sleep(max(0.0, began + turn * step - time.perf_counter()))
    await end(load, people)
    return load


async def flood(port: int, many: int, seconds: float) -> Load:
    """So many terminals, each with eight reports under way all the time."""
    load = Load(port, flood=True)
    people = [Terminal(load, number) for number in range(many)]
    for one in people:
        load.connect(one)
    await asyncio.sleep(2)
    before, began = len(load.records), time.perf_counter()
    load.waits.clear()
    await asyncio.sleep(seconds)
    rate = (len(load.records) - before) / (time.perf_counter() - began)
    print(f"as fast as answered: {rate:,.0f} reports a second, durable, {said(load.waits)}", flush=True)
    await end(load, people)
    return load


async def end(load: Load, people: list[Terminal]) -> None:
    """Send nothing new, wait for the answers that are under way, then go."""
    load.flood = False
    for _ in range(100):
        if not any(one.waiting for one in people):
            break
        await asyncio.sleep(0.1)
    load.ended = True
    for one in people:
        if one.transport is not None:
            one.transport.abort()


def at_share(waits: list[float], share: float) -> float:
    """The wait that so many of them did not exceed."""
    told = sorted(waits)
    return told[min(int(share * len(told)), len(told) - 1)]


def said(waits: list[float]) -> str:
    """Median, p99 and most of waits."""
    told = sorted(waits)
    if not told:
        return "nothing was answered"
    at = [at_share(told, share) * 1000 for share in (0.5, 0.99, 1.0)]
    return f"answers after {at[0]:.0f} ms (median), {at[1]:.0f} ms (p99), {at[2]:.0f} ms (most)"


@contextmanager
def gateway(home: Path, port: int, core: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A gateway on one core, as people start it."""
    process = start(home, port, core)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(300)


def start(home: Path, port: int, core: int, *more: str) -> "subprocess.Popen[bytes]":
    """Start it, and wait until it listens."""
    command = [sys.executable, "-m", "taxi_qa", "--home", str(home), "gateway"]
    command += ["--jt905-port", str(port), "--every", "5", *more]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {core})
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the gateway did not start")


def made_home(folder: Path, many: int) -> Path:
    """A home whose register names so many terminals."""
    from taxi_qa.ingest.take import take  # noqa: PLC0415 - only here
    from taxi_qa.store.home import make_home  # noqa: PLC0415 - only here

    home = make_home(folder / "home")
    file = folder / "vehicles.csv"
    lines = ["vehicle_id,company_id,terminal_id", *(f"T{n:06d},C1,{terminal_id(n)}" for n in range(many))]
    file.write_text("\n".join(lines))
    take(home, [file], now_ms=time.time_ns() // 1_000_000)
    home.engine.dispose()
    return folder / "home"


def stored(home: Path) -> Counter[int]:
    """How often each record stands in the home, once the frames have become records."""
    from taxi_qa.store.home import open_home  # noqa: PLC0415 - only here
    from taxi_qa.store.library import partitions  # noqa: PLC0415 - only here
    from taxi_qa.store.positions import Stretch, fixes_of  # noqa: PLC0415 - only here

    opened, found = open_home(home), Counter[int]()
    for day, bucket in partitions(opened, 0, 40_000, kind="positions"):
        fixes = fixes_of(opened, Stretch((day,), (bucket,), 0, 4_000_000_000_000), ())
        for at, vehicle in enumerate(fixes.vehicle_ids):
            rows = slice(fixes.starts[at], fixes.starts[at + 1])
            for time_ms, lat_e7 in zip(
                fixes.time_ms[rows].tolist(), fixes.lat_e7[rows].tolist(), strict=True
            ):
                found[record_of(int(vehicle[1:]), time_ms, lat_e7)] += 1
    opened.engine.dispose()
    return found


def rows_kept(home: Path) -> int:
    """Rows of positions as they lie in the segments: the reader of `stored` takes equal ones for one."""
    from taxi_qa.store.home import open_home  # noqa: PLC0415 - only here
    from taxi_qa.store.library import partitions  # noqa: PLC0415 - only here
    from taxi_qa.store.positions import Stretch, cars_of  # noqa: PLC0415 - only here

    opened = open_home(home)
    rows = sum(
        sum(cars_of(opened, Stretch((day,), (bucket,), 0, 4_000_000_000_000)).values())
        for day, bucket in partitions(opened, 0, 40_000, kind="positions")
    )
    opened.engine.dispose()
    return rows


def frames_kept(home: Path) -> int:
    """Frames in all segments, settled ones too."""
    folder = home / "terminals"
    paths = [*closed_segments(folder / "journal"), *(folder / "journal").glob(f"*{OPEN}")]
    return sum(1 for path in [*paths, *closed_segments(folder / "settled")] for _entry in entries(path))


def check(home: Path, load: Load, what: str) -> bool:
    """Whether everything answered is there, once each."""
    settle_rest(home)
    found = stored(home)
    lost = sum(not found[record] for record in load.records)
    twice = rows_kept(home) - len(found)
    print(
        f"{what}: {len(load.records):,} records answered, of them missing in the home: {lost}; stored twice:"
        f" {twice}; {frames_kept(home):,} frames became {len(found):,} positions", flush=True,
    )  # fmt: skip
    return not lost and not twice


def settle_rest(home: Path) -> None:
    """What the gateway's own process had not settled when it was killed, or within its time at the end."""
    from taxi_qa.gateway.known import terminals_of  # noqa: PLC0415 - only here
    from taxi_qa.gateway.settle import settle_closed  # noqa: PLC0415 - only here
    from taxi_qa.store.home import HomeError, open_home  # noqa: PLC0415 - only here

    opened = open_home(home)
    for _ in range(600):
        try:
            settle_closed(
                opened, home / "terminals", terminals_of(opened), now_ms=lambda: time.time_ns() // 1_000_000
            )
            break
        except HomeError:
            time.sleep(0.5)  # what a killed gateway left behind is still at it
    opened.engine.dispose()


async def killed(home: Path, port: int, core: int, kills: int, *, many: int = 200, window: int = 8) -> Load:
    """Load while the gateway is killed and started again."""
    load = Load(port, flood=True, window=window)
    people = [Terminal(load, number) for number in range(many)]
    process = await asyncio.to_thread(start, home, port, core)
    for one in people:
        load.connect(one)
    for _ in range(kills):
        await asyncio.sleep(1.0 + _CHANCE.random())
        process.kill()
        process.wait()
        process = await asyncio.to_thread(start, home, port, core)
    await asyncio.sleep(3)
    await end(load, people)
    process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(process.wait, 300)
    return load


class Trouble:
    """Everybody who does not behave."""

    def __init__(self, port: int, silent: int) -> None:
        """Begin without a connection."""
        self.port, self.silent, self.ended = port, silent, False
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect, and misbehave until `stop`."""
        for start in range(0, self.silent, 250):
            many = min(250, self.silent - start)
            opened = await asyncio.gather(*(self._connect() for _ in range(many)))
            self._writers += [writer for _reader, writer in opened]
        kinds = [self._garbage] * 20 + [self._checksums] * 20 + [self._bytes] * 20 + [self._unknown] * 20
        self._tasks = [asyncio.create_task(self._again(kind)) for kind in [*kinds, *[self._deaf] * 20]]

    async def stop(self) -> None:
        """End them all."""
        self.ended = True
        for task in self._tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=("127.0.9.1", 0))

    async def _again(self, kind: "Misbehaving") -> None:
        number = _CHANCE.randrange(1_000)
        while not self.ended:
            try:
                _reader, writer = await self._connect()
                for _ in range(200):
                    await kind(writer, number)
                    await asyncio.sleep(0.1)
                    if writer.transport.is_closing():
                        break
                writer.transport.abort()
            except (OSError, TimeoutError):
                await asyncio.sleep(0.2)

    async def _garbage(self, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(_CHANCE.randbytes(_CHANCE.randrange(1, 3_000)))
        await writer.drain()

    async def _checksums(self, writer: asyncio.StreamWriter, number: int) -> None:
        wrong = bytearray(report(terminal_id(number), 1, number << 32))
        wrong[-2] ^= 1
        writer.write(bytes(wrong))
        await writer.drain()

    async def _bytes(self, writer: asyncio.StreamWriter, _number: int) -> None:
        for one in report("109999999999", 1, 1):
            writer.write(bytes((one,)))
            await asyncio.sleep(0)

    async def _unknown(self, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(report("108888888888", 1, 1))
        await writer.drain()

    async def _deaf(self, writer: asyncio.StreamWriter, _number: int) -> None:
        """A known terminal that sends on and on and reads nothing."""
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a transport of a socket
        writer.write(b"".join(report(terminal_id(999), serial, 999 << 32 | serial) for serial in range(50)))
        await asyncio.wait_for(writer.drain(), 1)


Misbehaving = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


def make_trouble(port: int, seconds: float) -> None:
    """Misbehave for so long."""

    async def run() -> None:
        trouble = Trouble(port, 5_000)
        await trouble.start()
        await asyncio.sleep(seconds)
        await trouble.stop()

    os.nice(5)
    logging.disable(logging.CRITICAL)
    asyncio.run(run())


async def chaos(port: int, many: int, seconds: float) -> Load:
    """Honest terminals alone, then among trouble; the ratio of what they wait."""
    load = Load(port, flood=False)
    people = [Terminal(load, number) for number in range(many)]
    for one in people:
        load.connect(one)
    await asyncio.sleep(3)
    alone = await _measured(load, people, seconds)
    # In a process of its own: what it does must not keep the honest ones from reading their answers.
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=make_trouble, args=(port, seconds + 8), daemon=True)
    other.start()
    await asyncio.sleep(6)
    among = await _measured(load, people, seconds)
    await asyncio.to_thread(other.join, 60)
    print(f"{many} honest terminals alone: {said(alone)}; among trouble: {said(among)}", flush=True)
    ratio = at_share(among, 0.99) / at_share(alone, 0.99)
    print(f"their p99 among trouble is {ratio:.1f} times that alone", flush=True)
    await end(load, people)
    return load


async def _measured(load: Load, people: list[Terminal], seconds: float) -> list[float]:
    load.waits.clear()
    began, turn = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for one in people[turn % 20 :: 20]:
            one.push(1)
        turn += 1
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    return list(load.waits)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--terminals", type=int, default=20_000)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--flood-terminals", type=int, default=500)
    parser.add_argument("--flood-s", type=float, default=30)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--chaos", type=float, default=0, metavar="SECONDS")
    asked = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and asked.terminals > hard - _BESIDE_SOCKETS:
        asked.terminals = hard - _BESIDE_SOCKETS
        print(f"the system allows a process {hard:,} open files: {asked.terminals:,} terminals", flush=True)
    good = True
    with tempfile.TemporaryDirectory(prefix="taxi_qa_gateway_") as name:
        for what in ("steady", "flood", "kills", "chaos"):
            folder = Path(name) / what
            folder.mkdir()
            many = {
                "steady": asked.terminals if asked.minutes else 0,
                "flood": asked.flood_terminals if asked.flood_s else 0,
                "kills": 200 if asked.kills else 0,
                "chaos": 1_000 if asked.chaos else 0,
            }[what]
            if not many:
                continue
            home = made_home(folder, many)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if what == "kills":
                load = asyncio.run(killed(home, port, cores[0], asked.kills))
                good &= check(home, load, f"killed {asked.kills} times")
                continue
            with gateway(home, port, cores[0]) as process:
                if what == "steady":
                    load = asyncio.run(steady(port, many, asked.every, asked.minutes * 60))
                    rate = len(load.records) / (asked.minutes * 60)
                    print(f"{rate:,.0f} reports a second: {said(load.waits)}")
                elif what == "chaos":
                    load = asyncio.run(chaos(port, many - 1, asked.chaos))
                else:
                    load = asyncio.run(flood(port, many, asked.flood_s))
                print(f"memory of the gateway at most: {peak_mb(process.pid):.0f} MB", flush=True)
            good &= check(home, load, what)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
