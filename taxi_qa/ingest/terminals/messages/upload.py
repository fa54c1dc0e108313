"""Files of alarms over a socket of their own (T/JSATL 12-2017 4.5): 0x1210 to 0x1212, and what asks."""

from taxi_qa.ingest.terminals.layout import Field
from taxi_qa.ingest.terminals.messages import Known, Shape, known

# The label of an alarm: 16 bytes in Jiangsu, 40 in Guangdong.
LABEL_16 = (
    Field("terminal", "ascii", 7),
    Field("time_ms", "moment"),
    Field("number", "u8"),
    Field("files", "u8"),
    Field("reserved", "hex", 1),
)
LABEL_40 = (
    Field("terminal", "ascii", 30),
    Field("time_ms", "moment"),
    Field("number", "u8"),
    Field("files", "u8"),
    Field("reserved", "hex", 2),
)
_FILES = (
    Field("alarm_number", "ascii", 32),
    Field("info_type", "u8"),
    Field("rows", "u8"),
    Field(
        "attachments", "counted", count="rows", of=(Field("name", "counted_gbk"), Field("size_bytes", "u32"))
    ),
)
_FILE = (Field("name", "counted_gbk"), Field("type", "u8"), Field("size_bytes", "u32"))
_SERVER = (Field("host", "counted_ascii"), Field("tcp_port", "u16"), Field("udp_port", "u16"))
_NUMBER = (Field("alarm_number", "ascii", 32), Field("reserved", "hex", 16))

LAYOUTS_808 = {
    0x1210: Known(
        "alarm_files",
        (
            Shape(
                (Field("terminal", "ascii", 30), Field("label", "group", of=LABEL_40), *_FILES),
                sure=("label.time_ms",),
            ),
            Shape(
                (Field("terminal", "ascii", 7), Field("label", "group", of=LABEL_16), *_FILES),
                sure=("label.time_ms",),
            ),
        ),
    ),
    0x1211: known("file_begins", _FILE),
    0x1212: known("file_ends", _FILE),
    0x9208: Known(
        "ask_alarm_files",
        (
            Shape((*_SERVER, Field("label", "group", of=LABEL_40), *_NUMBER), sure=("label.time_ms",)),
            Shape((*_SERVER, Field("label", "group", of=LABEL_16), *_NUMBER), sure=("label.time_ms",)),
        ),
    ),
    0x9212: known(
        "file_taken",
        (
            Field("name", "counted_gbk"),
            Field("type", "u8"),
            Field("result", "u8"),
            Field("rows", "u8"),
            Field(
                "missing", "counted", count="rows", of=(Field("offset", "u32"), Field("length_bytes", "u32"))
            ),
        ),
    ),
}
