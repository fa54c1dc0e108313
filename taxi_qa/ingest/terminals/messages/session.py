"""Talk about the talk: answers, heartbeats, registration, parts to be sent again."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known

_ANSWER = (Field("reply_serial", "u16"), Field("reply_id", "u16"), Field("result", "u8"))
_BOTH = {
    0x0001: known("terminal_answer", _ANSWER),
    0x0002: known("heartbeat"),
    0x8001: known("centre_answer", _ANSWER),
}
_PARTS = Field("parts", "counted", count="rows", of=(Field("index", "u16"),))

LAYOUTS_905 = _BOTH


def _register(maker: int, model: int, name: int) -> tuple[Field, ...]:
    return (
        Field("province", "u16"),
        Field("city", "u16"),
        Field("maker", "ascii", maker),
        Field("model", "ascii", model),
        Field("device", "ascii", name),
        Field("plate_colour", "u8"),
        Field("plate", "rest_gbk"),
    )


LAYOUTS_808 = {
    **_BOTH,
    0x0003: known("logout"),
    # 2013 has 12 bytes more of the model than 2011, and nothing in the header tells them apart.
    0x0100: Known(
        "register",
        (
            Shape(_register(11, 30, 30), version=1),
            Shape(_register(5, 20, 7), least=37),
            Shape(_register(5, 8, 7)),
        ),
    ),
    0x0102: Known(
        "authenticate",
        (
            Shape(
                (Field("code", "counted_gbk"), Field("imei", "ascii", 15), Field("software", "ascii", 20)),
                version=1,
            ),
            Shape((Field("code", "rest_gbk"),)),
        ),
    ),
    # 2019 counts in two bytes.
    0x8003: Known(
        "send_parts_again",
        (
            Shape((Field("reply_serial", "u16"), Field("rows", "u16"), _PARTS), version=1),
            Shape((Field("reply_serial", "u16"), Field("rows", "u8"), _PARTS)),
        ),
    ),
    0x8100: known(
        "register_answer", (Field("reply_serial", "u16"), Field("result", "u8"), Field("code", "rest_gbk"))
    ),
}
