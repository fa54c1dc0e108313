"""Pictures, sound and video: what there is, and the pieces it comes in."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known
from taxi_qa.ingest.terminals.messages.position import PLACE_808

_PIECE = (
    Field("total_bytes", "u32"),
    Field("offset", "u32"),
    Field("chunk", "rest"),
)
_IDS_905 = known(
    "media_list",
    (
        Field("reply_serial", "u16"),
        Field("total_bytes", "u32"),
        Field("offset", "u32"),
        Field("ids", "many", of=(Field("id", "u32"),)),
    ),
)
_SHOOT = (
    Field("camera", "u8"),
    Field("command", "u16"),
    Field("interval_s", "u16"),
    Field("save", "u8"),
    Field("resolution", "u8"),
    Field("quality", "u8"),
    Field("brightness", "u8"),
    Field("contrast", "u8"),
    Field("saturation", "u8"),
    Field("chroma", "u8"),
)

LAYOUTS_905 = {
    0x0800: known(
        "image", (Field("reason", "u16"), Field("media_id", "u32"), Field("camera", "u8"), *_PIECE)
    ),
    0x0802: _IDS_905,
    0x0805: _IDS_905,
    0x0806: known("audio", (Field("reason", "u16"), Field("media_id", "u32"), *_PIECE)),
    0x8801: known("shoot", _SHOOT),
    0x8802: known(
        "search_images",
        (Field("camera", "u8"), Field("trigger", "u8"), Field("from_ms", "moment"), Field("to_ms", "moment")),
    ),
    0x8803: known("ask_file", (Field("type", "u8"), Field("media_id", "u32"), Field("offset", "u32"))),
    0x8805: known(
        "search_audio", (Field("reason", "u8"), Field("from_ms", "moment"), Field("to_ms", "moment"))
    ),
}

# Event: 0 asked by the centre, 1 timed, 2 robbery, 3 collision.
_MEDIA = (
    Field("media_id", "u32"),
    Field("type", "u8"),
    Field("format", "u8"),
    Field("event", "u8"),
    Field("channel", "u8"),
)
_SEARCH = (
    Field("type", "u8"),
    Field("channel", "u8"),
    Field("event", "u8"),
    Field("from_ms", "moment"),
    Field("to_ms", "moment"),
)
_PLACE = Field("position", "group", of=PLACE_808)
_LISTED = (Field("media_id", "u32"), Field("type", "u8"), Field("channel", "u8"), Field("event", "u8"))
_LISTED_2011 = _LISTED[1:]


def _list_of(*fields: Field) -> tuple[Field, ...]:
    return (
        Field("reply_serial", "u16"),
        Field("rows", "u16"),
        Field("media", "counted", count="rows", of=fields),
    )


LAYOUTS_808 = {
    0x0800: known("media_event", _MEDIA),
    # 2011 had no position: its eight bytes are followed by the data. Digits of a moment tell.
    0x0801: Known(
        "media",
        (
            Shape((*_MEDIA, _PLACE, Field("chunk", "rest")), sure=("position.time_ms",)),
            Shape((*_MEDIA, Field("chunk", "rest"))),
        ),
    ),
    # 2011 had no position here either.
    0x0802: Known("media_list", (Shape(_list_of(*_LISTED, _PLACE)), Shape(_list_of(*_LISTED_2011, _PLACE)))),
    0x0805: known(
        "shot",
        (
            Field("reply_serial", "u16"),
            Field("result", "u8"),
            Field("rows", "u16"),
            Field("ids", "counted", count="rows", of=(Field("id", "u32"),)),
        ),
    ),
    0x8800: Known(
        "media_taken",
        (
            Shape(
                (
                    Field("media_id", "u32"),
                    Field("rows", "u8"),
                    Field("missing", "counted", count="rows", of=(Field("index", "u16"),)),
                )
            ),
            Shape((Field("media_id", "u32"),)),
        ),
    ),
    0x8801: known("shoot", _SHOOT),
    0x8802: known("search_media", _SEARCH),
    0x8803: known("ask_media", (*_SEARCH, Field("delete", "u8"))),
}
