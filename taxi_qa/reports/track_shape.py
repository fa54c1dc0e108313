"""What the drawn track of a case is made of: columns and steps that JSON holds, and words for labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from taxi_qa.facts.track import CLOCK, NO_FIX, NOWHERE, SPIKE
from taxi_qa.reports.amounts import Said
from taxi_qa.reports.road_lines import RoadLine
from taxi_qa.values.place import Datum

# A label of the view beside those of `facts.track`: no car could have come here from the position before.
LEAP: Final = 16
LABELS: Final[dict[int, Said]] = {
    NO_FIX: Said("未定位", "no fix"),
    NOWHERE: Said("坐标为零", "at 0, 0"),
    SPIKE: Said("单点漂移", "a single stray"),
    CLOCK: Said("时钟有误", "wrong clock"),
    LEAP: Said("跳点：前后两点不可能驶达", "a leap no car could drive"),
}


@dataclass(frozen=True)
class JudgedSpan:
    """When a finding's act was; `by_track` where positions are among what the rule judges by."""

    finding_id: str
    title: Said
    from_ms: int
    to_ms: int
    by_track: bool


@dataclass(frozen=True)
class Points:
    """The positions in the order of time; all columns of one length.

    Attributes:
        t_ms: since `TrackView.from_ms`.
        lat_e6, lon_e6: in 1e-6 degree.
        kmh: what the device said, None where it said nothing.
        label: bits of `LABELS`, 0 for a position that can be used.
        judged: 1 where it is usable and inside an act that was judged by positions, else 0.
        loaded: 1 and 0 as the meter's flag says, None where it says nothing.
        car: 0, or 1 for the second car where two of them drive under one plate.
    """

    t_ms: tuple[int, ...]
    lat_e6: tuple[int, ...]
    lon_e6: tuple[int, ...]
    kmh: tuple[float | None, ...]
    label: tuple[int, ...]
    judged: tuple[int, ...]
    loaded: tuple[int | None, ...]
    car: tuple[int, ...]


@dataclass(frozen=True)
class MeterTrip:
    """A trip as the meter closed it, and the distance driven meanwhile by the positions.

    A meter keeps no course: it says what it read at the end. Between both ends nothing is known of it.
    """

    trip_id: str
    boarded_ms: int
    alighted_ms: int
    metered_m: float | None
    fare: Said
    driven_t_ms: tuple[int, ...]
    driven_m: tuple[int, ...]


@dataclass(frozen=True)
class LimitStep:
    """A span over which one limit holds; `kmh` is None where nobody knows it."""

    from_ms: int
    to_ms: int
    kmh: int | None
    source: Said
    name: str
    road: str


@dataclass(frozen=True)
class TrackView:
    """What the page of a case draws; instants in ms since 1970, places in `datum`.

    Attributes:
        case_id, vehicle_id: whose.
        datum: WGS-84, or that of the map tiles.
        utc_offset_ms: what to add to read the city's clock.
        from_ms, to_ms: what is shown.
        start_ms, end_ms: the act; of a longer one what is shown of it.
        spans: the findings' acts.
        points: the positions.
        gaps: spans (ms) of at least `maps.GAP_MS` without a usable position.
        route: the reasonable route, as `RoadLine.pieces`; empty without one.
        limits: steps, empty where speed was not what was judged.
        meter: the trips of the case.
        moments: instants worth a mark, with their words.
        places: places worth one, lat and lon in 1e-6 degree, with theirs.
        roads: behind it all.
        labels: bit -> what it is called.
        missing: what cannot be shown, and why.
        notes: what to know before reading it.
    """

    case_id: str
    vehicle_id: str
    datum: Datum
    utc_offset_ms: int
    from_ms: int
    to_ms: int
    start_ms: int
    end_ms: int
    spans: tuple[JudgedSpan, ...]
    points: Points
    gaps: tuple[tuple[int, int], ...]
    route: tuple[int, ...]
    limits: tuple[LimitStep, ...]
    meter: tuple[MeterTrip, ...]
    moments: tuple[tuple[int, Said], ...]
    places: tuple[tuple[int, int, Said], ...]
    roads: tuple[RoadLine, ...]
    labels: Mapping[int, Said]
    missing: tuple[Said, ...]
    notes: tuple[Said, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain dictionaries, lists, numbers and text."""
        told = asdict(self)
        told["labels"] = {str(bit): said for bit, said in told["labels"].items()}
        return told
