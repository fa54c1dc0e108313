"""Valhalla as a witness: another map reader, another snapping and another engine for the same trips.

Optional: nothing of the product needs it. Tests hold the own routes against it, benchmarks measure beside it.
It costs a turn and knows turn bans, so single routes differ; over many the lengths agree. Where
`pyvalhalla` (or `pyvalhalla-weekly`) is not installed, `open_valhalla` says so.
"""

import importlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_TOOL: Final = "valhalla_build_tiles"
_INSTALL: Final = "install it with `pip install pyvalhalla` (Python 3.12) or `pip install pyvalhalla-weekly`"
_E7: Final = 1e-7
# Its lines have six digits of a degree, ours seven.
_E7_PER_E6: Final = 10


class NoValhallaError(RuntimeError):
    """Valhalla is not installed, or made no tiles of the extract."""


@dataclass(frozen=True)
class Found:
    """Routes of Valhalla, one a trip; NaN and no points where it found none.

    Attributes:
        length_m, seconds: float64[n].
        start, lon_e7, lat_e7: points of route i are lon_e7[start[i]:start[i + 1]].
    """

    length_m: Floats
    seconds: Floats
    start: Int64s
    lon_e7: Int32s
    lat_e7: Int32s


@dataclass(frozen=True)
class Valhalla:
    """An opened Valhalla."""

    actor: Any
    version: str

    def answer(
        self, lon_e7: npt.ArrayLike, lat_e7: npt.ArrayLike, alternates: int = 0
    ) -> dict[str, Any] | None:
        """What it answers of one trip, None where it finds no way.

        Args:
            lon_e7, lat_e7: the places of the trip, at least two.
            alternates: how many further routes are asked for.
        """
        lon, lat = (np.asarray(axis, dtype=np.float64) * _E7 for axis in (lon_e7, lat_e7))
        places = [{"lon": float(x), "lat": float(y)} for x, y in zip(lon, lat, strict=True)]
        asked = {
            "locations": places,
            "costing": "auto",
            "directions_type": "none",
            "units": "kilometers",
            "alternates": alternates,
        }
        try:
            answered = self.actor.route(json.dumps(asked))
        except RuntimeError:
            return None
        told: dict[str, Any] = json.loads(answered) if isinstance(answered, str) else answered
        return told

    def routes(self, begin_e7: tuple[Int32s, Int32s], end_e7: tuple[Int32s, Int32s]) -> Found:
        """The fastest route of each trip by its own speeds, at no particular hour.

        Args:
            begin_e7, end_e7: longitudes and latitudes of n trips' ends.
        """
        n = begin_e7[0].size
        length_m, seconds = np.full(n, np.nan), np.full(n, np.nan)
        lines: list[tuple[Int32s, Int32s]] = []
        for trip in range(n):
            lon_e7, lat_e7 = ((begin_e7[axis][trip], end_e7[axis][trip]) for axis in (0, 1))
            told = self.answer(lon_e7, lat_e7)
            if told is None:
                lines.append((np.zeros(0, np.int32), np.zeros(0, np.int32)))
                continue
            length_m[trip] = told["trip"]["summary"]["length"] * 1000.0
            seconds[trip] = told["trip"]["summary"]["time"]
            lines.append(line_of(told["trip"]["legs"][0]["shape"]))
        start = np.cumsum([0, *(lon.size for lon, _ in lines)]).astype(np.int64)
        none = np.zeros(0, np.int32)
        lon = np.concatenate([none, *(points[0] for points in lines)])
        lat = np.concatenate([none, *(points[1] for points in lines)])
        return Found(length_m, seconds, start, lon, lat)


def open_valhalla(extract: Path, folder: Path) -> Valhalla:
    """Makes Valhalla's tiles of an extract and opens them.

    Args:
        extract: an OpenStreetMap extract (.osm.pbf).
        folder: an existing one, for its tiles and its settings.

    Raises:
        NoValhallaError: it is not installed, or made no tiles; says why.
    """
    try:
        library = importlib.import_module("valhalla")
    except ImportError as error:
        raise NoValhallaError(f"Valhalla is not installed; {_INSTALL}") from error
    tool = Path(str(library.__file__)).parent / "bin" / _TOOL
    if not tool.is_file():
        raise NoValhallaError(f"this Valhalla comes without {_TOOL}; {_INSTALL}")
    (folder / "tiles").mkdir(exist_ok=True)
    settings = library.get_config(tile_extract=str(folder), tile_dir=str(folder / "tiles"), verbose=False)
    # It asks for the name of an archive of tiles, and reads the tiles themselves where there is none.
    settings["mjolnir"]["tile_extract"] = str(folder / "tiles.tar")
    settings["mjolnir"]["concurrency"] = 1
    for part in ("mjolnir", "loki"):
        settings[part]["logging"] = {"type": ""}
    path = folder / "valhalla.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    # Its own tool with names of files, no shell; it leaves lists behind where it runs.
    made = subprocess.run(  # noqa: S603
        [tool, "-c", path.resolve(), extract.resolve()],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    if made.returncode:
        raise NoValhallaError(f"{extract}: {_TOOL} made no tiles: {made.stderr.strip()[-300:]}")
    return Valhalla(library.Actor(str(path)), str(library.__version__))


def line_of(shape: str) -> tuple[Int32s, Int32s]:
    """Points of an encoded line of six digits: lon_e7, lat_e7."""
    steps: list[int] = []
    value = shift = 0
    for letter in shape:
        bits = ord(letter) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:  # noqa: PLR2004 - the sixth bit says that the number goes on
            steps.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    lat, lon = np.cumsum(np.array(steps, dtype=np.int64).reshape(-1, 2), axis=0).T * _E7_PER_E6
    return lon.astype(np.int32), lat.astype(np.int32)
