import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.lab.meter import TARIFFS, has_one_price, read_meter

NOON = 12 * 3600
MIDNIGHT = 24 * 3600


@pytest.mark.parametrize(
    ("city", "km", "start_s", "slow_s", "yuan"),
    [
        ("guangzhou", 30, NOON, 0, 93.9),  # 12 + 12*2.6 + 10*3.12 + 5*3.9, a published vector
        ("shenzhen", 40, NOON, 0, 132.85),  # 10 + 18*2.7 + 15*3.51 + 5*4.32
        ("guangzhou", 5, MIDNIGHT, 0, 18.76),  # 12 + 2*2.6*1.3
        ("guangzhou", 2, NOON, 900, 23.0),  # 12 + 44/4
        ("zhongshan", 4, MIDNIGHT, 0, 16.4),  # 10 + 2*(2.4 + 0.8)
    ],
)
def test_published_sums_come_out(city: str, km: float, start_s: int, slow_s: int, yuan: float) -> None:
    metres = np.full(1800, km * 1000 / 1800)
    assert read_meter(TARIFFS[city], start_s, metres, slow_s).fare_yuan == pytest.approx(yuan, abs=0.0501)


def test_each_kilometre_is_priced_at_the_moment_it_is_driven() -> None:
    metres = np.full(1200, 10.0)  # 12 km in 20 minutes, half of it after 23:00
    fare = read_meter(TARIFFS["guangzhou"], 23 * 3600 - 600, metres, 0).fare_yuan
    assert fare == pytest.approx(12 + 3 * 2.6 + 6 * 2.6 * 1.3, abs=0.051)


@given(
    st.lists(st.floats(0, 25), min_size=1, max_size=400),
    st.integers(0, MIDNIGHT),
    st.sampled_from(sorted(TARIFFS)),
)
def test_a_wrong_rate_never_makes_it_cheaper(metres: list[float], start_s: int, city: str) -> None:
    driven = np.array(metres)
    due = read_meter(TARIFFS[city], start_s, driven, 0).fare_yuan
    assert read_meter(TARIFFS[city], start_s, driven, 0, "night").fare_yuan >= due
    assert due >= TARIFFS[city].start_yuan


@pytest.mark.parametrize(
    ("on_s", "off_s", "one"),
    [
        (12 * 3600, 12 * 3600 + 900, True),
        (22 * 3600 + 3000, 23 * 3600 + 60, False),
        (6 * 3600 + 3500, 7 * 3600 + 60, False),
        (23 * 3600 + 900, 23 * 3600 + 1800, True),
    ],
)
def test_hours_of_doubtful_price_are_told_apart(on_s: int, off_s: int, one: bool) -> None:
    assert has_one_price(TARIFFS["guangzhou"], on_s, off_s) is one
