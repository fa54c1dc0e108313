"""Which tables a fleet's terminals need: the standard, or what a maker or a place made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

from taxi_qa.ingest.terminals.items import ItemTable
from taxi_qa.ingest.terminals.messages import (
    Known,
    device,
    duty,
    media,
    order,
    position,
    session,
    trip,
    upload,
)
from taxi_qa.ingest.terminals.quirks import car_eye, db32, fleety, gdrta, jsatl

_NONE: Final[Mapping[int, str]] = MappingProxyType({})
# Codes of the driver's camera on which every dialect agrees. The others collide: 06 is a covered lens
# in Guangdong and both hands off the wheel in Jiangsu.
_AGREED: Final = {0x01: "fatigue", 0x02: "phone", 0x03: "smoking", 0x04: "distracted"}

_STANDARD: Final[dict[str, dict[int, Known]]] = {
    "jt905": {
        **session.LAYOUTS_905,
        **position.LAYOUTS_905,
        **duty.LAYOUTS_905,
        **trip.LAYOUTS_905,
        **order.LAYOUTS_905,
        **media.LAYOUTS_905,
        **device.LAYOUTS_905,
    },
    "jt808": {
        **session.LAYOUTS_808,
        **position.LAYOUTS_808,
        **duty.LAYOUTS_808,
        **media.LAYOUTS_808,
        **upload.LAYOUTS_808,
        **device.LAYOUTS_808,
    },
}


@dataclass(frozen=True)
class Dialect:
    """The tables of a fleet.

    Attributes:
        layouts: by protocol and message id.
        items: of positions, before those of the standard.
        driver_camera: event kind by code of item 0x65; a code that is missing is no event.
        harsh: event kind by code of item 0x70.
        place: the protocol whose bits the positions inside carry, by protocol of the frame.
    """

    layouts: Mapping[str, Mapping[int, Known]]
    items: ItemTable = field(default_factory=dict)
    driver_camera: Mapping[int, str] = field(default_factory=lambda: _AGREED)
    harsh: Mapping[int, str] = field(default_factory=lambda: _NONE)
    place: Mapping[str, str] = field(default_factory=lambda: {"jt905": "jt905", "jt808": "jt808"})


def _with_905(changed: Mapping[int, Known]) -> dict[str, dict[int, Known]]:
    return {**_STANDARD, "jt905": {**_STANDARD["jt905"], **changed}}


DIALECTS: Final[dict[str, Dialect]] = {
    "standard": Dialect(_STANDARD),
    "jsatl": Dialect(_STANDARD, driver_camera=jsatl.DRIVER_CAMERA, harsh=jsatl.HARSH),
    "db32": Dialect(_STANDARD, driver_camera=db32.DRIVER_CAMERA, harsh=db32.HARSH),
    "gdrta": Dialect(_STANDARD, driver_camera=gdrta.DRIVER_CAMERA, harsh=gdrta.HARSH),
    "fleety": Dialect(_with_905(fleety.LAYOUTS_905)),
    "car_eye": Dialect(_with_905(car_eye.LAYOUTS_905), place={"jt905": "jt808", "jt808": "jt808"}),
}


@cache
def dialect_named(name: str) -> Dialect:
    """The tables of a dialect, or of a maker and a province joined by `+`.

    Raises:
        ValueError: there is none of this name; or two makers, or two provinces are named: what one leaves
            out is nothing there, so their tables never make one.
    """
    parts = dict.fromkeys(name.split("+"))
    for part in parts:
        if part not in DIALECTS:
            raise ValueError(
                f"没有终端方言 {part!r}, 可选: {', '.join(DIALECTS)}; 厂家与省份可用 + 合用。"
                f"There is no dialect {part!r}; there are {', '.join(DIALECTS)}; a maker's and a province's"
                " are joined by +."
            )
    if len(parts) == 1:
        return DIALECTS[name.split("+", maxsplit=1)[0]]
    standard = DIALECTS["standard"]
    makers = [part for part in parts if DIALECTS[part].layouts is not standard.layouts]
    provinces = [part for part in parts if DIALECTS[part].driver_camera is not standard.driver_camera]
    for many in (makers, provinces):
        if len(many) > 1:
            raise ValueError(
                f"{' 与 '.join(many)} 说法不同, 不能合用; 请各开一个网关。"
                f"{' and '.join(many)} contradict each other: give each a gateway of its own."
            )
    maker, province = (DIALECTS[many[0]] if many else standard for many in (makers, provinces))
    return Dialect(maker.layouts, maker.items, province.driver_camera, province.harsh, maker.place)
