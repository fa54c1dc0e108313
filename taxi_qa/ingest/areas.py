"""The outlines of zones: GeoJSON polygons, checked, in WGS-84."""

import json
from typing import Any, Final

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry import mapping

from taxi_qa.ingest.quantities import Converted, trimmed
from taxi_qa.values.place import Datum, to_wgs84

_KINDS: Final = ("Polygon", "MultiPolygon")
MAX_CORNERS: Final = 200_000
# 1e-7 degree, about a centimetre: what positions are kept in.
_DIGITS: Final = 7

_MAX_LON, _MAX_LAT = 180.0, 90.0


def convert_areas(texts: Any, datum: Datum) -> Converted:  # noqa: ANN401  (pyarrow has no types)
    """Outlines as GeoJSON text in WGS-84, corners rounded to 1e-7 degree."""
    cut = trimmed(texts)
    given = cut.is_valid().to_numpy(zero_copy_only=False)
    values: list[str | None] = []
    reasons: dict[str, list[int]] = {}
    for index, text in enumerate(cut.to_pylist()):
        outline, reason = (None, "") if text is None else _outline(text, datum)
        values.append(outline)
        if reason:
            reasons.setdefault(reason, []).append(index)
    faults = []
    for reason, rows in reasons.items():
        mask = np.zeros(len(values), dtype=bool)
        mask[rows] = True
        faults.append((mask, reason))
    return Converted(pa.array(values, pa.large_string()), given, faults)


def _outline(text: str, datum: Datum) -> tuple[str | None, str]:  # noqa: PLR0911  (one return a fault)
    """An outline as it is kept, or the reason why it is none."""
    try:
        shape = shapely.force_2d(shapely.from_geojson(text))
    except (shapely.errors.ShapelyError, ValueError, RecursionError):
        return None, "is no GeoJSON geometry; expected a Polygon or MultiPolygon"
    if shape.geom_type not in _KINDS:
        return None, f"is a {shape.geom_type}; expected a Polygon or MultiPolygon"
    corners = shapely.get_coordinates(shape)
    if not len(corners):
        return None, "is empty; expected a Polygon or MultiPolygon"
    if len(corners) > MAX_CORNERS:
        return None, f"has {len(corners):,} corners; expected at most {MAX_CORNERS:,}"
    with np.errstate(invalid="ignore"):
        beyond_lon = ~(np.abs(corners[:, 0]) <= _MAX_LON)
        beyond_lat = ~(np.abs(corners[:, 1]) <= _MAX_LAT)
    if beyond_lat.any() and (np.abs(corners[:, 0]) <= _MAX_LAT).all():
        return None, "has latitudes beyond 90 degrees: lon and lat look swapped"
    if beyond_lon.any() or beyond_lat.any():
        return None, "has corners beyond 180 degrees of longitude or 90 of latitude"
    if not shapely.is_valid(shape):
        what = shapely.is_valid_reason(shape).split("[")[0].strip().lower()
        return None, f"is no valid outline ({what}); draw it again without crossing itself"
    if datum != "wgs84":
        shape = shapely.transform(shape, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum)))
    kept = shapely.transform(shape, lambda xy: np.round(xy, _DIGITS))
    return json.dumps(mapping(kept)), ""
