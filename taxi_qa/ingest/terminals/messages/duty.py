"""Who drives: signing in and out (JT905 0x0B03, 0x0B04; JT808 0x0702)."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known
from taxi_qa.ingest.terminals.messages.position import PLACE_905

_SIGNED = (
    Field("position", "group", of=PLACE_905),
    Field("licence", "ascii", 16),
    Field("driver", "ascii", 19),
    Field("plate", "ascii", 6),
)

LAYOUTS_905 = {
    0x0B03: known("signed_in", (*_SIGNED, Field("on_ms", "stamp"), Field("extension", "rest"))),
    0x0B04: known(
        "signed_out",
        (
            *_SIGNED,
            Field("k_value", "number", 2),
            Field("on_ms", "stamp"),
            Field("off_ms", "stamp"),
            Field("duty_km", "number", 3, per=10),
            Field("loaded_km", "number", 3, per=10),
            Field("trips", "number", 2),
            Field("timed_hhmmss", "digits", 3),
            Field("money_yuan", "number", 3, per=10),
            Field("card_yuan", "number", 3, per=10),
            Field("cards", "number", 2),
            Field("between_km", "number", 2, per=10),
            Field("total_km", "number", 4, per=10),
            Field("total_loaded_km", "number", 4, per=10),
            Field("unit_price_yuan", "number", 2, per=100),
            Field("total_trips", "u32"),
            # 0 as usual, 1 forced; some makers say 1 by hand, 2 by itself, 3 by the lock of the meter.
            Field("mode", "u8"),
            Field("extension", "rest"),
        ),
    ),
}

_CARD_READ = (
    Field("status", "u8"),
    Field("time_ms", "moment"),
    Field("read_result", "u8"),
    Field("name", "counted_gbk"),
    Field("driver", "gbk", 20),
    Field("issuer", "counted_gbk"),
    Field("valid_to", "digits", 4),
)

LAYOUTS_808 = {
    0x0702: Known(
        "driver_card",
        (
            Shape(
                (*_CARD_READ, Field("identity", "gbk", 20), Field("face", "u8"), Field("face_id", "gbk", 20))
            ),
            Shape((*_CARD_READ, Field("identity", "gbk", 20)), version=1),
            Shape(_CARD_READ, sure=("time_ms",)),
            Shape(_CARD_READ[:3], sure=("time_ms",), most=8),
            Shape(_CARD_READ[:2], sure=("time_ms",), most=7),
            # 2011: no status; name, identity, certificate, issuer.
            Shape(
                (
                    Field("name", "counted_gbk"),
                    Field("identity", "gbk", 20),
                    Field("driver", "gbk", 40),
                    Field("issuer", "counted_gbk"),
                )
            ),
        ),
    ),
}
