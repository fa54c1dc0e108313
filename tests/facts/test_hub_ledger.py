"""The fairness ledger: what many turns come to, and that bad luck is told from a queue that is not kept."""

from typing import Any

import numpy as np
import pytest

from taxi_qa.facts.hub_ledger import hub_ledger
from taxi_qa.values.columns import Columns

# A turn of a queue with ten others whose median waited 20 minutes and of whose rides a fifth were short.
TURN = {
    "driver_id": "D1", "company_id": "C1", "hub": "车站", "start_ms": 0, "is_queued": True, "ended": "loaded",
    "is_reserved": False, "is_paused": False, "short_m": np.nan, "seen_from": True, "others": 10,
    "wait_s": 1200.0, "wait_rank": 0.5, "wait_q50_s": 1200.0, "short_share": 0.2, "load_m": 12_000.0,
    "overtook": 0, "overtaken": 0, "ahead": 6, "max_wait_s": np.nan,
}  # fmt: skip
ROUND = {"driver_id": "D1", "company_id": "C1", "hub": "车站", "laps": 0}


def _columns(rows: list[dict[str, Any]], like: dict[str, Any]) -> Columns:
    def column(name: str) -> Any:  # noqa: ANN401 - an array of its type
        values = [row[name] for row in rows]
        return np.array(values, dtype=object if isinstance(like[name], str) else type(like[name]))

    return Columns({name: column(name) for name in like})


def _ledger(
    *turns: dict[str, Any], rounds: tuple[dict[str, Any], ...] = (), of_all: bool = False
) -> list[dict[str, Any]]:
    """The rows of single hubs, or those of all hubs together."""
    visits = _columns([{**TURN, **one} for one in turns], TURN)
    laps = _columns([{**ROUND, **one} for one in rounds], ROUND)
    rows = hub_ledger(visits, laps, 0, 86_400_000).frame()
    rows = rows[(rows["hub"] == "") == of_all]
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False)]


def test_long_waits_in_turn_are_bad_luck_and_no_more() -> None:
    # Eight turns of rank 0.7: 5.6 where 4 are even; sqrt(8/12) = 0.8165, so 1.6/0.8165 = 1.9596.
    (one,) = _ledger(*[{"wait_rank": 0.7, "wait_s": 1500.0}] * 8)
    assert one["wait_deviations"] == pytest.approx(1.9596, abs=1e-4)
    assert (one["waits_say"], one["turns"], one["compared"], one["loaded"]) == ("chance", 8, 8, 8)
    # Each five minutes beyond the median: 8 * 300 s.
    assert (one["waited_s"], one["beyond_median_s"], one["wait_median_s"]) == (12_000.0, 2_400.0, 1500.0)
    assert (one["waited_least"], one["waited_most"], one["ahead_median"]) == (0, 0, 6.0)
    assert one["wait_rank_median"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        # 8 * 0.72 = 5.76: 1.76/0.8165 = 2.1556
        ({"wait_rank": 0.72}, "longer, in turn"),
        ({"wait_rank": 0.72, "overtaken": 1}, "longer, and overtaken"),
        ({"wait_rank": 0.28}, "shorter, in turn"),
        ({"wait_rank": 0.28, "overtook": 1}, "shorter, and overtook"),
        ({"wait_rank": 0.3, "overtook": 1}, "chance"),
    ],
)
def test_beyond_chance_the_order_of_the_queue_says_whose_doing_it_was(
    said: dict[str, Any], word: str
) -> None:
    assert _ledger(*[said] * 8)[0]["waits_say"] == word


def test_seven_turns_say_nothing() -> None:
    (one,) = _ledger(*[{"wait_rank": 1.0}] * 7)
    assert (one["waits_say"], one["shorts_say"], one["waited_most"]) == ("too few turns", "too few turns", 7)


def test_the_lowest_and_the_highest_quarter_begin_beyond_it() -> None:
    (one,) = _ledger(*({"wait_rank": rank} for rank in (0.25, 0.24, 0.75, 0.76, 0.9)))
    assert (one["waited_least"], one["waited_most"]) == (1, 2)


