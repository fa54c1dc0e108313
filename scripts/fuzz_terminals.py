"""Mutated frames and streams through framing, decoding and records, for as long as asked.

Looks for an exception, a feed that takes a second, and memory that grows. Prints what it did; leaves 1
when it found
something, with the seed that finds it again. Seeds are made here; the public vectors join them where
they lie.
"""

import argparse
import json
import os
import random
import resource
import struct
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from taxi_qa.ingest.terminals.decode import decode
from taxi_qa.ingest.terminals.dialects import DIALECTS
from taxi_qa.ingest.terminals.frame import Frame, Protocol, compose, parse
from taxi_qa.ingest.terminals.framing import Splitter, escape
from taxi_qa.ingest.terminals.parts import Parts
from taxi_qa.ingest.terminals.records_of import records_of
from taxi_qa.ingest.terminals.state import State

TERMINALS = ("108000000316", "108000000317", "108000000318")
WHOSE = {terminal: f"TEST{number}" for number, terminal in enumerate(TERMINALS)}
PROTOCOLS: tuple[Protocol, ...] = ("jt905", "jt808")
NOW_MS = 1_690_371_694_000
PLACE = bytes.fromhex("0000000000000100011E8A720450B13600C82D230726194134")
PLACE_808 = bytes.fromhex("0000000000000302015752A006C65D40000A00C8005A230726194134")
ALARM = bytes.fromhex(
    "652F0000002A0102020500000000 3C0010015752A006C65D40230726194134040141424344453132230726194134030200"
)
METER = bytes.fromhex("35F53A400000000001000000000000") + b"AA3333" + bytes(16) + b"TEST" + bytes(15)
TRIP = (
    PLACE
    + PLACE
    + METER
    + bytes.fromhex("2307261941195500005600120000000000000125000000 0C00".replace(" ", ""))
)
INTERESTING = (0x00, 0x01, 0x02, 0x7D, 0x7E, 0x7F, 0x80, 0xFF)
SLOWEST_S = 1.0
# Messages that miss parts: so few that the room they may take is taken before the first look at the memory.
MOST_OPEN = 256
# Growth beyond this, after the first tenth of the time, is a leak: allocators breathe a little.
MOST_GROWTH_MB = 24


def seeds() -> list[tuple[Protocol, int, bytes]]:
    found: list[tuple[Protocol, int, bytes]] = []
    for protocol in PROTOCOLS:
        for message_id in DIALECTS["standard"].layouts[protocol]:
            found += [(protocol, message_id, bytes(size)) for size in (0, 4, 30, 130)]
        place = PLACE if protocol == "jt905" else PLACE_808
        found += [
            (protocol, 0x0200, place + ALARM),
            (protocol, 0x0200, place + bytes.fromhex("010400000064")),
        ]
    found += [("jt905", 0x0203, PLACE * 10), ("jt905", 0x0B05, TRIP)]
    row = struct.pack(">H", len(PLACE_808 + ALARM)) + PLACE_808 + ALARM
    found.append(("jt808", 0x0704, b"\x00\x03\x01" + row * 3))
    return found + vectors()


def vectors() -> list[tuple[Protocol, int, bytes]]:
    path = Path(os.environ.get("TAXI_QA_REAL_DATA", "../shared/data")) / "protocol" / "vectors.jsonl"
    if not path.exists():
        return []
    found: list[tuple[Protocol, int, bytes]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        vector = json.loads(line)
        protocol: Protocol = "jt905" if vector["protocol"] == "jt905" else "jt808"
        if vector["layer"] == "frame":
            for raw in Splitter().feed(bytes.fromhex(vector["hex"])):
                try:
                    frame = parse(protocol, raw)
                except ValueError:
                    continue
                found.append((protocol, frame.message_id, frame.body))
        elif vector["layer"] == "body":
            found.append((protocol, int(vector["msg_id"], 16), bytes.fromhex(vector["hex"])))
    return found


def mutated(dice: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((0, 1, 1, 2, 5))):
        at = dice.randrange(len(changed) + 1)
        kind = dice.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] = dice.choice(INTERESTING)
        elif kind == 1 and at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
        elif kind == 2:
            changed[at:at] = dice.randbytes(dice.randrange(9))
        elif kind == 3:
            del changed[at : at + dice.randrange(1, 9)]
        else:
            changed[at:] = changed[at:] * dice.choice((0, 2))
    return bytes(changed)


