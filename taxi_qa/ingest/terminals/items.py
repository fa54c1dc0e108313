"""Items: an id, a length, a value, again and again after the fixed fields of a message.

Makers use ids of others for something else: an item counts as known at the lengths of its table only,
else it is
kept raw.
"""

from dataclasses import dataclass
from typing import Any, Final

from taxi_qa.ingest.terminals.layout import Field, Layout, TooShortError, read, text_of, width
from taxi_qa.ingest.terminals.messages.upload import LABEL_16, LABEL_40


@dataclass(frozen=True, slots=True)
class Item:
    """One item.

    Attributes:
        item_id: its number.
        name: in the field's terms with the unit; "" where neither table nor length know it.
        value: a number, a text or the fields of it; None where unknown.
        raw: its bytes.
    """

    item_id: int
    name: str
    value: Any
    raw: bytes


@dataclass(frozen=True, slots=True)
class ItemKind:
    """What an item means.

    Attributes:
        name: as in `Item`.
        layouts: the ways it is laid out; the one whose width is the item's length counts. A layout of
            one field gives its value, others a dict.
    """

    name: str
    layouts: tuple[Layout, ...]


ItemTable = dict[int, ItemKind]


def _one(name: str, how: Any, per: float = 1) -> ItemKind:  # noqa: ANN401 - one of `layout.How`
    return ItemKind(name, ((Field(name, how, per=per),),))


_AREA_TYPE: Final = Field("area_type", "u8")
_AREA: Final = Field("area", "u32")
_POSITION_BOTH: Final[ItemTable] = {
    0x01: _one("odometer_km", "u32", 10),
    0x02: _one("fuel_l", "u16", 10),
    0x11: ItemKind("overspeed_place", ((_AREA_TYPE,), (_AREA_TYPE, _AREA))),
    0x12: ItemKind("area_passed", ((_AREA_TYPE, _AREA, Field("direction", "u8")),)),
    0x13: ItemKind("segment_time", ((_AREA, Field("driven_s", "u16"), Field("long", "u8")),)),
}
_POSITION_905: Final[ItemTable] = {
    **_POSITION_BOTH,
    0x03: _one("altitude_m", "i16"),
    0x14: _one("forbidden_road", "u32"),
}

# What alarms of cameras share from byte 12 on: 19 bytes, then the label.
_SEEN: Final = (
    Field("speed_kmh", "u8"),
    Field("altitude_m", "u16"),
    Field("lat_deg", "i32", per=1_000_000),
    Field("lon_deg", "i32", per=1_000_000),
    Field("time_ms", "moment"),
    Field("vehicle_state", "u16"),
)
_BEGIN: Final = (Field("alarm_id", "u32"), Field("flag", "u8"), Field("type", "u8"))


def _alarm(middle: Layout) -> tuple[Layout, Layout]:
    """47 bytes with the label of Jiangsu, 71 with the one of Guangdong."""
    return (
        (*_BEGIN, *middle, *_SEEN, Field("label", "group", of=LABEL_16)),
        (*_BEGIN, *middle, *_SEEN, Field("label", "group", of=LABEL_40)),
    )


_TYRES: Final = (Field("alarm_id", "u32"), Field("flag", "u8"), *_SEEN)


def _tyre_rows(place: Field) -> Layout:
    row = (
        place,
        Field("type", "u16"),
        Field("pressure", "u16"),
        Field("temperature", "u16"),
        Field("battery", "u16"),
    )
    return (Field("rows", "u8"), Field("tyres", "counted", count="rows", of=row))


