"""The tariff engine against 140,000 real trips: honest fares stay in the band, raised ones do not.

The verdict is the one the docstring of `law.tariff` gives: found above `high_fen + step_fen` without a
doubt, cannot tell with one.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_qa.law.read import read_law
from taxi_qa.law.tariff import price

METRES_PER_MILE = 1609.344
CODES = {1: "metered", 2: "flat", 3: "newark", 4: "out_of_town", 5: "negotiated", 6: "group"}

pytestmark = pytest.mark.real


def _folder() -> Path:
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("TAXI_QA_REAL_DATA", root.parent / "shared" / "data")) / "nyc_tlc"


def _instants(clock: pd.Series, *, summer: bool) -> pd.Series:
    """UTC of a New York clock; `summer` says which hour is meant where the clock showed it twice."""
    local = pd.to_datetime(clock).dt.tz_localize(
        "America/New_York", ambiguous=np.full(len(clock), summer), nonexistent="shift_forward"
    )
    return local.dt.tz_convert("UTC").dt.as_unit("ms").astype("int64")


@pytest.fixture(scope="module")
def trips() -> pd.DataFrame:
    files = sorted(_folder().glob("yellow_tripdata_sample_*.csv.gz"))
    if not files:
        pytest.skip(f"no trip records in {_folder()}: set TAXI_QA_REAL_DATA")
    raw = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    boarded = _instants(raw["pickup_datetime"], summer=True)
    alighted = _instants(raw["dropoff_datetime"], summer=True)
    # The hour that stands on the clock twice: the reading in which the ride does not end before it begins.
    alighted = alighted.where(alighted >= boarded, _instants(raw["dropoff_datetime"], summer=False))
    made = pd.DataFrame(
        {
            "boarded_ms": boarded,
            "alighted_ms": alighted,
            "metered_m": (raw["trip_distance"] * METRES_PER_MILE).round(),
            "rate_code": raw["rate_code_id"].map(CODES).fillna("other"),
            "boarded_zone": raw["pickup_location_id"].astype(str),
            "alighted_zone": raw["dropoff_location_id"].astype(str),
            "fare_fen": (raw["fare_amount"] * 100).round().astype("int64"),
            "surcharge_fen": (
                (raw["total_amount"] - raw["fare_amount"] - raw["tip_amount"] - raw["tolls_amount"]) * 100
            ).round(),
        }
    )
    # Refunds are refused at the door: a fare may not be negative.
    return made[made["fare_fen"] >= 0].reset_index(drop=True)


def _verdicts(trips: pd.DataFrame) -> pd.Series:
    band = price(trips, read_law("nyc"))
    above = trips["fare_fen"] > band["high_fen"] + band["step_fen"]
    unsure = (band["missing"] != "") | (above & (band["doubt"] != ""))
    return pd.Series(np.select([unsure, above], ["cannot tell", "found"], default="clean"), index=trips.index)


def test_honest_standard_fares_are_clean(trips: pd.DataFrame) -> None:
    shares = _verdicts(trips)[trips["rate_code"] == "metered"].value_counts(normalize=True)
    assert shares["clean"] >= 0.999
    assert shares["found"] <= 0.0005
    assert shares.sum() == pytest.approx(1)


def test_flat_fares_between_manhattan_and_the_airport_are_clean(trips: pd.DataFrame) -> None:
    shares = _verdicts(trips)[trips["rate_code"] == "flat"].value_counts(normalize=True)
    assert shares["clean"] >= 0.995


def test_a_dollar_more_on_a_fare_at_the_top_of_its_band_is_found(trips: pd.DataFrame) -> None:
    standard = trips[trips["rate_code"] == "metered"].sample(20_000, random_state=7)
    band = price(standard, read_law("nyc"))
    top = standard.assign(fare_fen=band["high_fen"] + 100)[(band["missing"] == "")].head(2_000)
    assert (_verdicts(top) == "found").mean() >= 0.99


def test_surcharges_stay_below_the_highest_lawful_one(trips: pd.DataFrame) -> None:
    ordinary = trips[trips["rate_code"] == "metered"]
    band = price(ordinary, read_law("nyc"))
    assert band["surcharge_high_fen"].notna().all()
    above = ordinary["surcharge_fen"] > band["surcharge_high_fen"].astype("float64")
    # What is above: meters whose clock is some minutes off, and 1.95 of a booking service (0.2 %).
    assert above.mean() <= 0.01


def test_every_band_is_in_order(trips: pd.DataFrame) -> None:
    band = price(trips, read_law("nyc"))
    assert (band["low_fen"] <= band["high_fen"]).all()
    assert (band["high_fen"] <= band["trial_high_fen"]).all()
    assert (band["step_fen"] >= 0).all()
    assert not band["unverified"].any()
