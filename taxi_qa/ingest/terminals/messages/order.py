"""Booked rides of JT905: offered 8B00, grabbed 0B01, told 8B01, done 0B07, cancelled 0B08 or 8B09."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import known

_BUSINESS = Field("business_id", "u32")
# 0 now, 1 booked, 2 assigned.
_TYPE = Field("business_type", "u8")

LAYOUTS_905 = {
    0x0B01: known("order_grabbed", (_BUSINESS,)),
    0x0B07: known("order_done", (_BUSINESS,)),
    # 0 accident, 1 jam, 2 other.
    0x0B08: known("order_cancelled", (_BUSINESS, Field("reason", "u8"))),
    0x8B00: known(
        "order_offered", (_BUSINESS, _TYPE, Field("due_ms", "moment"), Field("about", "until_zero"))
    ),
    0x8B01: known(
        "order_told",
        (
            _BUSINESS,
            _TYPE,
            Field("due_ms", "moment"),
            Field("pickup_lon_deg", "i32", per=600_000),
            Field("pickup_lat_deg", "i32", per=600_000),
            Field("to_lon_deg", "i32", per=600_000),
            Field("to_lat_deg", "i32", per=600_000),
            Field("service_yuan", "number", 2, per=10),
            Field("phone", "until_zero"),
            Field("about", "until_zero"),
        ),
    ),
    0x8B09: known("order_called_off", (_BUSINESS,)),
}
