"""What whole companies do, and what accelerometers feel: made, and judged."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.cli.lab_score import judged_fleet
from taxi_qa.lab.make import make_city
from taxi_qa.lab.plan import WHOLE_FLEETS, allot, default_plan
from taxi_qa.lab.score import scored

FIRST_DAY = dt.date(2025, 10, 13)
BOTH = {"clear": 1, "near_miss": 1}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unhappy")
    harsh = {"clear": 1, "near_miss": 1, "look_alike": 1}
    offences = {"sla.satisfaction": BOTH, "driving.harsh": harsh}
    make_city(folder, vehicles=10, days=4, seed=3, first_day=FIRST_DAY, offences=offences)
    return folder


def test_a_company_s_late_data_and_dark_terminals_are_found_and_the_other_s_nearly_are_not(
    tmp_path: Path,
) -> None:
    offences = dict.fromkeys(WHOLE_FLEETS, BOTH)
    make_city(tmp_path, vehicles=6, days=2, seed=3, first_day=FIRST_DAY, offences=offences)
    fleet = judged_fleet(tmp_path, 1)
    told = scored(fleet.truth, fleet.said).to_dict("index")
    for rule in (*WHOLE_FLEETS, "vehicle.late_data"):
        assert told[rule]["recall"] == 1, rule
        assert [told[rule][name] for name in ("near_misses", "wrongly_found", "duplicates")] == [0, 0, 0], (
            rule
        )
    # Three cars of four shifts all dark, and of three every fifth shift of its own count.
    assert told["vehicle.gnss_outage"]["found"] == told["vehicle.gnss_outage"]["planted"]
    assert told["vehicle.gnss_outage"]["planted"] >= 12


def test_what_colours_a_company_is_in_no_ordinary_plan() -> None:
    assert not set(WHOLE_FLEETS) & set(default_plan(200, 7))


def test_bad_ratings_of_both_companies_lie_on_either_side_of_a_twentieth(fleet: Path) -> None:
    trips = pd.read_csv(fleet / "trips.csv").merge(pd.read_csv(fleet / "vehicles.csv"), on="vehicle_id")
    rated = trips[trips["rating"] > 0]
    share = (rated["rating"] == 3).groupby(rated["company_id"]).mean().to_dict()
    company = _subjects(fleet, "sla.satisfaction", "company_id")
    assert share[company["clear"]] > 0.05
    assert 0.0 < share[company["near_miss"]] < 0.05


def test_one_driver_is_harsh_and_another_s_terminal_says_everything_thrice(fleet: Path) -> None:
    driver = _subjects(fleet, "driving.harsh", "driver_id")
    events = pd.read_csv(fleet / "events.csv", parse_dates=["time"])
    events = events[events["kind"].str.startswith("harsh_")]
    shifts = pd.read_csv(fleet / "shifts.csv", parse_dates=["start", "end"])
    both = events.drop(columns="driver_id").merge(shifts, on="vehicle_id")
    both = both[(both["time"] >= both["start"]) & (both["time"] <= both["end"])]
    acts = both["driver_id"].value_counts().to_dict()
    usual = float(np.mean([count for name, count in acts.items() if name not in driver.values()]))
    assert acts[driver["clear"]] > 3 * usual
    thrice = both[both["driver_id"] == driver["look_alike"]].sort_values("time")
    assert len(thrice) % 3 == 0
    again = thrice["time"].diff().dt.total_seconds().to_numpy()
    assert (again[1::3] <= 60).all()
    assert (again[2::3] <= 60).all()
    assert len(thrice) / 3 < 2.5 * usual


def _subjects(fleet: Path, rule: str, column: str) -> dict[str, str]:
    """Whom the answer key names, by label."""
    truth = pd.read_csv(fleet / "truth.csv", dtype=str, keep_default_na=False)
    rows = truth[truth["rule"] == rule]
    return dict(zip(rows["label"], rows[column], strict=True))


def test_no_car_has_two_acts_of_a_kind_that_would_contradict_each_other() -> None:
    posts = allot(default_plan(24, 2), 24, 2, 5, must_fit=False)
    for rule in ("driving.harsh", "service.low_rating", "vehicle.dishonest_repair"):
        cars = [post.vehicle for post in posts if post.rule == rule]
        assert cars
        assert len(cars) == len(set(cars)), rule
