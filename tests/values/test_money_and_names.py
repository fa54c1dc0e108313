"""Money is whole; names are folded and put into buckets."""

import zlib
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_qa.values.identity import bucket_of, identifier
from taxi_qa.values.money import round_half_up, yuan_text


@given(st.integers(-(10**12), 10**12))
def test_fen_there_and_back(fen: int) -> None:
    assert Decimal(yuan_text(fen)) * 100 == fen


@given(st.decimals(0, 10**7, places=3))
def test_halves_go_up_as_on_a_meter(amount: Decimal) -> None:
    expected = int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    assert round_half_up(np.array([float(amount)])).tolist() == [expected]


def test_numpy_alone_would_round_to_even() -> None:
    assert round_half_up(np.array([0.5, 1.5, 2.5])).tolist() == [1, 2, 3]


def test_names_are_folded() -> None:
    assert identifier(" 粤Ｔ１２３４５ ") == "粤T12345"


@pytest.mark.parametrize("text", ["", "   ", "a" * 65, "a\x07b", "a\tb"])
def test_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="an id"):
        identifier(text)


def test_buckets_are_the_same_for_ever() -> None:
    # CRC-32 of the UTF-8 bytes; "123456789" has the published check value 0xCBF43926
    assert zlib.crc32(b"123456789") == 0xCBF43926
    assert bucket_of("123456789", 32) == 0xCBF43926 % 32
    assert bucket_of("粤T12345", 32) == zlib.crc32("粤T12345".encode()) % 32
