"""A car's records as messages, and what a reader of all of them can know."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_qa.lab.terminals.bringing import Picture
from taxi_qa.lab.terminals.wire import Edition

Row = dict[str, Any]
Bits = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Saying:
    """One message on its way.

    Attributes:
        at_ms: when it leaves.
        message_id, body: what it is.
        by_centre: a word of the dispatch centre to this terminal, not of the terminal.
    """

    at_ms: int
    message_id: int
    body: bytes
    by_centre: bool = False


@dataclass
class Spoken:
    """One car, told.

    Attributes:
        vehicle_id, terminal, edition: whose words these are.
        sayings: in the order they leave.
        known: by kind, the rows a reader of all messages can know; times as in files.
        left: by kind, the rows of files that no message of this terminal can say.
        lost: what a message could not say, by kind and column.
        arrives: when what leaves at a moment reaches the gateway.
        files: pictures of alarms that a centre asks for, by the label of the alarm.
        pictures: digests of pictures it sends without being asked.
    """

    vehicle_id: str
    terminal: str
    edition: Edition
    arrives: Callable[[int], int]
    sayings: list[Saying] = field(default_factory=list)
    known: dict[str, list[Row]] = field(default_factory=dict)
    left: dict[str, list[Row]] = field(default_factory=dict)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: dict[bytes, Picture] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)

    def says(self, at_ms: int, message_id: int, body: bytes, *, by_centre: bool = False) -> None:
        """One message more."""
        self.sayings.append(Saying(at_ms, message_id, body, by_centre))

    def knows(self, kind: str, row: Row) -> None:
        """One row more that a reader can know."""
        self.known.setdefault(kind, []).append(row)

    def leaves(self, kind: str, row: Row) -> None:
        """One row more that files have to bring."""
        self.left.setdefault(kind, []).append(row)


def moment_ms(local: str) -> int:
    """UTC milliseconds of a local time as files of records have it."""
    return int(pd.Timestamp(local, tz="Asia/Shanghai").value) // 1_000_000
