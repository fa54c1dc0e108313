"""A column of a record kind: its outside name and unit, its inside name and unit, its limits."""

from dataclasses import dataclass, field
from typing import Final, Literal

Meaning = Literal[
    "id",
    "text",
    "time",
    "date",
    "lon",
    "lat",
    "yuan",
    "km",
    "number",
    "whole",
    "flag",
    "choice",
    "names",
    "json",
]

# Outside suffix -> inside suffix: an inside name carries the unit it is kept in.
_TIME_SUFFIX: Final = "_ms"
_DATE_SUFFIX: Final = "_day"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: the outside name, as in a file's header.
        meaning: what kind of value it is; decides how it is read, limited and kept.
        required: a row without it is refused.
        aliases: other headers that mean this column (Chinese ones first).
        low, high: least and greatest lawful value in the outside unit, both included.
        choices: the words allowed; anything else is refused.
        words: outside word -> the word of `choices` it means (Chinese spellings).
        about: one line for the documentation.
    """

    name: str
    meaning: Meaning
    required: bool = False
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    about: str = ""

    @property
    def inside(self) -> str:
        """The name it has in the store and in frames: `fare_yuan` -> `fare_fen`, `at` -> `at_ms`.

        Times are whole milliseconds since 1970 UTC, dates whole city days since 1970, money whole
        fen, distances whole metres.
        """
        if self.meaning == "time":
            return self.name.removesuffix("_at") + _TIME_SUFFIX if self.name != "at" else "at_ms"
        if self.meaning == "date":
            return self.name + _DATE_SUFFIX
        if self.meaning == "yuan":
            return self.name.removesuffix("_yuan") + "_fen"
        if self.meaning == "km":
            return self.name.removesuffix("_km") + "_m"
        return self.name

    @property
    def dtype(self) -> str:
        """The pandas dtype inside; every one of them can hold a missing value."""
        if self.meaning in ("time", "date", "yuan", "km", "whole"):
            return "Int64"
        if self.meaning in ("lon", "lat", "number"):
            return "float64"
        if self.meaning == "flag":
            return "boolean"
        return "str"


@dataclass(frozen=True)
class Kind:
    """A kind of record: what one row says and which columns name it.

    Attributes:
        name: the stem of its files and of its table.
        key: the columns that name a row; the same key with other content is a correction.
        moment: the time column that says on which city day the row is judged, if any.
        columns: in the order of an export.
        about: one line for the documentation.
    """

    name: str
    key: tuple[str, ...]
    moment: str | None
    columns: tuple[Column, ...]
    about: str

    def column(self, name: str) -> Column:
        """The column of that outside name.

        Raises:
            KeyError: the kind has none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    @property
    def has_vehicle(self) -> bool:
        """Whether its rows belong to one vehicle (and so to one bucket)."""
        return any(c.name == "vehicle_id" for c in self.columns)
