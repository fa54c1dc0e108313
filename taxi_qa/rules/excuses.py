"""Which excuses cover a found act; an excuse nobody approved covers nothing, and that is said."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

_NO_EXCUSES: Final = pd.DataFrame(
    {
        "excuse_id": pd.Series(dtype="str"),
        "scope": pd.Series(dtype="str"),
        "scope_id": pd.Series(dtype="str"),
        "from_ms": pd.Series(dtype="int64"),
        "to_ms": pd.Series(dtype="int64"),
        "rules": pd.Series(dtype="str"),
        "approved_by": pd.Series(dtype="str"),
    }
)


@dataclass(frozen=True)
class Excuses:
    """The excuses on file and the zones they may speak of.

    Attributes:
        rows: records of kind `excuses`, inside columns.
        areas: zone_id -> its area (lon/lat, WGS-84).
    """

    rows: pd.DataFrame
    areas: dict[str, shapely.Geometry]

    def covering(self, rule: str, acts: pd.DataFrame) -> tuple[list[str], list[str]]:
        """For each act the approved excuses that cover it, and the unapproved ones that would.

        An excuse covers an act that began within its span, in its scope, if it names the rule or none.

        Args:
            rule: the rule's name.
            acts: found rows with vehicle_id, company_id, start_ms, lon, lat.

        Returns:
            Two lists as long as `acts`: ids joined by `;`, "" where there is none.
        """
        approved = [""] * len(acts)
        unapproved = [""] * len(acts)
        for excuse in self.rows.itertuples(index=False):
            if _text(excuse.rules) and rule not in _text(excuse.rules).split(";"):
                continue
            covers = self._in_scope(_text(excuse.scope), _text(excuse.scope_id), acts)
            start = acts["start_ms"].to_numpy(dtype=np.int64)
            covers &= (int(str(excuse.from_ms)) <= start) & (start <= int(str(excuse.to_ms)))
            into = approved if _text(excuse.approved_by) else unapproved
            for at in np.flatnonzero(covers):
                into[at] = f"{into[at]};{excuse.excuse_id}".lstrip(";")
        return approved, unapproved

    def _in_scope(self, scope: str, scope_id: str, acts: pd.DataFrame) -> npt.NDArray[np.bool_]:
        if scope == "city":
            return np.ones(len(acts), dtype=bool)
        if scope in ("vehicle", "company"):
            return np.asarray(acts[f"{scope}_id"].to_numpy(dtype=object) == scope_id, dtype=bool)
        area = self.areas.get(scope_id)
        if scope == "zone" and area is not None:
            lon, lat = (acts[axis].to_numpy(dtype=np.float64) for axis in ("lon", "lat"))
            return np.asarray(shapely.contains_xy(area, lon, lat), dtype=bool)
        return np.zeros(len(acts), dtype=bool)


def no_excuses() -> Excuses:
    """Nothing on file."""
    return Excuses(_NO_EXCUSES, {})


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)  # noqa: PLR0124 - NaN only