def a_frame(dice: random.Random, corpus: list[tuple[Protocol, int, bytes]], protocol: Protocol) -> bytes:
    message_id, body = dice.choice([(number, body) for kind, number, body in corpus if kind == protocol])
    body = mutated(dice, body)[:1023]
    terminal = dice.choice(TERMINALS)
    serial = dice.randrange(0x10000)
    if protocol == "jt808" and dice.random() < 0.15:
        total = dice.choice((0, 1, 2, 3, 0xFFFF))
        head = struct.pack(">HH", message_id, len(body) | 0x2000) + bytes.fromhex(terminal)
        return escape(head + struct.pack(">HHH", serial, total, dice.randrange(5)) + body)
    if protocol == "jt808" and dice.random() < 0.2:
        return compose(protocol, message_id, terminal + "00000000", serial, body, 1)
    wire = compose(protocol, message_id, terminal, serial, body)
    return mutated(dice, wire) if dice.random() < 0.2 else wire


def one_round(
    seed: int, corpus: list[tuple[Protocol, int, bytes]], states: dict[str, State], told: Counter[str]
) -> float:
    """One stream of some frames; gives the seconds of its slowest step."""
    dice = random.Random(seed)  # noqa: S311 - no secret, a seed to repeat
    protocol = dice.choice(PROTOCOLS)
    stream = b"".join(
        a_frame(dice, corpus, protocol) + (dice.randbytes(dice.randrange(30)) if dice.random() < 0.2 else b"")
        for _ in range(dice.randrange(1, 12))
    )
    splitter = Splitter()
    slowest = 0.0
    entries: list[tuple[int, Frame]] = []
    while stream:
        piece, stream = stream[: (size := dice.choice((1, 7, 64, 1460)))], stream[size:]
        began = time.process_time()
        raws = splitter.feed(piece)
        slowest = max(slowest, time.process_time() - began)
        for raw in raws:
            try:
                entries.append((NOW_MS + dice.randrange(10**7), parse(protocol, raw)))
            except ValueError:
                told["refused by parse"] += 1
    dialect = dice.choice(sorted(DIALECTS))
    began = time.process_time()
    for _, frame in entries:
        message = decode(frame, dialect)
        told["messages read" if not message.fault else "messages with a fault"] += 1
    records = records_of(entries, WHOSE, states[dialect], dialect)
    if records.failed:
        _, frame = records.failed[0]
        raise RuntimeError(f"records_of broke on {frame.protocol} {frame.message_id:#06x} {frame.body.hex()}")
    if dice.random() < 0.02:
        records = records_of((), WHOSE, State.from_text(records.state.to_text()), dialect)
    records.state.parts.most_open = MOST_OPEN
    states[dialect] = records.state
    slowest = max(slowest, time.process_time() - began)
    told["streams"] += 1
    told["frames"] += len(entries)
    told["pieces refused"] += splitter.broken
    told["rows"] += sum(len(table) for table in records.tables.values())
    return slowest


def resident_mb() -> float:
    with Path("/proc/self/statm").open(encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=1, help="the first one; each stream has its own")
    asked.add_argument("--streams", type=int, default=0, help="stop after so many, 0 for no limit")
    options = asked.parse_args()
    corpus = seeds()
    states = {dialect: State(parts=Parts(most_open=MOST_OPEN)) for dialect in DIALECTS}
    told: Counter[str] = Counter()
    begin = time.monotonic()
    first_mb = 0.0
    slowest = (0.0, 0)
    seed = options.seed
    while (spent := time.monotonic() - begin) < options.minutes * 60:
        if options.streams and told["streams"] >= options.streams:
            break
        try:
            slowest = max(slowest, (one_round(seed, corpus, states, told), seed))
        except Exception:  # noqa: BLE001 - whatever escapes is what this looks for
            traceback.print_exc()
            print(f"an exception escaped; again: scripts/fuzz_terminals --seed {seed} --streams 1")
            return 1
        if not first_mb and spent > options.minutes * 6:
            first_mb = resident_mb()
        seed += 1
    last_mb = resident_mb()
    first_mb = first_mb or last_mb
    print(
        f"{len(corpus)} seeds, {spent / 60:.1f} minutes: "
        + ", ".join(f"{n:,} {what}" for what, n in told.items())
    )
    memory = f"memory {first_mb:.0f} MB after a tenth, {last_mb:.0f} MB at the end"
    print(f"slowest step {slowest[0] * 1_000:.0f} ms of processor (seed {slowest[1]}); {memory}")
    if slowest[0] >= SLOWEST_S or last_mb - first_mb > MOST_GROWTH_MB:
        print("found: a step of a second or more, or memory that grows")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
