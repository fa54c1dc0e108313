"""What is known of terminals between two batches of frames: a value handed in and out, kept as text."""

import json
from dataclasses import dataclass, field
from typing import Any

from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.parts import Parts

Memory = dict[str, Any]


@dataclass
class State:
    """What earlier frames leave for later ones.

    Attributes:
        terminals: by terminal, plain values only: last alarms, open cards, orders, camera alarms,
            pieces of media.
        parts: messages that still miss parts.
    """

    terminals: dict[str, Memory] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)

    def of(self, terminal: str) -> Memory:
        """The memory of one terminal."""
        return self.terminals.setdefault(terminal, {})

    def to_text(self) -> str:
        """This state as JSON."""
        parts = [
            [
                last_ms,
                part.message_id,
                part.terminal,
                part.serial,
                part.body.hex(),
                part.total,
                part.index,
                part.version,
            ]
            for last_ms, part in self.parts.waiting()
        ]
        return json.dumps(
            {"terminals": self.terminals, "parts": parts}, ensure_ascii=False, separators=(",", ":")
        )

    @classmethod
    def from_text(cls, text: str) -> "State":
        """The state a text was made of."""
        told = json.loads(text)
        state = cls(told["terminals"])
        for last_ms, message_id, terminal, serial, body, total, index, version in told["parts"]:
            data = bytes.fromhex(body)
            frame = Frame("jt808", message_id, terminal, serial, data, total, index, version)
            state.parts.put(frame, last_ms)
        return state


def remember(memory: Memory, name: str, key: str, value: Any, most: int) -> None:  # noqa: ANN401 - plain values
    """Keep a value under a key of a list of a terminal, and drop the oldest beyond `most`."""
    kept = memory.setdefault(name, {})
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]
