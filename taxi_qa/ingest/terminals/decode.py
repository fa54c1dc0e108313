"""What a frame says, by the tables of its dialect; what cannot be read is a message with a fault."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from taxi_qa.ingest.terminals.dialects import Dialect, dialect_named
from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.items import Item, read_items
from taxi_qa.ingest.terminals.layout import TooShortError, Values, read
from taxi_qa.ingest.terminals.messages.position import PLACE_808, SOUTH_WEST

if TYPE_CHECKING:
    from taxi_qa.ingest.terminals.messages import Known, Shape

_WORD: Final = struct.Struct(">H")


@dataclass(frozen=True, slots=True)
class Message:
    """What a frame says.

    Attributes:
        name: of the message; "" where no table knows its id.
        message_id: from the header.
        fields: values by name, in our units; None where the bytes mean nothing.
        items: what followed the fixed fields.
        rest: bytes at the end that no table explains.
        fault: why nothing could be read; "" when it could. Names no content of the message.
    """

    name: str
    message_id: int
    fields: dict[str, Any]
    items: tuple[Item, ...] = ()
    rest: bytes = b""
    fault: str = ""


def decode(frame: Frame, dialect: str = "standard") -> Message:
    """Read the body of a frame.

    Args:
        frame: a whole message; of one sent in parts put together by `parts.Parts`.
        dialect: a name of `dialects.DIALECTS`.

    Returns:
        The message; an unknown id keeps its body in `rest`.

    Raises:
        ValueError: there is no such dialect (the fleet's setting is wrong, not the frame).
    """
    tables = dialect_named(dialect)
    message = tables.layouts[frame.protocol].get(frame.message_id)
    if message is None:
        return Message("", frame.message_id, {}, rest=frame.body)
    if frame.total > 1:
        return _faulty(message.name, frame, "only a part of a message")
    if frame.encryption:
        return _faulty(message.name, frame, "encrypted")
    fitting = _fitting(message, frame)
    if fitting is None:
        return _faulty(message.name, frame, f"{len(frame.body)} bytes fit no layout")
    shape, values, end = fitting
    if message.name == "positions_batch":
        return _batch(frame, values, tables)
    _turn(values, *SOUTH_WEST[tables.place[frame.protocol]])
    items: tuple[Item, ...] = ()
    rest = frame.body[end:]
    if shape.items:
        # A dialect may carry positions of the other family: their items come along, all others stay.
        family = tables.place[frame.protocol] if shape.items == "position" else frame.protocol
        items, rest = read_items(family, shape.items, rest, tables.items)
    return Message(message.name, frame.message_id, values, items, rest)


def _fitting(message: "Known", frame: Frame) -> "tuple[Shape, Values, int] | None":
    """The first shape of a message that goes with this body: it, its values, and where they end."""
    for shape in message.shapes:
        if shape.version not in {None, frame.version} or not shape.least <= len(frame.body) <= shape.most:
            continue
        try:
            values, end = read(shape.layout, frame.body)
        except TooShortError:
            continue
        if all(_at(values, name) is not None for name in shape.sure):
            return shape, values, end
    return None


def _faulty(name: str, frame: Frame, fault: str) -> Message:
    return Message(name, frame.message_id, {}, rest=frame.body, fault=fault)


def _at(values: Values, path: str) -> Any:  # noqa: ANN401 - any field
    value: Any = values
    for name in path.split("."):
        value = value[name]
    return value


def _turn(values: Values, south: int, west: int) -> None:
    """Give the places in these values the sign of their hemisphere."""
    if "lat_deg" in values and "status" in values:
        if values["status"] & south:
            values["lat_deg"] = -abs(values["lat_deg"])
        if values["status"] & west:
            values["lon_deg"] = -abs(values["lon_deg"])
    for value in values.values():
        if isinstance(value, dict):
            _turn(value, south, west)
        elif isinstance(value, list):
            for row in value:
                _turn(row, south, west)


def _batch(frame: Frame, values: Values, tables: Dialect) -> Message:
    """0x0704: rows of a length and the body of a 0x0200. A row that cannot be read costs itself."""
    data = values["lengths_and_bodies"]
    positions, broken, start = [], 0, 0
    while start + _WORD.size <= len(data):
        begin = start + _WORD.size
        end = begin + _WORD.unpack_from(data, start)[0]
        if end > len(data):
            break
        try:
            row, used = read(PLACE_808, data[begin:end])
        except TooShortError:
            broken += 1
        else:
            _turn(row, *SOUTH_WEST["jt808"])
            row["items"], _ = read_items("jt808", "position", data[begin + used : end], tables.items)
            positions.append(row)
        start = end
    fields = {"rows": values["rows"], "batch": values["batch"], "positions": positions, "broken_rows": broken}
    return Message("positions_batch", frame.message_id, fields, rest=data[start:])
