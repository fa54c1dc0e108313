"""A driver away from a queue, against plain words: which reports are of one absence, and how long it was."""

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_qa.facts import hub_watches
from taxi_qa.values.columns import Columns
from tests.facts.frames import DAY_MS, H, S, day_with
from tests.small_city import law_of

LAW: Final = law_of("guangzhou")
AT: Final = DAY_MS + 12 * H
# When (s), how long (s; None untold), how sure, of which car.
report = st.tuples(
    st.integers(-12, 36).map(lambda at: at * 20),
    st.sampled_from([None, 20, 60, 200]),
    st.sampled_from([None, 0.5, 0.9]),
    st.sampled_from("AAAB"),
)


@given(st.lists(report, max_size=6), st.sampled_from(["empty", "loaded"]))
@settings(max_examples=80, deadline=None)
def test_the_longest_absence_of_a_turn(
    told: list[tuple[int, int | None, float | None, str]], ended: str
) -> None:
    """A turn of ten minutes."""
    events = [
        {"event_id": f"E{n}", "vehicle_id": car, "kind": "driver_absent", "time_ms": AT + at * S,
         "duration_s": None if lasted is None else float(lasted), "confidence": sure}
        for n, (at, lasted, sure, car) in enumerate(told)
    ]  # fmt: skip
    # The last two minutes before passengers get in are for their luggage.
    until = 600 if ended == "empty" else 480
    mine = sorted(
        (at, lasted or 0, -1.0 if sure is None else sure)
        for at, lasted, sure, car in told
        if car == "A" and at < until and at + (lasted or 0) >= 0
    )
    acts: list[list[tuple[int, int, float]]] = []
    reached = -1_000
    for at, lasted, sure in mine:
        # A minute apart they are two.
        if acts and max(at, 0) - reached < 60:
            acts[-1].append((max(at, 0), min(at + lasted, until), sure))
            reached = max(reached, min(at + lasted, until))
        else:
            acts.append([(max(at, 0), min(at + lasted, until), sure)])
            reached = max(reached, min(at + lasted, until))
    lengths = [max(0, max(one[1] for one in act) - act[0][0]) for act in acts]
    turns = Columns(
        {
            "vehicle_id": np.array(["A"], dtype=object),
            "start_ms": np.array([AT]),
            "end_ms": np.array([AT + 600 * S]),
            "ended": np.array([ended], dtype=object),
        }
    )
    absent_s, reports, confidence, _, begin = hub_watches._absences(day_with(events=events), turns)
    if not acts:
        assert (absent_s[0], reports[0], begin[0]) == (0.0, 0, AT)
        assert np.isnan(confidence[0])
        return
    longest = lengths.index(max(lengths))
    assert absent_s[0] == lengths[longest]
    assert reports[0] == len(acts[longest])
    assert begin[0] == AT + acts[longest][0][0] * S
    best = max(one[2] for one in acts[longest])
    # Of equal begin and length either may be the last of its act.
    if len({one[:2] for one in mine}) == len(mine):
        assert confidence[0] == pytest.approx(best if best > 0 else np.nan, nan_ok=True)


@pytest.mark.parametrize(("at_s", "judged"), [(0, 1), (-1, 0), (86_399, 1), (86_400, 0)])
def test_a_record_of_a_day(at_s: int, judged: int) -> None:
    record = {"record_id": "R", "driver_id": "D1", "kind": "inspection_refused", "at_ms": DAY_MS + at_s * S}
    for kind, rows in (("inspection_refused", judged), ("traffic_violation", 0)):
        drivers = [{"driver_id": "D1", "company_id": "C"}]
        said = hub_watches.cooperation(day_with(records=[record | {"kind": kind}], drivers=drivers), LAW)
        assert said["company_id"].tolist() == ["C"] * rows
        assert said["result"].tolist() == ["fail"] * rows
