"""A trip as the meter closed it: JT905 0x0B05, and the meter's own 0x00E8 inside it."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape
from taxi_qa.ingest.terminals.messages.position import PLACE_905

_AFTER_PLATE = (
    Field("licence", "ascii", 16),
    Field("driver", "ascii", 19),
    Field("boarded_ms", "minute"),
    # hhmm: the day has to be found.
    Field("alighted_hhmm", "digits", 2),
    Field("metered_km", "number", 3, per=10),
    Field("empty_km", "number", 2, per=10),
    Field("surcharge_yuan", "number", 3, per=10),
    Field("waiting_hhmm", "digits", 2),
    Field("fare_yuan", "number", 3, per=10),
    Field("trip_no", "u32"),
    Field("payment", "u8"),
)
METER = (Field("plate", "ascii", 6), *_AFTER_PLATE)
METER_LONG_PLATE = (Field("plate", "gbk", 9), *_AFTER_PLATE)

_BEFORE_METER = (
    Field("boarded", "group", of=PLACE_905),
    Field("alighted", "group", of=PLACE_905),
    Field("operation_id", "u32"),
    Field("rating_id", "u32"),
    Field("rating", "u8"),
    Field("rating_extension", "u16"),
    Field("order_id", "u32"),
)

LAYOUTS_905 = {
    0x0B05: Known(
        "trip",
        (
            # The digits of the boarding minute tell a plate of 6 from one of 9 bytes.
            Shape((*_BEFORE_METER, *METER), sure=("boarded_ms",), items="trip"),
            Shape((*_BEFORE_METER, *METER_LONG_PLATE), sure=("boarded_ms",), items="trip"),
            Shape((*_BEFORE_METER, *METER), items="trip"),
        ),
    ),
}
