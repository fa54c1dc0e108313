"""T/JSATL 12-2017 (Jiangsu, the first): codes of its cameras.

It has no seat belt and no covered lens; 05 is "driver abnormal", which says nothing that a driver
could be held to.
"""

DRIVER_CAMERA = {0x01: "fatigue", 0x02: "phone", 0x03: "smoking", 0x04: "distracted"}
HARSH = {0x01: "harsh_acceleration", 0x02: "harsh_braking", 0x03: "harsh_turn"}
