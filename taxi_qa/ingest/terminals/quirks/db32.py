"""DB32/T 3610 (Jiangsu): codes of its cameras. 06 is "both hands off the wheel": no kind of event here."""

DRIVER_CAMERA = {
    0x01: "fatigue",
    0x02: "phone",
    0x03: "smoking",
    0x04: "distracted",
    0x05: "driver_absent",
    0x07: "camera_fault",
}
HARSH = {0x01: "harsh_acceleration", 0x02: "harsh_braking", 0x03: "harsh_turn"}
