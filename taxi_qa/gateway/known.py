"""Which terminals may speak: those the register of vehicles names, by the number they send."""

from collections.abc import Mapping
from types import MappingProxyType

from taxi_qa.store.home import Home
from taxi_qa.store.library import records


def folded(terminal: str) -> str:
    """A terminal's number as it is compared: no zeros in front (a telephone number is filled up with them).

    Args:
        terminal: digits of the register, or the bytes a frame names its terminal by, as hex.
    """
    return terminal.strip().lower().lstrip("0")


def terminals_of(home: Home) -> Mapping[str, str]:
    """Folded number of a terminal -> the vehicle it stands in; a number of two vehicles is left out.

    Args:
        home: whose register.
    """
    vehicles = records(home, "vehicles")
    found: dict[str, str] = {}
    twice: set[str] = set()
    for vehicle_id, terminal in zip(
        vehicles["vehicle_id"].tolist(), vehicles["terminal_id"].fillna("").tolist(), strict=True
    ):
        number = folded(terminal)
        if number:
            twice |= {number} & found.keys()
            found[number] = vehicle_id
    return MappingProxyType({number: car for number, car in found.items() if number not in twice})