_POSITION_808: Final[ItemTable] = {
    **_POSITION_BOTH,
    0x03: _one("recorder_speed_kmh", "u16", 10),
    0x04: _one("event_to_confirm", "u16"),
    0x05: ItemKind("tyre_pressures", ((Field("tyre_pressures", "bytes", 30),),)),
    0x06: _one("cabin_c", "i16"),
    0x14: _one("video_alarm", "u32"),
    0x15: _one("video_lost", "u32"),
    0x16: _one("lens_covered", "u32"),
    0x17: _one("storage_fault", "u16"),
    0x18: _one("abnormal_driving", "u16"),
    0x25: _one("signals", "u32"),
    0x2A: _one("io", "u16"),
    0x2B: _one("analog", "u32"),
    0x30: _one("signal_strength", "u8"),
    0x31: _one("satellites", "u8"),
    0x64: ItemKind(
        "adas",
        _alarm(
            (
                Field("level", "u8"),
                Field("front_speed_kmh", "u8"),
                Field("front_distance", "u8"),
                Field("side", "u8"),
                Field("sign_type", "u8"),
                Field("sign_value", "u8"),
            )
        ),
    ),
    0x65: ItemKind(
        "dms", _alarm((Field("level", "u8"), Field("fatigue", "u8"), Field("reserved", "bytes", 4)))
    ),
    0x66: ItemKind(
        "tyres",
        (
            (*_TYRES, Field("label", "group", of=LABEL_16), *_tyre_rows(Field("place", "u8"))),
            (*_TYRES, Field("label", "group", of=LABEL_40), *_tyre_rows(Field("place", "u16"))),
        ),
    ),
    0x67: ItemKind(
        "blind_spot",
        (
            (*_BEGIN, *_SEEN, Field("label", "group", of=LABEL_16)),
            (*_BEGIN, *_SEEN, Field("label", "group", of=LABEL_40)),
        ),
    ),
    0x70: ItemKind(
        "harsh_driving",
        _alarm((Field("threshold_s", "u16"), Field("threshold_1", "u16"), Field("threshold_2", "u16"))),
    ),
}

# JT905: numbers have four bytes or less by the standard's table, the rest is text.
_NUMBER_BYTES: Final = frozenset({1, 2, 4})
_INSPECTED: Final[ItemTable] = {
    0x00: ItemKind(
        "terminal",
        (
            (
                Field("serial", "digits", 5),
                Field("hardware", "digits", 1),
                Field("software", "digits", 2),
                Field("status", "u32"),
                Field("alarm", "u32"),
                Field("waiting_sign_ins", "u8"),
                Field("waiting_sign_outs", "u8"),
                Field("waiting_trips", "u8"),
                Field("waiting_cards", "u8"),
            ),
        ),
    ),
}

TABLES: Final[dict[tuple[str, str], ItemTable]] = {
    ("jt905", "position"): _POSITION_905,
    ("jt808", "position"): _POSITION_808,
    # Some makers append items of JT808 to a trip of JT905.
    ("jt905", "trip"): _POSITION_808,
    ("jt905", "inspected"): _INSPECTED,
    ("jt905", "settings"): {},
    ("jt808", "settings"): {},
}
# Bytes of an item's id.
_ID_BYTES: Final = {("jt905", "settings"): 2, ("jt808", "settings"): 4}


def read_items(protocol: str, table: str, data: bytes, changed: ItemTable) -> tuple[tuple[Item, ...], bytes]:
    """Read items to the end.

    Args:
        protocol, table: which of `TABLES`.
        data: what follows the fixed fields.
        changed: items of a dialect, before those of the table.

    Returns:
        The items, and the bytes at the end that are no whole item.
    """
    id_bytes = _ID_BYTES.get((protocol, table), 1)
    kinds = TABLES[protocol, table]
    items = []
    start = 0
    while start + id_bytes < len(data):
        item_id = int.from_bytes(data[start : start + id_bytes], "big")
        begin = start + id_bytes + 1
        end = begin + data[begin - 1]
        if end > len(data):
            break
        raw = data[begin:end]
        if table == "settings":
            items.append(_setting(item_id, raw))
        else:
            items.append(_item(item_id, raw, changed.get(item_id) or kinds.get(item_id)))
        start = end
    return tuple(items), data[start:]


def _item(item_id: int, raw: bytes, kind: ItemKind | None) -> Item:
    for layout in kind.layouts if kind else ():
        open_ended = layout[-1].how == "counted"
        if not open_ended and width(layout) != len(raw):
            continue
        try:
            values, end = read(layout, raw)
        except TooShortError:
            continue
        if end == len(raw) and kind is not None:
            return Item(item_id, kind.name, values if len(layout) > 1 else values[layout[0].name], raw)
    return Item(item_id, "", None, raw)


def _setting(item_id: int, raw: bytes) -> Item:
    """A setting: a number where it has the width of one, else text: the bytes do not say which."""
    if len(raw) in _NUMBER_BYTES:
        return Item(item_id, f"setting_{item_id:04x}", int.from_bytes(raw, "big"), raw)
    return Item(item_id, f"setting_{item_id:04x}", text_of(raw), raw)
