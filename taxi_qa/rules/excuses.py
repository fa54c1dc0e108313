"""Which excuses cover a found act; an excuse nobody approved covers nothing, and that is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from taxi_qa.facts.given import instants, words
from taxi_qa.facts.unit import ROAD_COLUMNS
from taxi_qa.values.clock import MS_PER_DAY
from taxi_qa.values.columns import Values

# No single act lasts longer: what does is a week or a month.
_SUMMED_UP_MS: Final = 5 * MS_PER_DAY

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


class _Excuse(NamedTuple):
    excuse_id: str
    scope: str
    scope_id: str
    from_ms: int
    to_ms: int
    rules: frozenset[str]
    is_approved: bool


@dataclass(frozen=True)
class Excuses:
    """The excuses on file and the zones they may speak of.

    Attributes:
        rows: records of kind `excuses`, inside columns.
        areas: zone_id -> its area (lon/lat, WGS-84).
    """

    rows: pd.DataFrame
    areas: dict[str, shapely.Geometry]

    @cached_property
    def _listed(self) -> list[_Excuse]:
        texts = [
            words(self.rows[name]) for name in ("excuse_id", "scope", "scope_id", "rules", "approved_by")
        ]
        spans = [instants(self.rows[name], 0).tolist() for name in ("from_ms", "to_ms")]
        return [
            _Excuse(
                name, scope, scope_id, from_ms, to_ms, frozenset(filter(None, rules.split(";"))), by != ""
            )
            for name, scope, scope_id, rules, by, from_ms, to_ms in zip(*texts, *spans, strict=True)
        ]

    def covering(self, rule: str, acts: Mapping[str, Values]) -> tuple[list[str], list[str]]:
        """For each act the approved excuses that cover it, and the unapproved ones that would.

        An excuse covers an act that began within its span, in its scope, if it names the rule or none. What
        was summed up over days is covered only by an excuse that covers all of it.

        Args:
            rule: the rule's name.
            acts: vehicle_id, company_id, start_ms, lon, lat of the found rows; of acts on roads also
                road and way_ids.

        Returns:
            Two lists as long as the acts: ids joined by `;`, "" where there is none.
        """
        start = acts["start_ms"]
        end = acts.get("end_ms", start)
        until = np.where(end - start > _SUMMED_UP_MS, end, start)
        approved = [""] * len(start)
        unapproved = [""] * len(start)
        for excuse in self._listed:
            if excuse.rules and rule not in excuse.rules:
                continue
            covers = (excuse.from_ms <= start) & (until <= excuse.to_ms)
            covers &= self._in_scope(excuse.scope, excuse.scope_id, acts)
            into = approved if excuse.is_approved else unapproved
            for at in np.flatnonzero(covers):
                into[at] = f"{into[at]};{excuse.excuse_id}".lstrip(";")
        return approved, unapproved

    def _in_scope(self, scope: str, scope_id: str, acts: Mapping[str, Values]) -> npt.NDArray[np.bool_]:
        count = len(acts["start_ms"])
        if scope == "city":
            return np.ones(count, dtype=bool)
        if scope in ("vehicle", "company"):
            return np.asarray(acts[f"{scope}_id"] == scope_id, dtype=bool)
        if scope == "road":
            return _on_road(scope_id, acts)
        area = self.areas.get(scope_id)
        if scope == "zone" and area is not None:
            return np.asarray(shapely.contains_xy(area, acts["lon"], acts["lat"]), dtype=bool)
        return np.zeros(count, dtype=bool)


def _on_road(scope_id: str, acts: Mapping[str, Values]) -> npt.NDArray[np.bool_]:
    """Acts that concern a road, by the id of its way or by its name."""
    covers = np.zeros(len(acts["start_ms"]), dtype=bool)
    for name in ROAD_COLUMNS:
        covers |= [scope_id in roads.split(";") for roads in acts.get(name, np.full(covers.size, ""))]
    return covers


def no_excuses() -> Excuses:
    """Nothing on file."""
    return Excuses(_NO_EXCUSES, {})
