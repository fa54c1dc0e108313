"""What the bits of alarm and status mean: names for people, kinds of events, devices that fail."""

from typing import Final

# Names of the bits, by protocol (905.2 table of 0x0200; 808 table 24).
NAMES: Final[dict[str, dict[int, str]]] = {
    "jt905": {
        0: "emergency",
        1: "pre_alarm",
        2: "gnss_fault",
        3: "antenna_cut",
        4: "antenna_short",
        5: "undervoltage",
        6: "power_cut",
        7: "display_fault",
        8: "voice_fault",
        9: "camera_fault",
        10: "meter_fault",
        11: "rating_fault",
        12: "led_screen_fault",
        13: "lcd_screen_fault",
        14: "security_module_fault",
        15: "roof_light_fault",
        16: "overspeed",
        17: "driving_too_long",
        18: "daily_driving_too_long",
        19: "parked_too_long",
        20: "area_passed",
        21: "segment_time",
        22: "forbidden_road",
        23: "speed_sensor_fault",
        24: "illegal_ignition",
        25: "illegal_move",
        26: "storage_fault",
        27: "recorder_fault",
        28: "meter_clock_fault",
    },
    "jt808": {
        0: "emergency",
        1: "overspeed",
        2: "driving_too_long",
        3: "danger",
        4: "gnss_fault",
        5: "antenna_cut",
        6: "antenna_short",
        7: "undervoltage",
        8: "power_cut",
        9: "display_fault",
        10: "voice_fault",
        11: "camera_fault",
        12: "card_reader_fault",
        13: "overspeed_warning",
        14: "driving_long_warning",
        18: "daily_driving_too_long",
        19: "parked_too_long",
        20: "area_passed",
        21: "route_passed",
        22: "segment_time",
        23: "off_route",
        24: "speed_sensor_fault",
        25: "fuel_fault",
        26: "stolen",
        27: "illegal_ignition",
        28: "illegal_move",
        29: "collision",
        30: "rollover",
        31: "door_opened",
    },
}
# Alarms that are events of our own; driving for too long is not: the terminal's own clock is no
# witness of tiredness.
EVENTS: Final = frozenset(
    {
        "emergency",
        "gnss_fault",
        "antenna_cut",
        "power_cut",
        "camera_fault",
        "meter_fault",
        "meter_clock_fault",
        "storage_fault",
        "lens_covered",
    }
)
# Which device an alarm speaks of, and how ill it is.
DEVICES: Final[dict[str, tuple[str, str]]] = {
    "gnss_fault": ("gnss", "down"),
    "antenna_cut": ("gnss", "down"),
    "antenna_short": ("gnss", "down"),
    "camera_fault": ("camera", "down"),
    "lens_covered": ("camera", "degraded"),
    "meter_fault": ("meter", "down"),
    "meter_clock_fault": ("meter", "degraded"),
    "recorder_fault": ("recorder", "down"),
    "rating_fault": ("rating", "down"),
    "power_cut": ("terminal", "down"),
    "undervoltage": ("terminal", "degraded"),
    "storage_fault": ("terminal", "degraded"),
}


def alarm_names(protocol: str, bits: int) -> list[str]:
    """The alarms that are set, in order of their bits; reserved bits mean nothing."""
    if not bits:
        return []
    return [name for bit, name in NAMES[protocol].items() if bits >> bit & 1]
