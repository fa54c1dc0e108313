"""Parts of a terminal, its settings and what passes through it."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known

_PASSED = (Field("device", "u8"), Field("maker", "u8"), Field("command", "u16"), Field("data", "rest"))
_NUMBERED_TEXT = (Field("id", "u8"), Field("text", "until_zero"))

LAYOUTS_905 = {
    0x0104: known("settings", (Field("reply_serial", "u16"),), "settings"),
    0x0302: known("asked_answered", (Field("question", "u32"), Field("answer", "u8"))),
    0x0B10: known("device_says", _PASSED),
    # How many sign-ins, sign-outs, trips and cards wait is the only completeness check there is (item
    # 0 of it).
    0x0B11: known("inspected", (), "inspected"),
    0x8103: known("set_settings", (), "settings"),
    0x8104: known("ask_settings", (Field("settings", "many", of=(Field("id", "u16"),)),)),
    0x8105: known("control", (Field("command", "u8"), Field("data", "rest"))),
    0x8201: known("ask_position"),
    0x8202: known("track", (Field("by", "u8"), Field("interval", "u16"), Field("duration", "u32"))),
    0x8300: known("text", (Field("flag", "u8"), Field("text", "until_zero"))),
    0x8301: known(
        "set_events", (Field("rows", "u8"), Field("events", "counted", count="rows", of=_NUMBERED_TEXT))
    ),
    0x8302: known(
        "ask",
        (
            Field("flag", "u8"),
            Field("question", "u32"),
            Field("text", "until_zero"),
            Field("answers", "many", of=_NUMBERED_TEXT),
        ),
    ),
    0x8400: known("call", (Field("flag", "u8"), Field("phone", "until_zero"))),
    0x8401: known(
        "set_phone_book",
        (
            Field("rows", "u8"),
            Field(
                "contacts",
                "counted",
                count="rows",
                of=(Field("type", "u8"), Field("phone", "until_zero"), Field("name", "until_zero")),
            ),
        ),
    ),
    0x8500: known("vehicle_control", (Field("item", "u8"), Field("command", "u8"))),
    0x8B0A: known("confirm_alarm"),
    0x8B0B: known("end_alarm"),
    0x8B10: known("tell_device", _PASSED),
    0x8B11: known("inspect", (Field("devices", "many", of=(Field("type", "u8"),)),)),
}

LAYOUTS_808 = {
    0x0104: known("settings", (Field("reply_serial", "u16"), Field("rows", "u8")), "settings"),
    # What a lorry's recorder holds (GB/T 19056): kept raw.
    0x0700: known(
        "recorder_says", (Field("reply_serial", "u16"), Field("command", "u8"), Field("data", "rest"))
    ),
    0x0900: known("passed_up", (Field("type", "u8"), Field("data", "rest"))),
    0x1005: known(
        "passengers",
        (
            Field("from_ms", "moment"),
            Field("to_ms", "moment"),
            Field("boarded", "u16"),
            Field("alighted", "u16"),
        ),
    ),
    0x8103: known("set_settings", (Field("rows", "u8"),), "settings"),
    0x8104: known("ask_settings"),
    0x8202: known("track", (Field("interval_s", "u16"), Field("validity_s", "u32"))),
    0x8203: known("confirm_alarm", (Field("reply_serial", "u16"), Field("type", "u32"))),
    0x8300: Known(
        "text",
        (
            Shape((Field("flag", "u8"), Field("type", "u8"), Field("text", "rest_gbk")), version=1),
            Shape((Field("flag", "u8"), Field("text", "rest_gbk"))),
        ),
    ),
}
