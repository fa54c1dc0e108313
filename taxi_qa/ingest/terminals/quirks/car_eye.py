"""The dialect of Car-eye servers (2015): ids of JT905, positions of JT808, trips under 0x0A03."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import known
from taxi_qa.ingest.terminals.messages.position import LAYOUTS_808 as POSITION_808
from taxi_qa.ingest.terminals.messages.position import PLACE_808
from taxi_qa.ingest.terminals.messages.session import LAYOUTS_808 as SESSION_808
from taxi_qa.ingest.terminals.messages.trip import METER

_PLACE = Field("position", "group", of=PLACE_808)

LAYOUTS_905 = {
    **{message_id: POSITION_808[message_id] for message_id in (0x0200, 0x0201, 0x0500)},
    **{message_id: SESSION_808[message_id] for message_id in (0x0100, 0x0102)},
    # What follows the position is not known well enough to be read: kept raw.
    0x0A00: known("signed_in_car_eye", (_PLACE, Field("extension", "rest"))),
    0x0A01: known("signed_out_car_eye", (_PLACE, Field("extension", "rest"))),
    0x0A03: known(
        "trip",
        (
            Field("boarded", "group", of=PLACE_808),
            Field("alighted", "group", of=PLACE_808),
            Field("operation_id", "u32"),
            Field("passengers", "u8"),
            Field("rating_id", "u32"),
            Field("rating", "u8"),
            Field("rating_extension", "u16"),
            *METER,
            Field("extension", "rest"),
        ),
    ),
}
