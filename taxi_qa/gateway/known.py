"""Which terminals may speak: those the register of vehicles names, by the number they send."""

from collections.abc import Iterator, Mapping

from taxi_qa.store.home import Home
from taxi_qa.store.library import records


def folded(terminal: str) -> str:
    """A terminal's number as it is compared: no zeros in front (a telephone number is filled up with them).

    Args:
        terminal: digits of the register, or the bytes a frame names its terminal by, as hex.
    """
    return terminal.strip().lower().lstrip("0")


class Register(Mapping[str, str]):
    """Terminal -> the vehicle it stands in; asked by digits of the register or by the hex of a frame."""

    def __init__(self, cars: Mapping[str, str]) -> None:
        """Begin.

        Args:
            cars: by any spelling of the terminal's number.
        """
        self._cars = {folded(terminal): car for terminal, car in cars.items()}

    def __getitem__(self, terminal: str) -> str:
        """The vehicle of a terminal."""
        return self._cars[folded(terminal)]

    def __iter__(self) -> Iterator[str]:
        """The folded numbers."""
        return iter(self._cars)

    def __len__(self) -> int:
        """How many terminals are known."""
        return len(self._cars)


def terminals_of(home: Home) -> Register:
    """The terminals of a home's register; a number that stands in two vehicles is left out.

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
    return Register({number: car for number, car in found.items() if number not in twice})
