"""Where a vehicle is: 0x0200 and those that carry it (JT905: 905.2 10.3.5; JT808: 8.18)."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known

# Some makers write a place in the south as a negative number, too: no degree needs the highest bit.
# 25 bytes; a minute in ten thousand parts, headings in steps of two degrees.
PLACE_905 = (
    Field("alarm", "u32"),
    Field("status", "u32"),
    Field("lat_deg", "i32", per=600_000),
    Field("lon_deg", "i32", per=600_000),
    Field("speed_kmh", "u16", per=10),
    Field("heading_deg", "u8", per=0.5),
    Field("time_ms", "moment"),
)
# 28 bytes.
PLACE_808 = (
    Field("alarm", "u32"),
    Field("status", "u32"),
    Field("lat_deg", "i32", per=1_000_000),
    Field("lon_deg", "i32", per=1_000_000),
    Field("altitude_m", "u16"),
    Field("speed_kmh", "u16", per=10),
    Field("heading_deg", "u16"),
    Field("time_ms", "moment"),
)
# The bits of the status that turn a place to the south and to the west.
SOUTH_WEST = {"jt905": (1 << 1, 1 << 2), "jt808": (1 << 2, 1 << 3)}

_REPLY = Field("reply_serial", "u16")

LAYOUTS_905 = {
    0x0200: known("position", PLACE_905, "position"),
    0x0201: known("position_asked", (_REPLY, *PLACE_905), "position"),
    0x0202: known("position_tracked", PLACE_905, "position"),
    # Ten at most, without a count and without items. A maker whose rows are something else has a table
    # in quirks.
    0x0203: known("positions_again", (Field("positions", "many", of=PLACE_905),)),
    0x0500: known("control_answer", (_REPLY, *PLACE_905), "position"),
}

LAYOUTS_808 = {
    0x0200: known("position", PLACE_808, "position"),
    0x0201: known("position_asked", (_REPLY, *PLACE_808), "position"),
    0x0500: known("control_answer", (_REPLY, *PLACE_808), "position"),
    # Rows with a length of their own: `decode` reads each as a position with its items.
    0x0704: Known(
        "positions_batch",
        (Shape((Field("rows", "u16"), Field("batch", "u8"), Field("lengths_and_bodies", "rest"))),),
    ),
}