def test_one_endless_wait_moves_the_seconds_and_hardly_the_word() -> None:
    (one,) = _ledger(*[{}] * 9, {"wait_s": 18_000.0, "wait_rank": 1.0})
    assert one["beyond_median_s"] == 16_800.0
    # 9 * 0.5 + 1 = 5.5 where 5 are even; sqrt(10/12) = 0.9129
    assert one["wait_deviations"] == pytest.approx(0.5477, abs=1e-4)
    assert (one["waits_say"], one["wait_median_s"]) == ("chance", 1200.0)


def test_turns_out_of_turn_are_counted_and_not_compared() -> None:
    (one,) = _ledger(
        {"is_reserved": True, "overtook": 3}, {"is_paused": True}, {"short_m": 4_000.0, "wait_rank": 0.0},
        {"others": 3}, {"seen_from": False}, {"ended": "empty", "wait_s": 600.0}, {"is_queued": False},
        {"others": 4},
    )  # fmt: skip
    assert (one["turns"], one["loaded"], one["left_empty"], one["out_of_turn"]) == (7, 6, 1, 3)
    assert (one["compared"], one["waited_least"], one["overtook"]) == (1, 0, 0)
    assert one["waited_s"] == 6 * 1200.0 + 600.0


def test_short_trips_are_held_against_those_of_their_hours() -> None:
    # A fifth of ten is 2; 10 * 0.2 * 0.8 = 1.6, its root 1.2649: five are 2.3717 beyond, four 1.5811.
    short, far = {"load_m": 7_999.0}, {"load_m": 8_000.0}
    (five,) = _ledger(*[short] * 5, *[far] * 5)
    assert (five["short_trips"], five["short_expected"]) == (5, pytest.approx(2.0))
    assert five["short_deviations"] == pytest.approx(2.3717, abs=1e-4)
    assert five["shorts_say"] == "more short trips"
    assert _ledger(*[short] * 4, *[far] * 6)[0]["shorts_say"] == "chance"
    # None of forty: 8 expected, root of 6.4 is 2.5298, 3.16 below.
    assert _ledger(*[far] * 40)[0]["shorts_say"] == "fewer short trips"
    unknown, alone = {"load_m": np.nan}, {"short_share": np.nan}
    assert _ledger(short, unknown, alone)[0]["short_compared"] == 1


def test_where_no_ride_could_be_short_nobody_is_lucky() -> None:
    (one,) = _ledger(*[{"short_share": 0.0}] * 8)
    assert np.isnan(one["short_deviations"])
    assert one["shorts_say"] == "chance"


def test_a_hub_that_allows_half_an_hour() -> None:
    (one,) = _ledger(
        {"max_wait_s": 1800.0, "wait_s": 1800.0}, {"max_wait_s": 1800.0, "wait_s": 1801.0}, {"wait_s": 9e9}
    )
    assert one["over_max_wait"] == 1


def test_laps_stand_beside_the_waits_and_without_them() -> None:
    rounds = ({"laps": 2}, {"laps": 3}, {"laps": 0}, {"driver_id": "D2", "laps": 4, "company_id": "C2"})
    first, second = _ledger({}, rounds=rounds)
    assert (first["driver_id"], first["rounds"], first["laps"], first["circled"]) == ("D1", 2, 5, 1)
    assert (second["driver_id"], second["turns"], second["laps"], second["circled"]) == ("D2", 0, 4, 1)
    assert (second["company_id"], second["waits_say"]) == ("C2", "too few turns")


def test_a_row_a_driver_and_hub() -> None:
    rows = _ledger({"hub": "码头"}, {}, {"driver_id": ""}, {"driver_id": "D2"})
    assert [(one["driver_id"], one["hub"]) for one in rows] == [
        ("", "车站"), ("D1", "码头"), ("D1", "车站"), ("D2", "车站"),
    ]  # fmt: skip
    assert len({one["subject"] for one in rows}) == 4


def test_all_hubs_together_have_turns_enough() -> None:
    # Four at either hub say nothing; eight of rank 0.72 do, as above.
    turns = [{"wait_rank": 0.72}] * 4 + [{"wait_rank": 0.72, "hub": "码头"}] * 4
    assert [one["waits_say"] for one in _ledger(*turns)] == ["too few turns"] * 2
    (one,) = _ledger(*turns, rounds=({"laps": 3}, {"laps": 1, "hub": "码头"}), of_all=True)
    assert (one["driver_id"], one["turns"], one["waits_say"], one["laps"]) == ("D1", 8, "longer, in turn", 4)


def test_nobody_queued() -> None:
    assert _ledger() == []
