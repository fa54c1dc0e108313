"""T/GDRTA 002-2019 (Guangdong): codes of its cameras. 0D is "playing with the phone", a phone in the hand."""

DRIVER_CAMERA = {
    0x01: "fatigue",
    0x02: "phone",
    0x03: "smoking",
    0x04: "distracted",
    0x06: "lens_covered",
    0x0A: "no_belt_driver",
    0x0D: "phone",
}
HARSH: dict[int, str] = {}
